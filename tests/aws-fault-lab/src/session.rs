//! The state of one run that all its components' connectors share: the calls so far, and what the plan says
//! of the next (`decision.rs`).

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::call::{Call, Description, Outcome, ids};
use crate::plan::Plan;
use crate::spell::Spell;
use crate::writes::Writes;

pub(crate) use self::decision::Decision;

mod decision;

/// What happens in one run: shared by the components of the run, and by whoever waits for its end.
#[derive(Clone)]
pub struct Session {
    started: Instant,
    plan: Arc<Plan>,
    consumers: Arc<[Arc<str>]>,
    most_calls: usize,
    only_what_fits: bool,
    too_many_calls: Arc<Notify>,
    state: Arc<Mutex<State>>,
    writes: Arc<Writes>,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    /// The ids that each of the calls names.
    ids: Vec<Vec<String>>,
    /// The ids in each message that was received, by its receipt handle.
    received: HashMap<String, Vec<String>>,
    first_received: String,
    crash_signals: HashMap<Arc<str>, Arc<Notify>>,
    spells: Vec<Spell>,
    refused_messages: Vec<String>,
    invocations: usize,
    transactions: usize,
    site_struck: bool,
    in_flight: usize,
    restarting: usize,
    last_progress: Duration,
    notes: Vec<String>,
}

impl Session {
    /// One that begins now. `consumers` are the components that take messages from queues: a plan with
    /// [`ConcurrentConsumers`](crate::fault::Fault::ConcurrentConsumers) makes their calls slow.
    pub fn new(plan: Plan, consumers: impl IntoIterator<Item = Arc<str>>) -> Self {
        Self {
            started: Instant::now(),
            plan: Arc::new(plan),
            consumers: consumers.into_iter().collect(),
            most_calls: usize::MAX,
            only_what_fits: false,
            too_many_calls: Arc::default(),
            state: Arc::default(),
            writes: Arc::default(),
        }
    }

    /// The same with a limit of calls: the one behind the last that is allowed is never answered, and ends
    /// [`Session::made_too_many_calls`].
    #[must_use]
    pub fn with_at_most(self, most_calls: usize) -> Self {
        Self { most_calls, ..self }
    }

    /// The same, but a fault that a plan puts at a call which cannot meet it, such as a conflict of
    /// transactions at a call to S3, does not strike. Random plans have such faults.
    #[must_use]
    pub fn with_only_what_fits(self) -> Self {
        Self { only_what_fits: true, ..self }
    }

    /// Ends when more calls were made than are allowed.
    pub async fn made_too_many_calls(&self) {
        self.too_many_calls.notified().await;
    }

    /// Tells, and waits for ever, if this is one call too many.
    pub(crate) async fn allow(&self, index: usize) {
        if index >= self.most_calls {
            self.too_many_calls.notify_one();
            std::future::pending::<()>().await;
        }
    }

    /// What goes wrong.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The time since the run began.
    pub fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// A call is waited for; other than a poll it keeps the run from being quiet.
    pub(crate) fn enter(&self, call: &Description) -> InFlight {
        let counts = !call.is_poll();
        self.lock().in_flight += usize::from(counts);
        InFlight { session: self.clone(), counts }
    }

    pub(crate) fn end(&self, index: usize, call: &Description, outcome: Outcome) {
        let now = self.now();
        let mut state = self.lock();
        if let Some(noted) = state.calls.get_mut(index) {
            noted.outcome = outcome;
        }
        if outcome == Outcome::Done && !call.only_reads() {
            state.last_progress = now;
            drop(state);
            self.has_written(call);
        }
    }

    /// What the call writes, or a part of it, can be seen now.
    pub(crate) fn has_written(&self, call: &Description) {
        self.writes.note(call);
    }

    /// Waits until a table was written to more often than `known`, and returns how often.
    pub(crate) async fn writes_beyond(&self, table: &str, known: usize) -> usize {
        self.writes.beyond(table, known).await
    }

    /// The component is to crash now.
    pub(crate) fn crash(&self, component: &Arc<str>) {
        self.crash_signal(component).notify_waiters();
    }

    /// Rung when the component is to crash.
    pub fn crash_signal(&self, component: &Arc<str>) -> Arc<Notify> {
        self.lock().crash_signals.entry(component.clone()).or_default().clone()
    }

    /// Until the value is dropped, the run is not quiet: a component is being started again, say.
    pub fn restarting(&self) -> Restarting {
        self.lock().restarting += 1;
        Restarting(self.clone())
    }

    /// For how long nothing has happened but polls and reads; zero while anything is under way.
    pub fn quiet_for(&self) -> Duration {
        let state = self.lock();
        if state.in_flight + state.restarting > 0 {
            return Duration::ZERO;
        }
        self.now().saturating_sub(state.last_progress)
    }

    pub(crate) fn progress(&self) {
        let now = self.now();
        self.lock().last_progress = now;
    }

    /// The calls so far. `names` has a name for ids that may stand in their requests.
    pub fn calls(&self, names: &HashMap<String, String>) -> Vec<Call> {
        let state = self.lock();
        let name = |(call, ids): (&Call, &Vec<String>)| {
            let about: BTreeSet<_> = ids.iter().filter_map(|id| names.get(id)).cloned().collect();
            Call { about: about.into_iter().collect(), ..call.clone() }
        };
        state.calls.iter().zip(&state.ids).map(name).collect()
    }

    /// A message was received: whoever deletes it names what it names.
    pub(crate) fn note_received(&self, receipt: &str, message: &str) {
        let mut state = self.lock();
        if state.received.is_empty() {
            message.clone_into(&mut state.first_received);
        }
        state.received.insert(receipt.to_owned(), ids(message.as_bytes()));
    }

    /// Notes something that was said, such as the error with which a component has ended.
    pub(crate) fn note(&self, component: &str, text: &str) {
        let note = format!("{:>9.3} s  {component}: {text}", self.now().as_secs_f64());
        self.lock().notes.push(note);
    }

    /// What was noted.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.lock().notes.clone()
    }

    /// The first message that anybody received, as it lay in its queue; empty if nobody did.
    pub fn first_received(&self) -> String {
        self.lock().first_received.clone()
    }

    /// The number of the next invocation of any function, from 0.
    pub(crate) fn next_invocation(&self) -> usize {
        let mut state = self.lock();
        state.invocations += 1;
        state.invocations - 1
    }

    /// How often functions were invoked.
    pub fn invocations(&self) -> usize {
        self.lock().invocations
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a call as under way until dropped, which a crash does too.
pub(crate) struct InFlight {
    session: Session,
    counts: bool,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.session.lock().in_flight -= usize::from(self.counts);
    }
}

/// Keeps the run from being quiet until dropped.
pub struct Restarting(Session);

impl Drop for Restarting {
    fn drop(&mut self) {
        self.0.lock().restarting -= 1;
        self.0.progress();
    }
}
