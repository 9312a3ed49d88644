//! A part of a system that can die as a process does: all its tasks at once, in the middle of whatever they
//! do.
//!
//! Each has a runtime of its own. Ending that is the crash: no task of it goes on, and its connections are
//! cut.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::gate::{Gate, Outage, Point};

/// Any error; it is only reported.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// How long a part has to stop by itself.
const GRACE: Duration = Duration::from_secs(25);

/// What a part does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It answers requests, and may consume messages.
    Service,
    /// It does nothing but consume messages.
    Consumer,
    /// It publishes what is stored.
    Relay,
}

/// How a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It works.
    Running,
    /// Somebody stopped it.
    Paused,
    /// It died, and nobody has started it again.
    Dead,
}

/// Begins the work of a part: until the token is cancelled, or it fails.
pub type Begin = dyn Fn(Gate, CancellationToken) -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync;

/// A part of the system.
pub struct Process {
    /// Its name, such as `orders relay`.
    pub name: String,
    /// What it does.
    pub role: Role,
    begin: Box<Begin>,
    outage: Outage,
    alive: Mutex<Option<Alive>>,
    state: watch::Sender<State>,
}

struct Alive {
    runtime: Option<Runtime>,
    gate: Gate,
    stop: CancellationToken,
    ended: oneshot::Receiver<()>,
}

impl Drop for Alive {
    fn drop(&mut self) {
        // In the background: nothing may block where this is called from.
        self.runtime.take().map(Runtime::shutdown_background).unwrap_or_default();
    }
}

impl Process {
    /// A part that does not run yet. Parts that share an outage lose SNS together.
    pub fn new(
        name: impl Into<String>,
        role: Role,
        outage: &Outage,
        begin: impl Fn(Gate, CancellationToken) -> BoxFuture<'static, Result<(), BoxError>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let (name, begin) = (name.into(), Box::new(begin));
        let (alive, state) = (Mutex::new(None), watch::Sender::new(State::Paused));
        Self { name, role, begin, outage: outage.clone(), alive, state }
    }

    /// Starts it, unless it runs. What comes is how it ended: nothing comes when it died.
    ///
    /// # Errors
    ///
    /// When the system gives it no thread.
    pub fn start(&self) -> std::io::Result<oneshot::Receiver<Result<(), BoxError>>> {
        let (tell, how) = oneshot::channel();
        let mut alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        if alive.is_some() {
            return Ok(how);
        }
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name(&self.name).enable_all().build()?;
        let (gate, stop) = (Gate::new(self.outage.clone()), CancellationToken::new());
        let work = (self.begin)(gate.clone(), stop.clone());
        let (name, (end, ended)) = (self.name.clone(), oneshot::channel());
        runtime.spawn(async move {
            let result = work.await;
            if let Err(error) = &result {
                tracing::error!(part = name, error, "part_failed");
            }
            // Whoever waits for one of these may have gone.
            tell.send(result).unwrap_or_default();
            end.send(()).unwrap_or_default();
        });
        *alive = Some(Alive { runtime: Some(runtime), gate, stop, ended });
        drop(alive);
        self.state.send_replace(State::Running);
        Ok(how)
    }

    /// It dies now.
    pub fn kill(&self) {
        let alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner).take();
        if alive.is_some() {
            self.state.send_replace(State::Dead);
        }
    }

    /// Stops it in order: after what it has begun, or after 25 seconds.
    pub async fn stop(&self) {
        let alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut alive) = alive else { return };
        alive.stop.cancel();
        if tokio::time::timeout(GRACE, &mut alive.ended).await.is_err() {
            tracing::error!(part = self.name, "part_did_not_stop");
        }
        self.state.send_replace(State::Paused);
    }

    /// How it stands.
    pub fn state(&self) -> State {
        *self.state.borrow()
    }

    /// Returns once it runs.
    pub async fn running(&self) {
        // The sender is here, so it cannot go.
        self.state.subscribe().wait_for(|state| *state == State::Running).await.map(drop).unwrap_or_default();
    }

    /// Does something in it, which dies with it; none if it does not run.
    pub fn spawn<T, F>(&self, work: impl FnOnce(Gate) -> F) -> Option<JoinHandle<T>>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        let alive = alive.as_ref()?;
        Some(alive.runtime.as_ref()?.spawn(work(alive.gate.clone())))
    }

    /// Something happens at its next such call; then the operation's name comes.
    pub(crate) fn arm(&self, point: Point) -> Option<oneshot::Receiver<String>> {
        let alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        alive.as_ref().map(|alive| alive.gate.arm(point))
    }

    pub(crate) fn disarm(&self) {
        let alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        alive.iter().for_each(|alive| alive.gate.disarm());
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("name", &self.name)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
