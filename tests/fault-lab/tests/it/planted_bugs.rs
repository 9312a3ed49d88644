//! The laboratory proves itself: chapter 6 with one line taken out is caught, whichever invariant the line
//! kept.
//!
//! The line is taken out of the requests on their way to AWS, so that the chapter needs no hook for it.

use std::time::Duration;

use fault_engine::{Fault, Function, Kind, Plan, Program, Sabotage, run, run_sabotaged};
use serde_json::Value;

/// Runs chapter 6 under the plan, with and without the bug: with it there must be this damage, without it
/// none.
fn assert_caught(kind: Kind, plan: &Plan, bug: Sabotage) {
    assert_caught_in(&chapter_06::PROGRAM, kind, plan, bug);
}

fn assert_caught_in(program: &Program, kind: Kind, plan: &Plan, bug: Sabotage) {
    let sound = run(program, plan).unwrap();
    assert!(sound.findings.is_empty(), "without the bug: {:?}", sound.findings);
    let broken = run_sabotaged(program, plan, Some(bug)).unwrap();
    assert!(broken.count(kind) > 0, "{} was not caught: {:?}", kind.name(), broken.findings);
}

/// Removes the puts into tables with this ending from a transaction that has others, too.
fn without_puts(operation: &str, body: &mut Value, tables: &str) {
    if operation == "TransactWriteItems" {
        let actions = body["TransactItems"].as_array_mut().unwrap();
        actions
            .retain(|action| !action["Put"]["TableName"].as_str().is_some_and(|name| name.ends_with(tables)));
    }
}

#[test]
fn lost_when_the_outbox_row_is_missing_in_the_transaction() {
    assert_caught(Kind::Lost, &Plan::none(), |operation, body| {
        without_puts(operation, body, "orders-outbox")
    });
}

/// Lambda gives up at once, as it does in the end.
const FORSAKEN: Program = Program {
    functions: &[
        Function { maximum_retry_attempts: 0, ..chapter_06::PROGRAM.functions[0] },
        Function { maximum_retry_attempts: 0, ..chapter_06::PROGRAM.functions[1] },
    ],
    ..chapter_06::PROGRAM
};

#[test]
fn lost_when_the_sweeper_finds_nothing() {
    let outage = Plan::one(Fault::Outage, first_publish("order--created"));
    assert_caught_in(&FORSAKEN, Kind::Lost, &outage, |operation, body| {
        if operation == "Scan" {
            body["ExpressionAttributeValues"][":before"]["S"] = "".into();
        }
    });
}

#[test]
fn phantom_when_the_aggregate_is_missing_in_the_transaction() {
    assert_caught(Kind::Phantom, &Plan::none(), |operation, body| without_puts(operation, body, "orders"));
}

#[test]
fn doubled_when_the_inbox_row_is_missing_in_the_transaction() {
    let plan = Plan::one(Fault::DuplicateDelivery, 0);
    assert_caught(Kind::Doubled, &plan, |operation, body| without_puts(operation, body, "inbox"));
}

#[test]
fn money_when_the_condition_on_the_version_is_missing() {
    let bug: Sabotage = |operation, body| {
        if operation == "TransactWriteItems" {
            for action in body["TransactItems"].as_array_mut().unwrap() {
                let put = &mut action["Put"];
                if put["ConditionExpression"] == "Version = :version" {
                    let put = put.as_object_mut().unwrap();
                    put.remove("ConditionExpression");
                    put.remove("ExpressionAttributeValues");
                }
            }
        }
    };
    // Whether two consumers meet at the customer depends on the latencies, and these on the seed. In chapter
    // 5, whose unit of work is the same, they meet more often: it does not hide the messages that it works
    // on.
    let mut plans = (0..50).map(|seed| Plan { seed, ..Plan::one(Fault::ConcurrentConsumers, 0) });
    let caught =
        |plan: &Plan| run_sabotaged(&chapter_05::PROGRAM, plan, Some(bug)).unwrap().count(Kind::Money) > 0;
    let plan = plans.find(caught).expect("two consumers meet at the customer in one of 50 runs");
    assert_caught_in(&chapter_05::PROGRAM, Kind::Money, &plan, bug);
}

#[test]
fn disordered_when_what_a_query_does_not_show_is_taken_for_sent() {
    // The relay asks for a predecessor that nobody has stored, as if it trusted the query that did not show
    // it.
    assert_caught(Kind::Disordered, &half_visible(), |operation, body| {
        if operation == "TransactGetItems" {
            body["TransactItems"][0]["Get"]["Key"]["SK"]["S"] = "nothing".into();
        }
    });
}

#[test]
fn disordered_when_a_row_does_not_name_its_predecessor() {
    assert_caught(Kind::Disordered, &half_visible(), |operation, body| {
        if operation == "TransactWriteItems" {
            for action in body["TransactItems"].as_array_mut().unwrap() {
                if let Some(item) = action["Put"]["Item"].as_object_mut() {
                    item.remove("Predecessor");
                }
            }
        }
    });
}

/// Where the chapter's story has it: the next commit's row is visible before that of the one it was made on.
fn half_visible() -> Plan {
    let mut episodes = chapter_06::story::STORY.episodes.iter();
    let episode = episodes.find(|episode| episode.fault == Fault::HalfVisible).unwrap();
    episode.plan(&chapter_06::PROGRAM, &run(&chapter_06::PROGRAM, &Plan::none()).unwrap()).unwrap()
}

#[test]
fn stuck_when_a_mark_says_no_reason() {
    let refused = Plan::one(Fault::RefusedMessage, first_publish("order--created"));
    assert_caught(Kind::Stuck, &refused, |operation, body| {
        if operation == "UpdateItem" {
            body["ExpressionAttributeValues"][":reason"]["S"] = "".into();
        }
    });
}

fn first_publish(topic: &str) -> usize {
    let sound = run(&chapter_06::PROGRAM, &Plan::none()).unwrap();
    let mut calls = sound.calls.iter();
    calls.find(|call| call.site.operation == "Publish" && call.site.target == topic).unwrap().index
}

#[test]
fn stuck_when_a_dead_letter_says_no_reason() {
    assert_caught(Kind::Stuck, &Plan::one(Fault::PoisonPayload, 0), |operation, body| {
        if operation == "SendMessage" {
            body.as_object_mut().unwrap().remove("MessageAttributes");
        }
    });
}

/// Chapter 6 puts no limit to a request: held to one, it breaks it.
#[test]
fn stuck_when_an_answer_comes_later_than_was_promised() {
    let sound = run(&chapter_06::PROGRAM, &Plan::none()).unwrap();
    let is_write = |call: &&fault_engine::Call| {
        &*call.site.component == "http" && call.site.operation == "TransactWriteItems"
    };
    let call = sound.calls.iter().find(is_write).unwrap().index;
    let promised = Program { answers_within: Some(Duration::from_secs(5)), ..chapter_06::PROGRAM };
    let calm = run(&promised, &Plan::none()).unwrap();
    assert!(calm.findings.is_empty(), "without the fault: {:?}", calm.findings);
    let slow = run(&promised, &Plan::one(Fault::SlowAnswers, call)).unwrap();
    assert!(slow.count(Kind::Stuck) > 0, "{:?}", slow.findings);
}
