//! Runs a program under a plan, from an empty AWS to the judgement: what the laboratory calls an experiment.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_fault_lab::parts::{Experiment, Outline, simulate};
use aws_fault_lab::{BoxError, Lane, Plan, RunError, Sabotage};

use crate::judge::Kind;
use crate::outcome::Outcome;
use crate::program::{Program, Role};
use crate::world::World;

/// The queues of the customers and orders services.
const QUEUES: usize = 5;

/// What came out of one run.
pub type Run = aws_fault_lab::Run<Kind>;

/// Runs a program once. No socket, no thread, no real time: the same plan gives the same run.
///
/// # Errors
///
/// [`RunError`] if the program could not be deployed, or its state not be read.
pub fn run(program: &Program, plan: &Plan) -> Result<Run, RunError> {
    run_sabotaged(program, plan, None)
}

/// The same with every request of the program changed on its way: how a self-test takes a line out of a
/// program.
///
/// # Errors
///
/// [`RunError`]
pub fn run_sabotaged(program: &Program, plan: &Plan, sabotage: Option<Sabotage>) -> Result<Run, RunError> {
    aws_fault_lab::parts::run(program, plan, sabotage)
}

/// How many calls of each operation the program makes in one minute in which nothing happens, after its work
/// is done.
///
/// # Errors
///
/// What cannot be run.
pub(crate) fn idle_minute(program: &Program) -> Result<BTreeMap<String, usize>, BoxError> {
    let plan = Plan::none();
    let wait = async {
        let mut world = World::create(*program, &plan, None).await?;
        let _working = world.work().await?;
        let calls = || world.around.session.calls(&HashMap::new());
        let before = calls().len();
        tokio::time::sleep(Duration::from_secs(60)).await;
        let mut counts = BTreeMap::new();
        for call in calls().split_off(before) {
            *counts.entry(call.site.operation).or_default() += 1;
        }
        Ok(counts)
    };
    simulate(plan.seed, wait)
}

impl Experiment for Program {
    type Kind = Kind;

    fn name(&self) -> &str {
        self.name
    }

    fn outline(&self) -> Outline {
        let with = |role| {
            let workers = self.workers.iter().filter(move |worker| worker.role == role);
            workers.map(|worker| worker.name.into()).collect()
        };
        let functions = self.functions.iter().map(|function| function.name.into()).collect();
        Outline { consumers: with(Role::Consumer), relays: with(Role::Relay), functions }
    }

    async fn conduct(&self, plan: &Plan, sabotage: Option<Sabotage>) -> Result<Run, BoxError> {
        let mut world = World::create(*self, plan, sabotage).await?;
        let (client, running) = world.work().await?;
        drop(running);
        let findings = world.look(&client).await?;
        let parked = world.parked().await?;
        let (ledger, session) = (world.ledger(), &world.around.session);
        let outcome = Outcome {
            ledger: &ledger,
            told: &client.orders,
            cancelled: client.cancelled.as_ref(),
            parked: &parked,
        };
        let names = ledger.labels.iter().map(|(id, label)| (id.clone(), format!("order {label}"))).collect();
        Ok(Run {
            plan: plan.clone(),
            calls: session.calls(&names),
            invocations: session.invocations(),
            queues: QUEUES,
            findings,
            first_received: session.first_received(),
            end: outcome.text(),
            lane_of: lane,
        })
    }
}

/// Callers of one kind share a lane: five or six lanes fit on a page, fifteen do not.
fn lane(component: &str) -> Lane {
    match component {
        "http" => Lane::new(0, "http", "HTTP"),
        name if ["relay", "poller", "sweeper"].iter().any(|role| name.ends_with(role)) => {
            Lane::new(2, "relays", "relays")
        }
        _ => Lane::new(1, "consumers", "consumers"),
    }
}
