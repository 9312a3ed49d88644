//! Starts components, and starts them again when they have crashed.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::ambient::Ambient;
use crate::call::SECOND_COPY;
use crate::error::BoxError;
use crate::fault::Fault;
use crate::program::{Ended, Function, Role, Start, Worker};
use crate::session::Session;
use crate::stream;
use crate::surroundings::Surroundings;

/// How long a crashed component takes to start again.
const RESTART: Duration = Duration::from_secs(1);

/// How long it takes at most, if it fails over and over.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// So many failures in a row are waited for.
const PATIENCE: u32 = 10;

impl Surroundings {
    /// Starts workers and functions; they end when the value is dropped.
    ///
    /// # Errors
    ///
    /// If the table of a function has no stream.
    pub async fn start(&self, workers: &[Worker], functions: &[Function]) -> Result<JoinSet<()>, BoxError> {
        let mut running = JoinSet::new();
        let plan = self.session.plan();
        let pollers = functions.is_empty();
        for worker in workers {
            let twice = match worker.role {
                Role::Consumer => plan.has(Fault::ConcurrentConsumers) || plan.has(Fault::HalfVisible),
                Role::Relay => plan.has(Fault::ConcurrentRelays) && pollers,
            };
            let copies: &[&str] = if twice { &["", SECOND_COPY] } else { &[""] };
            for copy in copies {
                let component: Arc<str> = format!("{}{copy}", worker.name).into();
                let ambient = self.of(&component);
                running.spawn(supervise(self.session.clone(), component, ambient, worker.run.clone()));
            }
        }
        for function in functions {
            running.spawn(stream::map(self, function.clone()).await?);
        }
        Ok(running)
    }
}

async fn supervise(session: Session, component: Arc<str>, ambient: Ambient, run: Start) {
    let crash = session.crash_signal(&component);
    let mut failures = 0;
    loop {
        let ended = tokio::select! {
            biased;
            () = crash.notified() => Ended::Early,
            ended = run(ambient.clone()) => ended,
        };
        match ended {
            Ended::Done => return,
            Ended::Early => failures = 0,
            Ended::Failed(error) => {
                session.note(&component, &error);
                failures += 1;
            }
        }
        // What fails over and over must not keep the run from coming to its end.
        let _restarting = (failures <= PATIENCE).then(|| session.restarting());
        tokio::time::sleep((RESTART * (1 << failures.min(PATIENCE).saturating_sub(1))).min(LONGEST_PAUSE))
            .await;
    }
}
