//! The invariants that a system of messages must keep, judged from what was seen, never from the program's
//! own word.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::facts::is_dead_letter_queue;
use crate::ledger::{Order, cents, short};
use crate::reducer::Reducer;

/// How long an event may be missing after its change, and an effect after its cause, before it is called
/// damage: milliseconds.
const GRACE_MS: u64 = 4_000;

/// How long an order may be pending without anything under way for it.
const PENDING_MS: u64 = 10_000;

/// How many pieces of damage are told one by one.
const TOLD: usize = 5;

/// States, the events that tell of them, and the place of these events in the life of an order.
const EVENTS: [(&str, &str, u8); 4] = [
    ("PENDING", "OrderCreated", 0),
    ("APPROVED", "OrderApproved", 1),
    ("REJECTED", "OrderRejected", 1),
    ("CANCELLED", "OrderCancelled", 2),
];

/// How an invariant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It holds.
    Kept,
    /// It holds, and something waits for somebody or something.
    Waiting,
    /// It is broken: damage.
    Broken,
}

/// One invariant and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invariant {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// How it stands.
    pub standing: Standing,
    /// How often it is broken; if it is not, how many wait.
    pub count: usize,
    /// Of how many it was judged.
    pub of: usize,
    /// The first pieces of damage, or what waits, in words.
    pub says: Vec<String>,
}

/// Judges what was seen until now. `dead` is how many messages lie in each dead-letter queue, as SQS says.
pub(crate) fn judge(seen: &Reducer, now_ms: u64, dead: &BTreeMap<String, u64>) -> Vec<Invariant> {
    vec![
        loss(seen, now_ms),
        phantom(seen, now_ms),
        once(seen),
        money(seen, now_ms),
        sequence(seen),
        end(seen, now_ms, dead),
    ]
}

fn invariant(
    (name, meaning): (&'static str, &'static str),
    of: usize,
    damage: Vec<String>,
    waiting: Vec<String>,
) -> Invariant {
    let (standing, mut says) = match (damage.is_empty(), waiting.is_empty()) {
        (false, _) => (Standing::Broken, damage),
        (true, false) => (Standing::Waiting, waiting),
        (true, true) => (Standing::Kept, Vec::new()),
    };
    let count = says.len();
    says.truncate(TOLD);
    Invariant { name, meaning, standing, count, of, says }
}

fn orders(seen: &Reducer) -> impl Iterator<Item = (&String, &Order)> + Clone {
    seen.ledger.orders.newest()
}

fn event_of(state: &str) -> &'static str {
    EVENTS.iter().find(|(name, ..)| *name == state).map_or("", |(_, event, _)| event)
}

fn loss(seen: &Reducer, now_ms: u64) -> Invariant {
    let changes =
        orders(seen).flat_map(|(id, order)| order.states.iter().map(move |state| (id, order, state)));
    let missing = changes.clone().filter(|(_, order, (state, at_ms))| {
        seen.ledger.is_whole() && at_ms + GRACE_MS < now_ms && !order.told.contains_key(event_of(state))
    });
    let words = |(id, _, (state, _)): (&String, _, &(String, _))| {
        format!("order {} became {state}, and no message tells of it", short(id))
    };
    let damage = missing.map(words).collect();
    invariant(
        ("no loss", "every change that was committed has its message"),
        changes.count(),
        damage,
        Vec::new(),
    )
}

fn phantom(seen: &Reducer, now_ms: u64) -> Invariant {
    let told = orders(seen).flat_map(|(id, order)| order.told.iter().map(move |told| (id, order, told)));
    let without = told.clone().filter(|(_, order, (kind, at_ms))| {
        let state = EVENTS.iter().find(|(_, event, _)| event == kind).map(|(state, ..)| *state);
        seen.ledger.is_whole() && *at_ms + GRACE_MS < now_ms && state.is_some_and(|state| !order.had(state))
    });
    let words = |(id, _, (kind, _)): (&String, _, (&String, _))| {
        format!("{kind} of order {} never happened", short(id))
    };
    let damage = without.map(words).collect();
    let meaning = "no message tells of a change that was not committed";
    invariant(("no phantom", meaning), told.count(), damage, Vec::new())
}

