//! The table of an order's life: every pair in it, what it makes impossible, and that its picture in the
//! documentation is the same.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn after(state: State, trigger: Trigger) -> State {
    match transition(state, trigger) {
        Transition::Becomes(next) => next,
        _ => state,
    }
}

fn life(triggers: &[Trigger]) -> Vec<State> {
    let mut states = vec![State::Pending];
    for trigger in triggers {
        let now = states[states.len() - 1];
        let next = after(now, *trigger);
        states.extend((next != now).then_some(next));
    }
    states
}

/// The table as the documentation shows it.
fn picture() -> String {
    let cell = |text: String| text.replace("Becomes(", "→ **").replace(')', "**");
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let heads = Trigger::ALL.map(|trigger| format!("{trigger:?}"));
    let mut text = row([vec!["state".to_owned()], heads.to_vec()].concat());
    text += &row(vec!["---".to_owned(); 1 + Trigger::ALL.len()]);
    for state in State::ALL {
        let transitions = Trigger::ALL.map(|trigger| cell(format!("{:?}", transition(state, trigger))));
        text += &row([vec![format!("{state:?}")], transitions.to_vec()].concat());
    }
    text
}

#[test]
fn the_documentation_shows_this_table() {
    assert_eq!(include_str!("../life.md"), picture());
}

/// The compiler sees to it that every pair has a transition; this sees to it that none breaks a rule.
#[test]
fn every_pair_of_state_and_happening_has_a_transition_that_breaks_no_rule() {
    let mut pairs = BTreeSet::new();
    for state in State::ALL {
        for trigger in Trigger::ALL {
            pairs.insert(format!("{state:?} {trigger:?}"));
            match transition(state, trigger) {
                Transition::Becomes(next) => {
                    let decided = matches!(state, State::Approved) && next == State::Cancelled;
                    assert!(state == State::Pending || decided, "{state:?} is final, yet becomes {next:?}");
                    assert_eq!(next == State::Cancelled, trigger == Trigger::CancelRequested);
                    assert_eq!(next == State::TimedOut, trigger == Trigger::TimeIsUp);
                    assert_eq!(next == State::Approved, trigger == Trigger::CreditReserved);
                }
                Transition::StillPending => assert_eq!(state, State::Pending),
                Transition::WasRejected | Transition::Contradiction => {
                    assert!(!matches!(state, State::Pending));
                    assert_ne!(trigger, Trigger::TimeIsUp, "a timeout is nobody's mistake");
                }
                Transition::Already | Transition::TooLate => assert_ne!(state, State::Pending, "{trigger:?}"),
            }
        }
    }
    assert_eq!(pairs.len(), 20);
}

#[test]
fn a_decision_is_never_overwritten_by_its_opposite() {
    assert_eq!(transition(State::Approved, Trigger::CreditRefused), Transition::Contradiction);
    assert_eq!(transition(State::Cancelled, Trigger::CreditRefused), Transition::Contradiction);
    assert_eq!(transition(State::Rejected, Trigger::CreditReserved), Transition::Contradiction);
}

/// What the customers service says about an order that was given up need not be an error: it did not know.
#[test]
fn a_late_answer_about_an_order_that_timed_out_is_harmless() {
    for trigger in [Trigger::CreditReserved, Trigger::CreditRefused] {
        assert_eq!(transition(State::TimedOut, trigger), Transition::TooLate);
    }
}

proptest! {
    /// Whatever happens, how often and in what order: an order leads one of these lives or the beginning of
    /// one.
    #[test]
    fn there_are_three_lives(triggers in prop::collection::vec(prop::sample::select(&Trigger::ALL), 0..12)) {
        let lives = [
            [State::Pending, State::Approved, State::Cancelled].as_slice(),
            [State::Pending, State::Rejected].as_slice(),
            [State::Pending, State::TimedOut].as_slice(),
        ];
        let life = life(&triggers);
        prop_assert!(lives.iter().any(|whole| whole.starts_with(&life)), "{life:?}");
    }

    /// A repeated trigger is always harmless.
    #[test]
    fn twice_is_as_good_as_once(triggers in prop::collection::vec(prop::sample::select(&Trigger::ALL), 0..8), trigger in prop::sample::select(&Trigger::ALL)) {
        let once = [triggers.as_slice(), &[trigger]].concat();
        let twice = [once.as_slice(), &[trigger]].concat();
        prop_assert_eq!(life(&once), life(&twice));
    }
}
