//! What must hold: in every state, whenever nobody has anything left to do, and what must be possible at all.
//!
//! That something *will* happen is checked in the states of rest: if a change has not had its event delivered there, it never will.
//!
//! The checker is given all of them as one, and which of them a state breaks is asked afterwards: it looks each property up for each state.

mod checks;
mod possible;

use stateright::Property;

use crate::{
    names::Order,
    protocol::Protocol,
    state::State,
    tables::{Memory, OrderState, Status},
};

use checks::*;
pub(crate) use possible::{POSSIBLE, Seen};

/// A property that every state must have.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    holds: fn(&Protocol, &State) -> bool,
}

/// Name and condition of each rule, and a constant for each name.
macro_rules! rules {
    ($list:ident: $($constant:ident: $name:literal, $holds:expr;)*) => {
        $(
            #[allow(dead_code, reason = "only some are named by a planted defect")]
            pub(crate) const $constant: &str = $name;
        )*
        const $list: &[Rule] = &[$(Rule { name: $name, holds: $holds },)*];
    };
}

rules! { IN_EVERY_STATE:
    MONEY: "money: reserved is the sum of the reservations and within the limit", |_, s| money(s);
    EFFECT_ONCE: "effect once: reserved, released and counted at most once", |_, s| effect_once(s);
    JUST_REFUSALS: "refusals are just when they are committed", |_, s| !s.ghost.unjust_refusal;
    CHANGES_AND_ROWS: "every change has its outbox row, and every row its change", |_, s| changes_and_rows_agree(s);
    THREE_LIVES: "an order leads one of three lives", |_, s| three_lives(s);
    ORDERS_AND_DECISIONS: "orders and decisions agree", |_, s| orders_and_decisions_agree(s);
    INBOX_AND_EFFECTS: "inbox and effects agree", |_, s| inbox_and_effects_agree(s);
    NO_PHANTOM: "no phantom: what is under way was committed", |_, s| no_phantom(s);
    NOTHING_VANISHES: "nothing vanishes: what was sent is under way or handled", nothing_vanishes;
    IN_SEQUENCE: "order: the events of a subject are published in sequence", |_, s| published_in_order(s);
    GONE_WAS_SENT: "no loss: a row that is gone was sent", |_, s| s.rows.iter().all(gone_was_sent);
    MARK_ON_THE_FIRST: "a mark is on a row in front of which everything was sent", |_, s| marks_are_on_the_first(s);
    NOT_SENT_AGAIN: "what is known to be gone is not sent again", |_, s| !s.ghost.sent_again;
    DEAD_LETTERS: "only what is unreadable is dead-lettered", |_, s| !s.ghost.wrongly_buried;
}

// Nothing is left to do for anybody but clients and the operator.
rules! { AT_REST:
    PARKING: "a subject that cannot be sent is parked, and blocks only itself", |_, s| all_stands_behind_a_mark(s);
}

// Nothing is left to do for anybody but clients.
rules! { QUIET:
    REST_PUBLISHED: "at rest: every event was published, and the outbox is empty", |_, s| s.rows.iter().all(|row| {
        !row.was_written() || row.published && row.status == Status::Gone
    });
    REST_HANDLED: "at rest: every message was handled by every consumer", |m, s| {
        subscribed(m, s).all(|message| s.memory(message) != Memory::Unknown)
    };
    REST_DECIDED: "at rest: no order is pending", |_, s| count(s, OrderState::Pending) == 0;
    REST_CREDIT: "at rest: credit is held by approved orders and no others", |_, s| {
        usize::from(s.customer.reserved) == count(s, OrderState::Approved)
    };
    REST_COUNTED: "at rest: every placed order was counted", |m, s| {
        let counted = |o: &Order| s.ghost.tallied[o.index()] == u8::from(exists(s, *o));
        !m.bounds.tally || Order::ALL.iter().all(counted)
    };
}

/// How many properties must hold.
pub(crate) const COUNT: usize = IN_EVERY_STATE.len() + AT_REST.len() + QUIET.len();

impl Protocol {
    /// The properties that the state breaks.
    pub(crate) fn broken(&self, state: &State) -> impl Iterator<Item = &'static Rule> {
        let resting = self.is_resting(state);
        let at_rest = if resting { AT_REST } else { &[] };
        let quiet = if resting && self.is_quiet(state) { QUIET } else { &[] };
        let rules = [IN_EVERY_STATE, at_rest, quiet].into_iter().flatten();
        rules.filter(|rule| !(rule.holds)(self, state))
    }
}

/// All properties as one, for the checker; what must be possible is looked for in passing.
pub(crate) fn all() -> Vec<Property<Protocol>> {
    vec![Property::always("all properties", |model: &Protocol, state: &State| {
        model.seen.look(model, state);
        model.broken(state).next().is_none()
    })]
}