fn once(seen: &Reducer) -> Invariant {
    let mut damage = Vec::new();
    for (id, order) in orders(seen) {
        let id = short(id);
        if order.reserved > 1 {
            damage.push(format!("credit for order {id} was reserved {} times", order.reserved));
        }
        if order.released > 1 {
            damage.push(format!("credit of order {id} was given back {} times", order.released));
        }
    }
    let of = orders(seen).filter(|(_, order)| order.reserved > 0).count();
    invariant(("effect once", "credit is reserved once and given back once"), of, damage, Vec::new())
}

fn money(seen: &Reducer, now_ms: u64) -> Invariant {
    let (mut damage, mut of) = (Vec::new(), 0);
    for (id, customer) in seen.ledger.customers.newest() {
        of += 1;
        if customer.reserved < 0 || customer.reserved > customer.limit {
            let (reserved, limit) = (cents(customer.reserved), cents(customer.limit));
            damage.push(format!("customer {} has {reserved} reserved of {limit}", short(id)));
            continue;
        }
        let own = || orders(seen).filter(|(_, order)| order.customer == *id);
        let moves = !seen.ledger.is_whole()
            || own().any(|(_, order)| order.state() == "PENDING" || rests_since(order, now_ms) < GRACE_MS)
            || seen.resting.iter().any(|((place, message), _)| {
                let about = seen.messages.get(message).and_then(|message| message.customer.as_ref());
                !is_dead_letter_queue(place) && about == Some(id)
            });
        let approved: i64 =
            own().filter(|(_, order)| order.state() == "APPROVED").map(|(_, order)| order.total).sum();
        if !moves && customer.changed_ms + GRACE_MS < now_ms && customer.reserved != approved {
            let (reserved, approved) = (cents(customer.reserved), cents(approved));
            damage.push(format!("customer {}: {reserved} reserved, {approved} approved", short(id)));
        }
    }
    let meaning = "what is reserved is what approved orders cost, and within the limit";
    invariant(("money", meaning), of, damage, Vec::new())
}

/// For how long the order has been in its state.
fn rests_since(order: &Order, now_ms: u64) -> u64 {
    order.states.last().map_or(0, |(_, at_ms)| now_ms.saturating_sub(*at_ms))
}

fn sequence(seen: &Reducer) -> Invariant {
    let place = |kind: &String| EVENTS.iter().find(|(_, event, _)| event == kind).map(|(.., place)| *place);
    let several = orders(seen).filter(|(_, order)| order.published.len() > 1);
    let wrong = several.clone().filter(|(_, order)| !order.published.iter().filter_map(place).is_sorted());
    let damage =
        wrong.map(|(id, _)| format!("events of order {} left in another sequence", short(id))).collect();
    let meaning = "events of an order leave in the sequence of its changes";
    invariant(("order", meaning), several.count(), damage, Vec::new())
}

fn end(seen: &Reducer, now_ms: u64, dead: &BTreeMap<String, u64>) -> Invariant {
    let (mut damage, mut waiting) = (Vec::new(), Vec::new());
    for (id, order) in orders(seen).filter(|(_, order)| order.state() == "PENDING") {
        let under_way = seen.resting.iter().find(|((_, message), _)| {
            seen.messages.get(message).is_some_and(|message| message.order.as_ref() == Some(id))
        });
        let since = rests_since(order, now_ms);
        match under_way {
            Some(((place, _), (_, None))) if is_dead_letter_queue(place) => {
                damage.push(format!("order {} is PENDING, its message lies in {place}", short(id)));
            }
            Some(((place, _), _)) if since > GRACE_MS => {
                waiting.push(format!("order {} is PENDING, its message waits in {place}", short(id)));
            }
            None if since > PENDING_MS => {
                damage.push(format!("order {} is PENDING, and nothing is under way for it", short(id)));
            }
            _ => {}
        }
    }
    for (queue, count) in dead.iter().filter(|(_, count)| **count > 0) {
        let explained = seen
            .resting
            .iter()
            .filter(|((place, _), (_, reason))| place == queue && reason.is_some())
            .count();
        match count.saturating_sub(explained as u64) {
            0 => waiting.push(format!("{count} in {queue}, with the reason")),
            unexplained => damage.push(format!("{unexplained} in {queue}, without a reason")),
        }
    }
    let meaning = "every order ends, and what lies in a dead-letter queue says why";
    invariant(("end", meaning), orders(seen).count(), damage, waiting)
}
