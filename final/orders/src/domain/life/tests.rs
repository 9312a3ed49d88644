//! The table of an order's life: every pair in it, what it makes impossible, and that its picture in the documentation is the same.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn after(state: State, happening: Happening) -> State {
    match answer(state, happening) {
        Answer::Becomes(next) => next,
        _ => state,
    }
}

fn life(happenings: &[Happening]) -> Vec<State> {
    let mut states = vec![State::Pending];
    for happening in happenings {
        let now = states[states.len() - 1];
        let next = after(now, *happening);
        states.extend((next != now).then_some(next));
    }
    states
}

/// The table as the documentation shows it.
fn picture() -> String {
    let cell = |text: String| text.replace("Becomes(", "→ **").replace(')', "**");
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let heads = Happening::ALL.map(|happening| format!("{happening:?}"));
    let mut text = row([vec!["state".to_owned()], heads.to_vec()].concat());
    text += &row(vec!["---".to_owned(); 1 + Happening::ALL.len()]);
    for state in State::ALL {
        let answers = Happening::ALL.map(|happening| cell(format!("{:?}", answer(state, happening))));
        text += &row([vec![format!("{state:?}")], answers.to_vec()].concat());
    }
    text
}

#[test]
fn the_documentation_shows_this_table() {
    assert_eq!(include_str!("../life.md"), picture());
}

/// The compiler sees to it that every pair has an answer; this sees to it that no answer breaks a rule.
#[test]
fn every_pair_of_state_and_happening_has_an_answer_that_breaks_no_rule() {
    let mut pairs = BTreeSet::new();
    for state in State::ALL {
        for happening in Happening::ALL {
            pairs.insert(format!("{state:?} {happening:?}"));
            match answer(state, happening) {
                Answer::Becomes(next) => {
                    let decided = matches!(state, State::Approved) && next == State::Cancelled;
                    assert!(state == State::Pending || decided, "{state:?} is final, yet becomes {next:?}");
                    assert_eq!(next == State::Cancelled, happening == Happening::CancelRequested);
                    assert_eq!(next == State::TimedOut, happening == Happening::TimeIsUp);
                    assert_eq!(next == State::Approved, happening == Happening::CreditReserved);
                }
                Answer::StillPending => assert_eq!(state, State::Pending),
                Answer::WasRejected | Answer::Contradiction => {
                    assert!(!matches!(state, State::Pending));
                    assert_ne!(happening, Happening::TimeIsUp, "a timeout is nobody's mistake");
                }
                Answer::Already | Answer::TooLate => assert_ne!(state, State::Pending, "{happening:?}"),
            }
        }
    }
    assert_eq!(pairs.len(), 20);
}

#[test]
fn a_decision_is_never_overwritten_by_its_opposite() {
    assert_eq!(answer(State::Approved, Happening::CreditRefused), Answer::Contradiction);
    assert_eq!(answer(State::Cancelled, Happening::CreditRefused), Answer::Contradiction);
    assert_eq!(answer(State::Rejected, Happening::CreditReserved), Answer::Contradiction);
}

/// What the customers service says about an order that was given up need not be an error: it did not know.
#[test]
fn a_late_answer_about_an_order_that_timed_out_is_harmless() {
    for happening in [Happening::CreditReserved, Happening::CreditRefused] {
        assert_eq!(answer(State::TimedOut, happening), Answer::TooLate);
    }
}

proptest! {
    /// Whatever happens, how often and in what order: an order leads one of these lives or the beginning of one.
    #[test]
    fn there_are_three_lives(happenings in prop::collection::vec(prop::sample::select(&Happening::ALL), 0..12)) {
        let lives = [
            [State::Pending, State::Approved, State::Cancelled].as_slice(),
            [State::Pending, State::Rejected].as_slice(),
            [State::Pending, State::TimedOut].as_slice(),
        ];
        let life = life(&happenings);
        prop_assert!(lives.iter().any(|whole| whole.starts_with(&life)), "{life:?}");
    }

    /// A repeated happening is always harmless.
    #[test]
    fn twice_is_as_good_as_once(happenings in prop::collection::vec(prop::sample::select(&Happening::ALL), 0..8), happening in prop::sample::select(&Happening::ALL)) {
        let once = [happenings.as_slice(), &[happening]].concat();
        let twice = [once.as_slice(), &[happening]].concat();
        prop_assert_eq!(life(&once), life(&twice));
    }
}
