//! The state of one run that all its components' connectors share: the calls so far, and what the plan says of the next.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::call::{Call, Description, Outcome, Site, TABLES, TRANSACTION};
use crate::fault::{Fault, Plan};
use crate::half_visible;
use crate::program::{Role, Worker};

/// How long a fault that [lasts](Fault::lasts) goes on.
const SPELL: Duration = Duration::from_secs(60);

/// Latency of a call, in milliseconds: at least, and how much more at most.
const LATENCY_MS: (u64, u64) = (2, 10);
/// The same when consumers are slow; the visibility timeout is then two seconds.
const SLOW_LATENCY_MS: (u64, u64) = (100, 800);

/// Shared by the components of one run.
#[derive(Clone)]
pub(crate) struct Session {
    started: Instant,
    plan: Arc<Plan>,
    workers: &'static [Worker],
    state: Arc<Mutex<State>>,
    /// Rung when a call has ended that may have written something.
    written: Arc<Notify>,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    crash_signals: HashMap<Arc<str>, Arc<Notify>>,
    spells: Vec<Spell>,
    refused_messages: Vec<String>,
    writes: HashMap<String, usize>,
    invocations: usize,
    transactions: usize,
    site_struck: bool,
    in_flight: usize,
    restarting: usize,
    last_progress: Duration,
}

/// A fault that goes on for a while at the calls of one component to one service.
struct Spell {
    fault: Fault,
    component: Arc<str>,
    service: &'static str,
    until: Instant,
}

impl Spell {
    fn strikes(&self, component: &Arc<str>, call: &Description) -> bool {
        let concerns = self.fault != Fault::RefusedForAWhile || call.publishes();
        concerns
            && self.component == *component
            && self.service == call.service
            && Instant::now() < self.until
    }
}

/// What is to be done with a call.
pub(crate) struct Verdict {
    pub(crate) index: usize,
    pub(crate) latency: Duration,
    pub(crate) fault: Option<Fault>,
    /// The sequence in which a transaction becomes visible that [`Fault::HalfVisible`] strikes.
    pub(crate) sequence: usize,
}

impl Session {
    pub(crate) fn new(plan: Plan, workers: &'static [Worker]) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        Self { started: Instant::now(), plan: Arc::new(plan), workers, state, written: Arc::default() }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Notes a call and decides what becomes of it.
    pub(crate) fn begin(&self, component: &Arc<str>, call: &Description) -> Verdict {
        let mut state = self.lock();
        let index = state.calls.len();
        let sequence = self.half_visible(&mut state, call);
        let half_visible = sequence.map(|_| Fault::HalfVisible);
        let fault = self.decide(&mut state, index, component, call).or(half_visible);
        let site = Site::of(component, call);
        let messages = call.messages.iter().map(|(_, kind)| kind.clone()).collect();
        let (at, outcome) = (self.now(), Outcome::Unanswered);
        state.calls.push(Call { index, at, site, messages, fault, outcome });
        let (latency, sequence) = (self.latency(index, component, call), sequence.unwrap_or_default());
        Verdict { index, latency, fault, sequence }
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
                let (component, service) = (component.clone(), call.service);
                state.spells.push(Spell { fault, component, service, until: Instant::now() + SPELL });
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
        let mut places = self.plan.at(Fault::HalfVisible).map(half_visible::of_place);
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
        let consumes = |worker: &Worker| worker.role == Role::Consumer && component.starts_with(worker.name);
        let is_work = !call.is_poll() && self.workers.iter().any(consumes);
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
        let mut state = self.lock();
        for table in call.target.split(TABLES) {
            *state.writes.entry(table.to_owned()).or_default() += 1;
        }
        self.written.notify_waiters();
    }

    /// Waits until a table was written to more often than `known`, and returns how often.
    pub(crate) async fn writes_beyond(&self, table: &str, known: usize) -> usize {
        loop {
            let writes = self.lock().writes.get(table).copied().unwrap_or(0);
            if writes > known {
                return writes;
            }
            self.written.notified().await;
        }
    }

    /// The component is to crash now.
    pub(crate) fn crash(&self, component: &Arc<str>) {
        self.crash_signal(component).notify_waiters();
    }

    /// Rung when the component is to crash.
    pub(crate) fn crash_signal(&self, component: &Arc<str>) -> Arc<Notify> {
        self.lock().crash_signals.entry(component.clone()).or_default().clone()
    }

    /// Until the value is dropped, a component is being started again.
    pub(crate) fn restarting(&self) -> Restarting {
        self.lock().restarting += 1;
        Restarting(self.clone())
    }

    /// For how long nothing has happened but polls and reads; zero while anything is under way.
    pub(crate) fn quiet_for(&self) -> Duration {
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

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// The number of the next invocation of any function, from 0.
    pub(crate) fn next_invocation(&self) -> usize {
        let mut state = self.lock();
        state.invocations += 1;
        state.invocations - 1
    }

    pub(crate) fn invocations(&self) -> usize {
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

/// Counts a component as starting until dropped.
pub(crate) struct Restarting(Session);

impl Drop for Restarting {
    fn drop(&mut self) {
        self.0.lock().restarting -= 1;
        self.0.progress();
    }
}
