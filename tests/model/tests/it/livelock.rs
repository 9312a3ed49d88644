//! Without clients and faults, every way through the protocol ends at rest, whoever is faster.
//!
//! The properties "at rest" say nothing about a protocol that never rests. So here the steps of the protocol
//! alone are followed from every state: if none of the ways is a circle, each of them ends, and it can only
//! end at rest.

use std::collections::{HashMap, HashSet};

use protocol_model::{Action, Bounds, Defect, Protocol, State, Writer};
use stateright::Model;

/// All states, faults and clients included.
fn states(model: &Protocol) -> HashSet<State> {
    let mut known: HashSet<State> = model.init_states().into_iter().collect();
    let mut open: Vec<State> = known.iter().copied().collect();
    while let Some(state) = open.pop() {
        open.extend(model.next_states(&state).into_iter().filter(|next| known.insert(*next)));
    }
    known
}

fn protocol_steps(model: &Protocol, state: &State) -> Vec<State> {
    let is_protocol = |action: &Action| {
        let by_handler = matches!(action, Action::Write(Writer::Handler(_)));
        by_handler || !matches!(action, Action::Write(_) | Action::Fault(_))
    };
    let steps = model.next_steps(state).into_iter();
    steps.filter(|(action, _)| is_protocol(action)).map(|(_, next)| next).collect()
}

/// Whether the steps of the protocol lead from some state back to it.
fn has_circle(model: &Protocol) -> bool {
    // `true` while the ways from a state are being followed, `false` when all of them have ended.
    let mut on_the_way: HashMap<State, bool> = HashMap::new();
    for start in states(model) {
        let mut way = vec![(start, None::<Vec<State>>)];
        while let Some((state, rest)) = way.last_mut() {
            let rest = match rest {
                Some(rest) => rest,
                None => match on_the_way.insert(*state, true) {
                    Some(true) => return true,
                    Some(false) => {
                        on_the_way.insert(*state, false);
                        way.pop();
                        continue;
                    }
                    None => rest.insert(protocol_steps(model, state)),
                },
            };
            match rest.pop() {
                Some(next) => way.push((next, None)),
                None => {
                    on_the_way.insert(*state, false);
                    way.pop();
                }
            }
        }
    }
    false
}

#[test]
fn two_orders_come_to_rest() {
    assert!(!has_circle(&Protocol::sound(Bounds { faults: 0, ..Bounds::RACE })));
}

#[test]
fn one_order_comes_to_rest_after_a_fault() {
    assert!(!has_circle(&Protocol::sound(Bounds { orders: 1, faults: 1, tally: true, ..Bounds::RACE })));
}

#[test]
fn relays_come_to_rest_while_transactions_become_visible_item_by_item() {
    assert!(!has_circle(&Protocol::sound(Bounds { faults: 0, ..Bounds::ITEM_BY_ITEM })));
}

#[test]
fn a_duplicate_that_is_not_deleted_never_rests() {
    assert!(has_circle(&Protocol::with(Defect::DuplicateNotDeleted)));
}
