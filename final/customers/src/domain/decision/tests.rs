//! The table of decisions: every pair in it, what it makes impossible, and that its picture in the
//! documentation is the same.

use super::*;

const AMOUNT: Money = Money(7);
const BEFORE: [Option<Decision>; 4] =
    [None, Some(Decision::Reserved(AMOUNT)), Some(Decision::Refused), Some(Decision::Released)];

/// The decision after the event; deciding about a new order can end either way.
fn after(before: Option<Decision>, event: OrderEvent) -> Vec<Option<Decision>> {
    match credit_action(before, event) {
        CreditAction::Decide => vec![Some(Decision::Reserved(AMOUNT)), Some(Decision::Refused)],
        CreditAction::GiveBack(_) | CreditAction::NeverReserve => vec![Some(Decision::Released)],
        CreditAction::Nothing => vec![before],
    }
}

/// The table as the documentation shows it.
fn picture() -> String {
    let plain = |text: String| text.split(['(', ')']).next().unwrap_or_default().to_owned();
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let heads = OrderEvent::ALL.map(|event| format!("{event:?}"));
    let mut text = row([vec!["decided before".to_owned()], heads.to_vec()].concat());
    text += &row(vec!["---".to_owned(); 1 + OrderEvent::ALL.len()]);
    for before in BEFORE {
        let name = before.map_or("nothing".to_owned(), |decision| plain(format!("{decision:?}")));
        let actions = OrderEvent::ALL.map(|event| plain(format!("{:?}", credit_action(before, event))));
        text += &row([vec![name], actions.to_vec()].concat());
    }
    text
}

#[test]
fn the_documentation_shows_this_table() {
    assert_eq!(include_str!("../decision.md"), picture());
}

#[test]
fn credit_is_reserved_only_for_an_order_of_which_nothing_was_known() {
    for before in BEFORE {
        for event in OrderEvent::ALL {
            let decides = credit_action(before, event) == CreditAction::Decide;
            assert_eq!(
                decides,
                before.is_none() && event == OrderEvent::OrderCreated,
                "{before:?} {event:?}"
            );
        }
    }
}

#[test]
fn after_the_end_of_an_order_nothing_is_reserved_for_it_whatever_comes_before_and_after() {
    for before in BEFORE {
        for end in [OrderEvent::OrderCancelled, OrderEvent::OrderRejected] {
            for ended in after(before, end) {
                assert!(matches!(ended, Some(Decision::Refused | Decision::Released)), "{before:?} {end:?}");
                for event in OrderEvent::ALL {
                    assert_eq!(
                        credit_action(ended, event),
                        CreditAction::Nothing,
                        "{before:?} {end:?} {event:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn exactly_what_was_reserved_is_given_back_and_only_once() {
    for before in BEFORE {
        for event in OrderEvent::ALL {
            if let CreditAction::GiveBack(amount) = credit_action(before, event) {
                assert_eq!((before, amount), (Some(Decision::Reserved(AMOUNT)), AMOUNT));
            }
        }
    }
}

#[test]
fn every_message_is_as_good_once_as_twice() {
    for before in BEFORE {
        for event in OrderEvent::ALL {
            for once in after(before, event) {
                assert_eq!(after(once, event), [once], "{before:?} {event:?}");
            }
        }
    }
}
