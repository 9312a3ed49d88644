//! One run: an AWS of its own, the program's components upon it, the client, and the wait until nothing goes on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use local_aws::{InMemoryAws, VirtualClock};
use time::OffsetDateTime;
use tokio::task::JoinSet;

use crate::ambient::Ambient;
use crate::components;
use crate::connector::{Faulty, Sabotage};
use crate::fault::{Fault, Plan};
use crate::history::History;
use crate::judge::{Evidence, Finding};
use crate::ledger::Ledger;
use crate::probe::{Leftovers, PROBE, Probe};
use crate::program::{BoxError, Program};
use crate::raw::Raw;
use crate::session::Session;
use crate::workload::Client;

/// Nothing but reads and polls for so long: whatever is not finished will not be. Longer than all pauses of a program
/// together (visibility timeout 30 s, up to 160 s after a fourth failure, a sweep each minute for rows older than a minute).
const HOPELESS: Duration = Duration::from_secs(200);

/// The longest a step may take, on the virtual clock.
const DEADLINE: Duration = Duration::from_secs(30 * 60);

/// When to look again, in seconds of quiet.
const LOOKS: [u64; 7] = [1, 3, 10, 35, 70, 150, 200];

pub(crate) struct World {
    pub(crate) program: Program,
    sabotage: Option<Sabotage>,
    pub(crate) aws: InMemoryAws,
    pub(crate) raw: Raw,
    pub(crate) session: Session,
    clock: VirtualClock,
    ids: Arc<AtomicU64>,
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
        let aws = InMemoryAws::new()?;
        let raw = Raw(aws.clone());
        (program.deploy)(aws.sdk_config()).await?;
        raw.listen(PROBE).await?;
        let queues = raw.queues().await?;
        let history = History::open(raw.clone()).await?;
        let (probe, session) = (Probe::new(raw.clone()), Session::new(plan.clone(), program.workers));
        let (clock, ids, hopeless) = (aws.clock(), Arc::default(), BTreeSet::new());
        Ok(Self { program, sabotage, aws, raw, session, clock, ids, history, probe, queues, hopeless })
    }

    /// The surroundings of a component.
    pub(crate) fn ambient(&self, component: &Arc<str>) -> Ambient {
        let connector = Faulty {
            aws: self.aws.clone(),
            session: self.session.clone(),
            component: component.clone(),
            sabotage: self.sabotage,
        };
        let aws = self.aws.sdk_config().into_builder().http_client(connector).build();
        let clock = self.clock.clone();
        let seed = component
            .bytes()
            .fold(self.session.plan().seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        Ambient::counted(aws, move || OffsetDateTime::from(clock.now()), self.ids.clone(), seed)
    }

    /// Starts all components and lets the client do its work. The components end when the set is dropped.
    pub(crate) async fn work(&mut self) -> Result<(Client, JoinSet<()>), BoxError> {
        components::prepare_faults(self).await?;
        let mut client = components::client(self);
        let running = components::start(self).await?;
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
        let begun = self.session.now();
        let mut looks = LOOKS.iter().copied().map(Duration::from_secs).peekable();
        loop {
            tokio::time::sleep(Duration::from_millis(250)).await;
            let quiet = self.session.quiet_for();
            let out_of_time = self.session.now() - begun > DEADLINE;
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
        let leftovers = Leftovers::look(&self.raw, &self.queues).await?;
        let parked = self.parked().await?;
        let evidence = Evidence {
            ledger: &ledger,
            leftovers: &leftovers,
            parked: &parked,
            told: &client.orders,
            cancelled: client.cancelled.as_ref(),
            late: &client.late,
        };
        Ok(evidence.judge())
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::new(&self.history.commits, &self.probe.seen)
    }

    /// Only a refused message makes a program park something; otherwise the question is not worth a call.
    pub(crate) async fn parked(&self) -> Result<BTreeSet<String>, BoxError> {
        let mut parked = BTreeSet::new();
        if self.session.plan().has(Fault::RefusedMessage) {
            for table in self.program.parking {
                parked.extend(self.raw.parked(table).await?);
            }
        }
        Ok(parked)
    }
}
