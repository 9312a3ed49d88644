//! What must hold: in every state, whenever nobody has anything left to do, and what must be possible at all.
//!
//! That something *will* happen is checked in the states of rest: if a change has not had its event delivered there, it never will.

mod checks;

use std::sync::atomic::{AtomicBool, Ordering};

use stateright::Property;

use crate::{
    names::{Message, Order},
    protocol::Protocol,
    state::State,
    tables::{Decision, Memory, OrderState, Status},
    work::{Handler, Relay},
};

use checks::*;

pub(crate) const MONEY: &str = "money: reserved is the sum of the reservations and within the limit";
pub(crate) const EFFECT_ONCE: &str = "effect once: reserved, released and counted at most once";
pub(crate) const JUST_REFUSALS: &str = "refusals are just when they are committed";
pub(crate) const CHANGES_AND_ROWS: &str = "every change has its outbox row, and every row its change";
pub(crate) const TWO_LIVES: &str = "an order leads one of two lives";
pub(crate) const ORDERS_AND_DECISIONS: &str = "orders and decisions agree";
pub(crate) const INBOX_AND_EFFECTS: &str = "inbox and effects agree";
pub(crate) const NO_PHANTOM: &str = "no phantom: what is under way was committed";
pub(crate) const NOTHING_VANISHES: &str = "nothing vanishes: what was sent is under way or handled";
pub(crate) const IN_SEQUENCE: &str = "order: the events of a subject are published in sequence";
pub(crate) const WATERMARK_OVER_SENT: &str = "everything under the watermark was sent";
pub(crate) const ROWS_AND_WATERMARK: &str = "no row is pending under the watermark or settled above it";
pub(crate) const WATERMARK_NEVER_FALLS: &str = "a watermark never falls";
pub(crate) const NO_ROW_EXPIRES_UNSENT: &str = "no row expires unsent";
pub(crate) const NOT_SENT_AGAIN: &str = "what is known to be dispatched is not sent again";
pub(crate) const DEAD_LETTERS: &str = "only what is unreadable is dead-lettered";
pub(crate) const PARKING: &str = "a subject that cannot be sent is parked, and blocks only itself";
pub(crate) const REST_PUBLISHED: &str = "at rest: every event was published, every row settled";
pub(crate) const REST_HANDLED: &str = "at rest: every message was handled by every consumer";
pub(crate) const REST_DECIDED: &str = "at rest: no order is pending";
pub(crate) const REST_CREDIT: &str = "at rest: credit is held by approved orders and no others";
pub(crate) const REST_COUNTED: &str = "at rest: every placed order was counted";

/// Which of the things that must be possible were seen.
#[derive(Debug, Default)]
pub(crate) struct Seen([AtomicBool; 10]);

impl Seen {
    /// Whether it is seen now for the first time.
    fn first(&self, number: usize, now: bool) -> bool {
        let seen = &self.0[number];
        now && !seen.load(Ordering::Relaxed) && !seen.swap(true, Ordering::Relaxed)
    }
}

impl Protocol {
    /// Reports a broken property only in the first state that breaks any.
    fn holds(&self, state: &State, ok: bool) -> bool {
        ok || self.broken.get_or_init(|| *state) != state
    }
}

/// All properties.
pub(crate) fn all() -> Vec<Property<Protocol>> {
    let mut all = always();
    all.extend(at_rest());
    all.extend(possible());
    all
}

fn always() -> Vec<Property<Protocol>> {
    vec![
        Property::always(MONEY, |m, s: &State| m.holds(s, money(s))),
        Property::always(EFFECT_ONCE, |m, s: &State| m.holds(s, effect_once(s))),
        Property::always(JUST_REFUSALS, |m, s: &State| m.holds(s, !s.ghost.unjust_refusal)),
        Property::always(CHANGES_AND_ROWS, |m, s: &State| m.holds(s, changes_and_rows_agree(s))),
        Property::always(TWO_LIVES, |m, s: &State| m.holds(s, two_lives(s))),
        Property::always(ORDERS_AND_DECISIONS, |m, s: &State| m.holds(s, orders_and_decisions_agree(s))),
        Property::always(INBOX_AND_EFFECTS, |m, s: &State| m.holds(s, inbox_and_effects_agree(s))),
        Property::always(NO_PHANTOM, |m, s: &State| m.holds(s, no_phantom(s))),
        Property::always(NOTHING_VANISHES, |m, s: &State| m.holds(s, nothing_vanishes(m, s))),
        Property::always(IN_SEQUENCE, |m, s: &State| m.holds(s, published_in_order(s))),
        Property::always(WATERMARK_OVER_SENT, |m, s: &State| {
            m.holds(s, rows(s).all(|(seq, mark, row)| seq >= mark || row.published))
        }),
        Property::always(ROWS_AND_WATERMARK, |m, s: &State| {
            m.holds(s, rows(s).all(|(seq, mark, row)| (seq < mark) == (row.status != Status::Pending)))
        }),
        Property::always(WATERMARK_NEVER_FALLS, |m, s: &State| m.holds(s, watermarks_never_fall(s))),
        Property::always(NO_ROW_EXPIRES_UNSENT, |m, s: &State| {
            m.holds(s, rows(s).all(|(_, _, row)| row.status != Status::Expired || row.published))
        }),
        Property::always(NOT_SENT_AGAIN, |m, s: &State| m.holds(s, !s.ghost.sent_again)),
        Property::always(DEAD_LETTERS, |m, s: &State| m.holds(s, !s.ghost.wrongly_buried)),
    ]
}

