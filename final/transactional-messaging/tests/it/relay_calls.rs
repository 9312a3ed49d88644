//! How many calls of AWS the relay makes, which is most of what it costs: exactly, so that one more is
//! noticed.

use transactional_messaging::{message::Subject, outbox::RowKey, relay::Outcome};

use crate::bench::{self, Bench, key, subject};

/// So many rows of each of so many subjects, the first ones of these versions, and their keys as a stream
/// brings them.
async fn stored(subjects: u128, versions: std::ops::Range<u64>) -> (Bench, Vec<RowKey>) {
    let bench = Bench::new().await;
    let mut keys = Vec::new();
    for version in versions {
        for number in 0..subjects {
            bench.store_all(&subject(number), version..=version).await;
            keys.push(key(&subject(number), version));
        }
    }
    (bench, keys)
}

/// How many calls of each kind; topics are listed once in the life of a process.
fn calls(bench: &Bench) -> [usize; 6] {
    let operations =
        ["BatchGetItem", "TransactGetItems", "Query", "PublishBatch", "BatchWriteItem", "ListTopics"];
    let counts = operations.map(|operation| bench.wire.count(operation));
    assert_eq!(bench.wire.total(), counts.iter().sum::<usize>(), "and no other calls");
    counts
}

async fn all_sent(bench: &Bench, keys: Vec<RowKey>, rows: usize) {
    let outcomes = bench.relay.wake_rows(keys).await;
    let sent = outcomes.values().map(|outcome| match outcome {
        Ok(Outcome::Dispatched(sent)) => *sent,
        other => panic!("{other:?}"),
    });
    assert_eq!((sent.sum::<usize>(), bench.pending().await), (rows, 0));
}

#[tokio::test(start_paused = true)]
async fn a_hundred_first_messages_of_a_hundred_subjects_are_fifteen_calls() {
    let (bench, keys) = stored(100, 0..1).await;
    all_sent(&bench, keys, 100).await;
    assert_eq!(calls(&bench), [1, 0, 0, 10, 4, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_later_messages_of_a_hundred_subjects_are_seventeen_calls() {
    let (bench, keys) = stored(100, 7..8).await;
    all_sent(&bench, keys, 100).await;
    assert_eq!(calls(&bench), [1, 2, 0, 10, 4, 1]);
}

#[tokio::test(start_paused = true)]
async fn ten_messages_of_each_of_ten_subjects_are_sixteen_calls() {
    let (bench, keys) = stored(10, 5..15).await;
    all_sent(&bench, keys, 100).await;
    assert_eq!(calls(&bench), [1, 1, 0, 10, 4, 1]);
}

/// A call for each message is the price of order: SNS may take a call in part.
#[tokio::test(start_paused = true)]
async fn a_hundred_messages_of_one_subject_are_a_hundred_calls_and_six() {
    let (bench, keys) = stored(1, 5..105).await;
    all_sent(&bench, keys, 100).await;
    assert_eq!(calls(&bench), [1, 1, 0, 100, 4, 1]);
}

#[tokio::test(start_paused = true)]
async fn where_a_topic_gives_order_up_they_are_sixteen() {
    let (mut bench, keys) = stored(1, 5..105).await;
    bench.relay = bench.relay.clone().without_order(["noted".to_owned()]);
    all_sent(&bench, keys, 100).await;
    assert_eq!(calls(&bench), [1, 1, 0, 10, 4, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_comes_again_is_one_call_and_sends_nothing() {
    let (bench, keys) = stored(50, 0..2).await;
    all_sent(&bench, keys.clone(), 100).await;
    let before = bench.wire.total();
    all_sent(&bench, keys, 0).await;
    assert_eq!((bench.wire.total() - before, bench.delivered().await.len()), (1, 100));
}

/// The whole call is refused because of one of them, and says of which.
#[tokio::test(start_paused = true)]
async fn a_subject_whose_turn_is_unclear_costs_the_others_one_call() {
    let (bench, keys) = stored(50, 7..8).await;
    let mut reasons = vec!["None"; 100];
    reasons[14] = "TransactionConflict";
    bench.wire.inject("TransactGetItems", 1, crate::wire::Fault::cancelled(&reasons));
    all_sent(&bench, keys, 50).await;
    let [_, turns, ..] = calls(&bench);
    let asked: Vec<_> = bench.wire.calls("TransactGetItems").iter().map(pairs).collect();
    assert_eq!((turns, asked), (3, vec![50, 49, 1]));
}

fn pairs(call: &crate::wire::Call) -> usize {
    call.body.matches("\"Get\"").count() / 2
}

/// No call carries two messages of one subject, whatever is ready.
#[tokio::test(start_paused = true)]
async fn no_call_carries_two_messages_of_a_subject() {
    let (bench, keys) = stored(3, 0..20).await;
    all_sent(&bench, keys, 60).await;
    for call in bench.wire.calls("PublishBatch") {
        let count = |subject: &Subject| call.body.matches(&subject.as_str().replace('/', "%2F")).count();
        let counts = [0, 1, 2].map(|number| count(&bench::subject(number)));
        assert!(counts.iter().sum::<usize>() > 0 && counts.iter().all(|count| *count <= 1), "{counts:?}");
    }
}
