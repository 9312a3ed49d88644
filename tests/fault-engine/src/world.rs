//! One run: an AWS of its own, the program's components upon it, the client, and the wait until nothing goes
//! on.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_fault_lab::parts::{Raw, Session, Surroundings};
use aws_fault_lab::{BoxError, Fault, Plan, Sabotage};
use tokio::task::JoinSet;

use crate::components;
use crate::deploy::Deployed;
use crate::history::History;
use crate::judge::{Case, Finding};
use crate::ledger::Ledger;
use crate::probe::{Leftovers, PROBE, Probe, parked};
use crate::program::{Program, Role};
use crate::workload::Client;

/// Nothing but reads and polls for so long: whatever is not finished will not be. Longer than all pauses of a
/// program together (visibility timeout 30 s, up to 160 s after a fourth failure, a sweep each minute for
/// rows older than a minute).
const HOPELESS: Duration = Duration::from_secs(200);

/// The longest a step may take, on the virtual clock.
const DEADLINE: Duration = Duration::from_secs(30 * 60);

/// When to look again, in seconds of quiet.
const LOOKS: [u64; 7] = [1, 3, 10, 35, 70, 150, 200];

pub(crate) struct World {
    program: Program,
    pub(crate) around: Surroundings,
    history: History,
    probe: Probe,
    queues: Vec<String>,
    /// What an earlier wait has given up on.
    hopeless: BTreeSet<Finding>,
}

impl World {
    pub(crate) async fn create(
        program: Program,
        plan: &Plan,
        sabotage: Option<Sabotage>,
    ) -> Result<Self, BoxError> {
        let aws = Deployed::by(&program).await?.build(plan.seed).await?;
        let raw = Raw::of(aws.clone());
        raw.listen(PROBE).await?;
        let queues = raw.queues().await?;
        let history = History::open(raw.clone()).await?;
        let (probe, hopeless) = (Probe::new(raw.clone()), BTreeSet::new());
        let consumers = program.workers.iter().filter(|worker| worker.role == Role::Consumer);
        let session = Session::new(plan.clone(), consumers.map(|worker| worker.name.into()));
        let around = Surroundings::new(aws, session, sabotage);
        Ok(Self { program, around, history, probe, queues, hopeless })
    }

    /// Starts all components and lets the client do its work. The components end when the set is dropped.
    pub(crate) async fn work(&mut self) -> Result<(Client, JoinSet<()>), BoxError> {
        components::prepare_faults(&self.around).await?;
        let mut client = components::client(&self.around, &self.program);
        let running = components::start(&self.around, &self.program).await?;
        client.create_customer().await;
        self.settle(&client).await?;
        client.place_orders().await;
        self.settle(&client).await?;
        client.cancel().await;
        self.settle(&client).await?;
        client.order_again().await;
        self.settle(&client).await?;
        Ok((client, running))
    }

    /// Waits until everything is finished, or nothing goes on any more.
    async fn settle(&mut self, client: &Client) -> Result<(), BoxError> {
        let begun = self.around.session.now();
        let mut looks = LOOKS.iter().copied().map(Duration::from_secs).peekable();
        loop {
            tokio::time::sleep(Duration::from_millis(250)).await;
            let quiet = self.around.session.quiet_for();
            let out_of_time = self.around.session.now() - begun > DEADLINE;
            if quiet < Duration::from_secs(LOOKS[0]) {
                looks = LOOKS.iter().copied().map(Duration::from_secs).peekable();
            }
            if !out_of_time && looks.next_if(|look| quiet >= *look).is_none() {
                continue;
            }
            let unfinished = self.look(client).await?;
            if unfinished.is_subset(&self.hopeless) {
                return Ok(());
            }
            if quiet >= HOPELESS || out_of_time {
                self.hopeless.extend(unfinished);
                return Ok(());
            }
        }
    }

    /// The damage as it would be if nothing more happened.
    pub(crate) async fn look(&mut self, client: &Client) -> Result<BTreeSet<Finding>, BoxError> {
        self.history.read().await?;
        self.probe.read().await?;
        let ledger = self.ledger();
        let leftovers = Leftovers::look(&self.around.raw, &self.queues).await?;
        let parked = self.parked().await?;
        let case = Case {
            ledger: &ledger,
            leftovers: &leftovers,
            parked: &parked,
            told: &client.orders,
            cancelled: client.cancelled.as_ref(),
            late: &client.late,
        };
        Ok(case.judge())
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::new(&self.history.commits, &self.probe.seen)
    }

    /// Only a refused message makes a program park something; otherwise the question is not worth a call.
    pub(crate) async fn parked(&self) -> Result<BTreeSet<String>, BoxError> {
        let mut found = BTreeSet::new();
        if self.around.session.plan().has(Fault::RefusedMessage) {
            for table in self.program.parking {
                found.extend(parked(&self.around.raw, table).await?);
            }
        }
        Ok(found)
    }
}
