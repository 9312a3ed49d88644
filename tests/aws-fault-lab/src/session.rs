//! The state of one run that all its components' connectors share: the calls so far, and what the plan says
//! of the next.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::call::{Call, Description, Outcome, TRANSACTION, ids};
use crate::fault::Fault;
use crate::plan::{Plan, Site, half_visible_at};
use crate::spell::Spell;
use crate::writes::Writes;

/// Latency of a call, in milliseconds: at least, and how much more at most.
const LATENCY_MS: (u64, u64) = (2, 10);
/// The same when consumers are slow; the visibility timeout is then two seconds.
const SLOW_LATENCY_MS: (u64, u64) = (100, 800);

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

/// What is to be done with a call.
pub(crate) struct Decision {
    pub(crate) index: usize,
    pub(crate) latency: Duration,
    pub(crate) fault: Option<Fault>,
    /// The sequence in which a transaction becomes visible that [`Fault::HalfVisible`] strikes.
    pub(crate) sequence: usize,
}

impl Session {
    /// One that begins now. `consumers` are the components that take messages from queues: a plan with
    /// [`Fault::ConcurrentConsumers`] makes their calls slow.
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

    /// Notes a call and decides what becomes of it.
    pub(crate) fn begin(&self, component: &Arc<str>, call: &Description) -> Decision {
        let mut state = self.lock();
        let index = state.calls.len();
        let sequence = self.half_visible(&mut state, call);
        let half_visible = sequence.map(|_| Fault::HalfVisible);
        let fault = self.decide(&mut state, index, component, call);
        let fault = fault.filter(|fault| !self.only_what_fits || call.can_meet(*fault)).or(half_visible);
        let site = Site::of(component, call);
        let messages = call.messages.iter().map(|(_, kind)| kind.clone()).collect();
        let (at, outcome) = (self.now(), Outcome::Unanswered);
        let (service, about) = (call.service, Vec::new());
        state.calls.push(Call { index, at, service, site, messages, about, fault, outcome });
        let received = call.receipts.iter().filter_map(|receipt| state.received.get(receipt)).flatten();
        let ids = received.chain(&call.ids).cloned().collect();
        state.ids.push(ids);
        let (latency, sequence) = (self.latency(index, component, call), sequence.unwrap_or_default());
        Decision { index, latency, fault, sequence }
    }

    fn decide(
        &self,
        state: &mut State,
        index: usize,
        component: &Arc<str>,
        call: &Description,
    ) -> Option<Fault> {
        match self.plan.at_call(index).or_else(|| self.at_site(state, component, call)) {
            Some(fault) if fault.lasts() => {
                state.spells.push(Spell::begin(fault, component, call));
            }
            Some(Fault::RefusedMessage) => {
                state.refused_messages.extend(call.messages.first().map(|(id, _)| id.clone()));
            }
            Some(fault) => return Some(fault),
            None => {}
        }
        let spell = state.spells.iter().find(|spell| spell.strikes(component, call)).map(|spell| spell.fault);
        let is_refused = |(id, _): &(String, String)| state.refused_messages.contains(id);
        spell.or_else(|| call.messages.iter().any(is_refused).then_some(Fault::RefusedMessage))
    }

    /// Counts transactions, and says in which sequence this one becomes visible if the plan strikes it.
    fn half_visible(&self, state: &mut State, call: &Description) -> Option<usize> {
        if call.operation != TRANSACTION {
            return None;
        }
        let number = state.transactions;
        state.transactions += 1;
        let mut places = self.plan.at(Fault::HalfVisible).map(half_visible_at);
        places.find(|(transaction, _)| *transaction == number).map(|(_, sequence)| sequence)
    }

    /// The plan's fault at a site, the first time that a call is made there.
    fn at_site(&self, state: &mut State, component: &Arc<str>, call: &Description) -> Option<Fault> {
        let (fault, site) = self.plan.at_site.as_deref()?;
        let first = !state.site_struck && Site::of(component, call).of_first_copy() == *site;
        state.site_struck |= first;
        first.then_some(*fault)
    }

    /// The messages of this call that SNS refuses.
    pub(crate) fn is_refused(&self, message_id: &str) -> bool {
        self.lock().refused_messages.iter().any(|refused| refused == message_id)
    }

    /// From the seed and the index alone, so that a fault changes nothing before it strikes.
    fn latency(&self, index: usize, component: &str, call: &Description) -> Duration {
        let is_work = !call.is_poll() && self.consumers.iter().any(|name| component.starts_with(&**name));
        let slow = self.plan.has(Fault::ConcurrentConsumers) && is_work;
        let (least, more) = if slow { SLOW_LATENCY_MS } else { LATENCY_MS };
        let seed = self.plan.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(index as u64);
        Duration::from_millis(least + fastrand::Rng::with_seed(seed).u64(0..=more))
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
