//! What was seen, shared between the one who watches and those who look at the page.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use local_aws::{DELIVER, Exchange};
use serde_json::{Value, json};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::facts::Fact;
use crate::judge::{Invariant, judge};
use crate::reducer::Reducer;

/// How many facts a page may lag behind before it has to load everything anew.
const LAG: usize = 2_048;

/// Facts of before, and those that come.
type Rest = (Vec<Arc<Fact>>, broadcast::Receiver<Arc<Fact>>);

/// Gives the time: milliseconds since 1970.
pub type Clock = fn() -> u64;

/// What was seen.
pub struct Hub {
    reducer: Mutex<Reducer>,
    newest: Mutex<Option<(String, String)>>,
    told: broadcast::Sender<Arc<Fact>>,
    clock: Clock,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

impl Hub {
    /// Nothing so far.
    pub fn new(clock: Clock) -> Arc<Self> {
        let (reducer, newest) = (Mutex::new(Reducer::new()), Mutex::new(None));
        Arc::new(Self { reducer, newest, told: broadcast::Sender::new(LAG), clock })
    }

    /// Sees every call from now on, until there is no AWS any more.
    pub async fn watch(self: Arc<Self>, mut calls: broadcast::Receiver<Arc<Exchange>>) {
        loop {
            match calls.recv().await {
                Ok(call) => self.see(&call),
                Err(RecvError::Lagged(missed)) => {
                    self.reducer().ledger.has_gap = true;
                    self.note("this page", format!("it was too slow and missed {missed} calls"));
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn see(&self, call: &Exchange) {
        if call.operation == DELIVER {
            let request: Value = serde_json::from_slice(&call.request).unwrap_or_default();
            let text = |name: &str| request[name].as_str().unwrap_or_default();
            let queue = text("QueueUrl").rsplit('/').next().unwrap_or_default();
            let delivery = (queue.to_owned(), text("MessageBody").to_owned());
            *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(delivery);
        }
        let mut reducer = self.reducer();
        for fact in reducer.see(call) {
            // Nobody may be looking.
            self.told.send(Arc::new(fact)).unwrap_or_default();
        }
    }

    /// A fact about the system itself, for those who look.
    pub fn note(&self, place: &str, words: String) {
        let mut reducer = self.reducer();
        let fact = reducer.note((self.clock)(), place, words);
        self.told.send(Arc::new(fact)).unwrap_or_default();
    }

    /// The facts after the one with this number, and those that come. None if some of them are forgotten.
    pub(crate) fn after(&self, seq: u64) -> Option<Rest> {
        let reducer = self.reducer();
        let first = reducer.facts.front().map_or(1, |fact| fact.seq);
        let last = reducer.facts.back().map_or(0, |fact| fact.seq);
        // A number of the future comes from a page of an earlier run.
        let known = (first..=last + 1).contains(&(seq + 1));
        let rest = reducer.facts.iter().filter(|fact| fact.seq > seq).cloned().map(Arc::new);
        known.then(|| (rest.collect(), self.told.subscribe()))
    }

    /// Everything that is remembered.
    pub(crate) fn everything(&self) -> Value {
        let reducer = self.reducer();
        let messages: Vec<_> = reducer.messages.iter().map(|(_, message)| message).collect();
        let states: BTreeMap<_, _> =
            reducer.ledger.orders.iter().map(|(id, order)| (id, order.state())).collect();
        json!({ "facts": reducer.facts, "messages": messages, "orders": states })
    }

    pub(crate) fn invariants(&self, dead: &BTreeMap<String, u64>) -> Vec<Invariant> {
        judge(&self.reducer(), (self.clock)(), dead)
    }

    /// How many messages are at rest in each table and queue.
    pub(crate) fn resting(&self) -> BTreeMap<String, Vec<Value>> {
        let reducer = self.reducer();
        let mut places: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for ((place, id), (since, reason)) in reducer.resting.iter() {
            let message = json!({ "message": id, "since_ms": since, "reason": reason });
            places.entry(place.clone()).or_default().push(message);
        }
        places
    }

    pub(crate) fn newest_customer(&self) -> Option<String> {
        self.reducer().ledger.customers.newest().map(|(id, _)| id.clone()).next()
    }

    pub(crate) fn newest_order(&self, state: &str) -> Option<String> {
        let reducer = self.reducer();
        reducer.ledger.orders.newest().find(|(_, order)| order.state() == state).map(|(id, _)| id.clone())
    }

    /// The queue and the body of what a topic delivered last.
    pub(crate) fn newest_delivery(&self) -> Option<(String, String)> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn reducer(&self) -> MutexGuard<'_, Reducer> {
        self.reducer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
