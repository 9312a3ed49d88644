//! The table of decisions: every pair in it, what it makes impossible, and that its picture in the documentation is the same.

use super::*;

const AMOUNT: Money = Money(7);
const BEFORE: [Option<Decision>; 4] =
    [None, Some(Decision::Reserved(AMOUNT)), Some(Decision::Refused), Some(Decision::Released)];

/// The decision after the news; deciding about a new order can end either way.
fn after(before: Option<Decision>, news: News) -> Vec<Option<Decision>> {
    match duty(before, news) {
        Duty::Decide => vec![Some(Decision::Reserved(AMOUNT)), Some(Decision::Refused)],
        Duty::GiveBack(_) | Duty::NeverReserve => vec![Some(Decision::Released)],
        Duty::Nothing => vec![before],
    }
}

/// The table as the documentation shows it.
fn picture() -> String {
    let plain = |text: String| text.split(['(', ')']).next().unwrap_or_default().to_owned();
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let heads = News::ALL.map(|news| format!("{news:?}"));
    let mut text = row([vec!["decided before".to_owned()], heads.to_vec()].concat());
    text += &row(vec!["---".to_owned(); 1 + News::ALL.len()]);
    for before in BEFORE {
        let name = before.map_or("nothing".to_owned(), |decision| plain(format!("{decision:?}")));
        let duties = News::ALL.map(|news| plain(format!("{:?}", duty(before, news))));
        text += &row([vec![name], duties.to_vec()].concat());
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
        for news in News::ALL {
            let decides = duty(before, news) == Duty::Decide;
            assert_eq!(decides, before.is_none() && news == News::OrderCreated, "{before:?} {news:?}");
        }
    }
}

#[test]
fn after_the_end_of_an_order_nothing_is_reserved_for_it_whatever_comes_before_and_after() {
    for before in BEFORE {
        for end in [News::OrderCancelled, News::OrderRejected] {
            for ended in after(before, end) {
                assert!(matches!(ended, Some(Decision::Refused | Decision::Released)), "{before:?} {end:?}");
                for news in News::ALL {
                    assert_eq!(duty(ended, news), Duty::Nothing, "{before:?} {end:?} {news:?}");
                }
            }
        }
    }
}

#[test]
fn exactly_what_was_reserved_is_given_back_and_only_once() {
    for before in BEFORE {
        for news in News::ALL {
            if let Duty::GiveBack(amount) = duty(before, news) {
                assert_eq!((before, amount), (Some(Decision::Reserved(AMOUNT)), AMOUNT));
            }
        }
    }
}

#[test]
fn every_message_is_as_good_once_as_twice() {
    for before in BEFORE {
        for news in News::ALL {
            for once in after(before, news) {
                assert_eq!(after(once, news), [once], "{before:?} {news:?}");
            }
        }
    }
}
