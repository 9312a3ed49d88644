//! Whatever fails in whatever order: when it works again, every message was sent, and each subject's messages
//! in their order.

use std::{collections::HashSet, time::Duration};

use proptest::prelude::*;
use tokio::task::JoinSet;
use transactional_messaging::relay::Relay;

use crate::{
    bench::{self, Bench, key, subject, text_of, texts},
    partly::{Not, half_done, partly},
    wire::Fault,
};

const SUBJECTS: u128 = 3;

#[derive(Clone, Debug)]
enum Step {
    /// A message of this subject is committed.
    Store(u128),
    /// The same, but its row becomes visible so many milliseconds after the aggregate: others commit behind
    /// it meanwhile.
    StoreLate(u128, u64),
    /// These relays are woken at the same time, each for all subjects, or for the rows of all that was
    /// stored.
    Wake {
        both: bool,
        rows: bool,
    },
    /// A record of each subject's last row, and of nothing before it.
    WakeLast,
    Sweep,
    /// A relay is woken and dies after so many milliseconds.
    Crash(u64),
    /// The next call of this operation fails so.
    Break {
        operation: &'static str,
        fault: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let operation = prop::sample::select(vec![
        "BatchGetItem",
        "Query",
        "TransactGetItems",
        "BatchWriteItem",
        "PublishBatch",
        "ListTopics",
    ]);
    prop_oneof![
        4 => (0..SUBJECTS).prop_map(Step::Store),
        2 => (0..SUBJECTS, 1..2_000u64).prop_map(|(subject, late)| Step::StoreLate(subject, late)),
        3 => any::<(bool, bool)>().prop_map(|(both, rows)| Step::Wake { both, rows }),
        1 => Just(Step::WakeLast),
        1 => Just(Step::Sweep),
        1 => (0..80u64).prop_map(Step::Crash),
        3 => (operation, 0..5usize).prop_map(|(operation, fault)| Step::Break { operation, fault }),
    ]
}

fn fault(operation: &str, number: usize) -> Fault {
    match number {
        0 => Fault::RequestLost,
        1 => Fault::AnswerLost,
        2 => Fault::Slow(Duration::from_millis(40)),
        3 if operation == "PublishBatch" => {
            partly(Not::ThisTime, "note/00000000-0000-0000-0000-000000000001")
        }
        3 if operation == "TransactGetItems" => {
            Fault::cancelled(&["None", "TransactionConflict", "None", "None"])
        }
        3 | 4 if operation == "BatchWriteItem" => half_done(),
        4 if operation == "PublishBatch" => {
            partly(Not::Mentioned, "note/00000000-0000-0000-0000-000000000002")
        }
        _ => Fault::code(500, "InternalServerError"),
    }
}

async fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let bench = Bench::new().await;
    let all = || (0..SUBJECTS).map(subject).collect::<Vec<_>>();
    let mut stored = [0; SUBJECTS as usize];
    // Each process has ids of its own.
    let mut processes = (2..).map(|number| bench::relay(&bench.wire, number * 1_000_000));
    let mut relay: Relay = bench.relay.clone();
    let mut commits = JoinSet::new();
    for step in steps {
        match step {
            Step::Store(number) => {
                let version = &mut stored[number as usize];
                bench.store_all(&subject(number), *version..=*version).await;
                *version += 1;
            }
            Step::StoreLate(number, late) => {
                let version = &mut stored[number as usize];
                let late = Duration::from_millis(late);
                commits.spawn(bench.commit_item_by_item(&subject(number), *version, late).await);
                *version += 1;
            }
            Step::Wake { both, rows } => {
                let other = processes.next().unwrap();
                let versions =
                    |number| (0..stored[number as usize]).map(move |version| key(&subject(number), version));
                let keys = || (0..SUBJECTS).flat_map(versions).collect::<Vec<_>>();
                tokio::join!(
                    async { if rows { relay.wake_rows(keys()).await } else { relay.wake(all()).await } },
                    async {
                        if both {
                            other.wake(all()).await;
                        }
                    }
                );
            }
            Step::WakeLast => {
                let last =
                    |number| Some(key(&subject(number), u64::checked_sub(stored[number as usize], 1)?));
                relay.wake_rows((0..SUBJECTS).filter_map(last).collect()).await;
            }
            Step::Sweep => drop(relay.sweep(time::Duration::ZERO).await),
            Step::Crash(after) => {
                tokio::time::timeout(Duration::from_millis(after), relay.wake(all())).await.ok();
                relay = processes.next().unwrap();
            }
            Step::Break { operation, fault: number } => {
                // Three times, or the SDK's own retries hide it.
                bench.wire.inject(operation, 3, fault(operation, number));
            }
        }
    }
    while commits.join_next().await.is_some() {}
    bench.wire.repair();
    for outcome in relay.wake(all()).await.into_values() {
        prop_assert!(outcome.is_ok(), "{:?}", outcome);
    }
    let arrived = bench.delivered().await;
    for number in 0..SUBJECTS {
        let mut seen = HashSet::new();
        let of_this =
            arrived.iter().filter(|envelope| envelope.subject == subject(number).as_str()).map(text_of);
        let first_arrivals: Vec<_> = of_this.filter(|text| seen.insert(text.clone())).collect();
        prop_assert_eq!(first_arrivals, texts(0..stored[number as usize]));
    }
    prop_assert_eq!(bench.pending().await, 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_message_is_sent_in_order_whatever_fails(steps in prop::collection::vec(step(), 1..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(run(steps))?;
    }
}