fn at_rest() -> Vec<Property<Protocol>> {
    vec![
        Property::always(PARKING, |m, s: &State| m.holds(s, !m.is_resting(s) || others_are_published(s))),
        Property::always(REST_PUBLISHED, |m, s: &State| {
            m.holds(
                s,
                !m.is_quiet(s) || rows(s).all(|(_, _, row)| row.published && row.status != Status::Pending),
            )
        }),
        Property::always(REST_HANDLED, |m, s: &State| {
            m.holds(s, !m.is_quiet(s) || subscribed(m, s).all(|message| s.memory(message) != Memory::Unknown))
        }),
        Property::always(REST_DECIDED, |m, s: &State| {
            m.holds(s, !m.is_quiet(s) || s.orders.iter().all(|order| order.state != OrderState::Pending))
        }),
        Property::always(REST_CREDIT, |m, s: &State| {
            m.holds(s, !m.is_quiet(s) || usize::from(s.customer.reserved) == count(s, OrderState::Approved))
        }),
        Property::always(REST_COUNTED, |m, s: &State| {
            let counted = |o: &Order| s.ghost.tallied[o.index()] == u8::from(exists(s, *o));
            m.holds(s, !(m.is_quiet(s) && m.bounds.tally) || Order::ALL.iter().all(counted))
        }),
    ]
}

/// A model in which nothing happens breaks no property. The sound protocol must show each of these.
fn possible() -> Vec<Property<Protocol>> {
    vec![
        Property::sometimes("possible: both orders approved or rejected, at rest", |m, s: &State| {
            let decided =
                |o: &Order| matches!(s.order(*o).state, OrderState::Approved | OrderState::Rejected);
            m.seen.first(0, m.orders().all(|o| decided(&o)) && m.is_quiet(s))
        }),
        Property::sometimes("possible: an order is rejected", |m, s: &State| {
            m.seen.first(1, count(s, OrderState::Rejected) > 0)
        }),
        Property::sometimes("possible: credit is released", |m, s: &State| {
            m.seen.first(2, s.ghost.released.iter().any(|n| *n > 0))
        }),
        Property::sometimes("possible: the second order gets the credit of the first", |m, s: &State| {
            let released = s.customer.decisions.contains(&Decision::Released);
            m.seen.first(
                3,
                s.customer.limit == 1 && released && s.customer.decisions.contains(&Decision::Reserved),
            )
        }),
        Property::sometimes("possible: a subject is parked", |m, s: &State| {
            m.seen.first(4, s.heads.iter().any(|head| head.parked))
        }),
        Property::sometimes("possible: two relays send the same row", |m, s: &State| {
            let sending = |relay: &Relay| match relay {
                Relay::At(run) => run.next().map(|row| (run.subject, row)),
                Relay::Idle => None,
            };
            m.seen.first(5, sending(&s.relays[0]).is_some() && sending(&s.relays[0]) == sending(&s.relays[1]))
        }),
        Property::sometimes("possible: two handlers work on one message", |m, s: &State| {
            let [Handler::At(a, _), Handler::At(b, _)] = s.handlers else { return false };
            m.seen.first(6, a == b)
        }),
        Property::sometimes(
            "possible: a handler holds what has changed since it was read",
            |m, s: &State| m.seen.first(7, s.handlers.iter().any(|handler| is_stale(s, handler))),
        ),
        Property::sometimes("possible: a message is in the dead-letter queue", |m, s: &State| {
            m.seen.first(8, s.dead.iter().any(|n| *n > 0))
        }),
        Property::sometimes(
            "possible: a message that the inbox has forgotten comes again",
            |m, s: &State| {
                let comes = |message: Message| s.visible[message.index()] > 0;
                m.seen.first(9, Message::all().any(|it| s.memory(it) == Memory::Forgotten && comes(it)))
            },
        ),
    ]
}
