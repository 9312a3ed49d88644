//! What must be possible. A model in which nothing happens breaks no property; the sound protocol must show
//! each of these.

use super::checks::{asked, count, is_stale};
use crate::{
    names::{Message, Order},
    protocol::Protocol,
    state::State,
    tables::{Decision, Memory, OrderState, Status},
    work::{Grounds, Handler, Relay, Step, Work},
};

type Condition = fn(&Protocol, &State) -> bool;

/// Name and condition of each.
pub(crate) const POSSIBLE: [(&str, Condition); 15] = [
    ("both orders approved or rejected, at rest", |m, s| {
        let decided = |o: Order| matches!(s.order(o).state, OrderState::Approved | OrderState::Rejected);
        m.orders().all(decided) && m.is_quiet(s)
    }),
    ("an order is rejected", |_, s| count(s, OrderState::Rejected) > 0),
    ("credit is released", |_, s| s.ghost.released.iter().any(|n| *n > 0)),
    ("the second order gets the credit of the first", |_, s| {
        let has = |decision| s.decisions.contains(&decision);
        s.customer.limit == 1 && has(Decision::Released) && has(Decision::Reserved)
    }),
    ("a subject is parked", |_, s| s.rows.iter().any(|row| row.parked)),
    ("two relays send the same row", |_, s| {
        let [one, other] = s.relays.map(|relay| sending(&relay));
        one.is_some() && one == other
    }),
    (
        "two handlers work on one message",
        |_, s| matches!(s.handlers, [Handler::At(a, _), Handler::At(b, _)] if a == b),
    ),
    ("a handler holds what has changed since it was read", |_, s| s.handlers.iter().any(|h| is_stale(s, h))),
    ("a message is in the dead-letter queue", |_, s| s.dead.iter().any(|n| *n > 0)),
    ("a message that the inbox has forgotten comes again", |_, s| {
        Message::all().any(|it| s.memory(it) == Memory::Forgotten && s.visible[it.index()] > 0)
    }),
    ("a relay has seen a row and not the one before it, which is half visible", |_, s| {
        asked(s).any(|(before, _)| before.is_locked())
    }),
    ("a row that was read is found gone", |_, s| asked(s).any(|(_, row)| row.status == Status::Gone)),
    ("a relay has seen a row and not the one before it, which is there", |_, s| {
        asked(s).any(|(before, _)| before.status == Status::Here)
    }),
    ("credit that was reserved too late is given back", |_, s| {
        let given_back =
            |o: &Order| s.ghost.released[o.index()] > 0 && s.order(*o).state == OrderState::TimedOut;
        Order::ALL.iter().any(given_back)
    }),
    ("a message comes before its order can be seen", |_, s| {
        let blind = |grounds| matches!(grounds, Grounds::Order(OrderState::Absent, _));
        s.handlers.iter().any(|handler| matches!(handler, Handler::At(_, Work::Ready(it)) if blind(*it)))
    }),
];

fn sending(relay: &Relay) -> Option<(crate::Subject, u8)> {
    match relay {
        Relay::At(run) if run.step == Step::Sending => run.next().map(|row| (run.subject, row)),
        _ => None,
    }
}

/// Notes which of them are so in this state.
pub(super) fn look(model: &Protocol, state: &State) {
    for (number, (_, is_so)) in POSSIBLE.iter().enumerate() {
        if !model.seen.has(number) && is_so(model, state) {
            model.seen.note(number);
        }
    }
}

/// Which of them were never so.
pub(crate) fn missing(model: &Protocol) -> Vec<&'static str> {
    let names = POSSIBLE.iter().enumerate();
    names.filter(|(number, _)| !model.seen.has(*number)).map(|(_, (name, _))| *name).collect()
}
