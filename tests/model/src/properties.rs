//! What must hold: in every state, whenever nobody has anything left to do, and what must be possible at all.
//!
//! That something *will* happen is checked in the states of rest: if a change has not had its event delivered
//! there, it never will.
//!
//! The checker is given all of them as one, and which of them a state breaks is asked afterwards: it looks
//! each property up for each state.

mod checks;
mod possible;

use stateright::Property;

use crate::{
    names::Order,
    promises,
    protocol::Protocol,
    state::State,
    tables::{Memory, OrderState, Status},
};

use checks::*;
pub(crate) use possible::{POSSIBLE, missing};

/// A property that every state must have.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    holds: fn(&Protocol, &State) -> bool,
}

/// The condition of each promise.
macro_rules! rules {
    ($list:ident: $($promise:ident: $holds:expr;)*) => {
        const $list: &[Rule] = &[$(Rule { name: promises::$promise, holds: $holds },)*];
    };
}

rules! { IN_EVERY_STATE:
    MONEY: |_, s| money(s);
    EFFECT_ONCE: |_, s| effect_once(s);
    JUST_REFUSALS: |_, s| !s.ghost.unjust_refusal;
    CHANGES_AND_ROWS: |_, s| changes_and_rows_agree(s);
    THREE_LIVES: |_, s| three_lives(s);
    ORDERS_AND_DECISIONS: |_, s| orders_and_decisions_agree(s);
    INBOX_AND_EFFECTS: |_, s| inbox_and_effects_agree(s);
    NO_PHANTOM: |_, s| no_phantom(s);
    NOTHING_VANISHES: nothing_vanishes;
    IN_SEQUENCE: |_, s| published_in_order(s);
    GONE_WAS_SENT: |_, s| s.rows.iter().all(gone_was_sent);
    MARK_ON_THE_FIRST: |_, s| marks_are_on_the_first(s);
    MARK_ON_A_MESSAGE: |_, s| {
        s.rows.iter().all(|row| !row.parked || row.status == Status::Here)
    };
    NOT_SENT_AGAIN: |_, s| !s.ghost.sent_again;
    DEAD_LETTERS: |_, s| !s.ghost.wrongly_buried;
}

// Nothing is left to do for anybody but clients and the operator.
rules! { AT_REST:
    PARKING: |_, s| all_stands_behind_a_mark(s);
}

// Nothing is left to do for anybody but clients.
rules! { QUIET:
    REST_PUBLISHED: |_, s| s.rows.iter().all(|row| {
        !row.was_written() || row.published && row.status == Status::Gone
    });
    REST_HANDLED: |m, s| {
        subscribed(m, s).all(|message| s.memory(message) != Memory::Unknown)
    };
    REST_DECIDED: |_, s| count(s, OrderState::Pending) == 0;
    REST_CREDIT: |_, s| {
        usize::from(s.customer.reserved) == count(s, OrderState::Approved)
    };
    REST_COUNTED: |m, s| {
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
        possible::look(model, state);
        model.broken(state).next().is_none()
    })]
}
