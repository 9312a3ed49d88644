//! Whose turn it is, while transactions become visible item by item and other relays are at work.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use local_aws::ItemByItem;
use transactional_messaging::{
    message::{Place, Sequence},
    outbox::partition_of,
    relay::{News, Outcome, RelayError},
};
use unit_of_work::UnitOfWork;

use crate::{
    bench::{self, Bench, OUTBOX, context, key, sequence, subject, text, texts},
    partly::{Not, partly},
    wire::Fault,
};

const LONG: Duration = Duration::from_secs(3_600);
const SHORT: Duration = Duration::from_millis(700);

/// How the relay may hear of the row with this version.
async fn woken(bench: &Bench, version: u64, by: &str) -> Result<Outcome, RelayError> {
    match by {
        "query" => bench.wake(&subject(1)).await,
        "record" => bench.wake_rows(&subject(1), [version]).await,
        _ => {
            let mut results = Vec::new();
            bench.relay.sweep_each(time::Duration::ZERO, |_, result| results.push(result)).await.unwrap();
            results.remove(0)
        }
    }
}

const WAYS: [&str; 3] = ["query", "record", "sweep"];

/// Commit 1 is decided: its aggregate is visible, and commit 2 was made on it. Row 1 is not visible yet, row
/// 2 is.
#[tokio::test(start_paused = true)]
async fn a_row_that_shows_before_its_predecessor_waits_for_it() {
    for by in WAYS {
        let bench = Bench::new().await;
        bench.store_all(&subject(1), 0..1).await;
        bench.wake(&subject(1)).await.unwrap();
        let first = bench.commit_item_by_item(&subject(1), 1, LONG).await;
        bench.store_all(&subject(1), 2..3).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(bench.pending().await, 1, "this is the hole: row 2 without row 1");
        let waits = woken(&bench, 2, by).await;
        assert!(matches!(&waits, Err(RelayError::Unfinished)), "{by}: {waits:?}");
        assert_eq!(bench.texts(&subject(1)).await, texts(0..1));
        tokio::time::sleep(LONG).await;
        first.await;
        assert_eq!(woken(&bench, 2, by).await.unwrap(), Outcome::Dispatched(2), "{by}");
        assert_eq!(bench.texts(&subject(1)).await, texts(1..3), "{by}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_that_shows_soon_after_its_successor_is_waited_for() {
    for by in WAYS {
        let bench = Bench::new().await;
        let first = bench.commit_item_by_item(&subject(1), 3, SHORT).await;
        bench.store_all(&subject(1), 4..5).await;
        assert_eq!(bench.pending().await, 1);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(woken(&bench, 4, by).await.unwrap(), Outcome::Dispatched(2), "{by}");
        assert_eq!(bench.texts(&subject(1)).await, texts(3..5), "{by}");
        first.await;
    }
}

/// One commit writes two messages, and the second shows first.
#[tokio::test(start_paused = true)]
async fn two_messages_of_one_commit_keep_their_order_in_whatever_order_they_show() {
    for by in WAYS {
        let bench = Bench::new().await;
        let mut work = UnitOfWork::new(bench.ambient.id());
        let places = [
            Place::first(subject(1), Sequence::of(0, 0)),
            Place::after(subject(1), Sequence::of(1, 0), Sequence::of(0, 0)),
        ];
        for (version, place) in places.iter().enumerate() {
            let note = bench.noted(&version.to_string());
            bench.outbox.publish(&mut work, place, &context(), &note).unwrap();
        }
        let (mut decided, commit) = bench.commit_so(work, ItemByItem { sequence: vec![1, 0], gap: SHORT });
        let commit = tokio::spawn(commit);
        decided.recv().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(bench.pending().await, 1);
        assert_eq!(woken(&bench, 1, by).await.unwrap(), Outcome::Dispatched(2), "{by}");
        assert_eq!(bench.texts(&subject(1)).await, texts(0..2), "{by}");
        commit.await.unwrap();
    }
}

/// What is asked for together is told apart.
#[tokio::test(start_paused = true)]
async fn a_commit_that_becomes_visible_holds_up_no_other_subject() {
    let bench = Bench::new().await;
    let _first = bench.commit_item_by_item(&subject(1), 1, LONG).await;
    for number in 1..=3 {
        bench.store_all(&subject(number), 2..3).await;
    }
    let begun = tokio::time::Instant::now();
    let mut done = Vec::new();
    let keys = (1..=3).map(|number| key(&subject(number), 2)).collect();
    bench
        .relay
        .wake_each(News::Rows(keys), |subject, result| done.push((subject, result.is_ok(), begun.elapsed())))
        .await;
    let waiting = done.pop().unwrap();
    assert!(waiting.0 == subject(1) && !waiting.1 && waiting.2 < Duration::from_secs(10), "{waiting:?}");
    assert_eq!(done.len(), 2);
    assert!(done.iter().all(|(_, ok, after)| *ok && *after < Duration::from_secs(1)), "{done:?}");
}

/// A deadline ends the wait, not the other way round.
#[tokio::test(start_paused = true)]
async fn nobody_is_waited_for_beyond_the_deadline() {
    let bench = Bench::new().await;
    let _first = bench.commit_item_by_item(&subject(1), 1, LONG).await;
    bench.store_all(&subject(1), 2..3).await;
    let allowed = transactional_messaging::relay::LONGEST_CHAIN + Duration::from_millis(500);
    let begun = tokio::time::Instant::now();
    let outcome = waiting::Deadline::after(allowed).scope(bench.wake_rows(&subject(1), [2])).await;
    assert!(outcome.is_err() && begun.elapsed() <= allowed);
}

#[tokio::test(start_paused = true)]
async fn a_record_of_a_row_in_the_middle_brings_everything_from_the_beginning() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..6).await;
    assert_eq!(bench.wake_rows(&subject(1), [3]).await.unwrap(), Outcome::Dispatched(6));
    assert_eq!(bench.texts(&subject(1)).await, texts(0..6));
    assert_eq!(bench.wire.operations()[..3], ["BatchGetItem", "TransactGetItems", "Query"]);
}

#[tokio::test(start_paused = true)]
async fn records_with_a_gap_between_them_leave_nothing_out_and_nothing_too_soon() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..6).await;
    assert_eq!(bench.wake_rows(&subject(1), [0, 1, 4]).await.unwrap(), Outcome::Dispatched(6));
    assert_eq!(bench.texts(&subject(1)).await, texts(0..6));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_another_relay_has_sent_meanwhile_is_not_sent_again() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 4..6).await;
    let other = bench::relay(&crate::wire::Wire::to(bench.wire.aws()), 2_000_000);
    let overtake = Fault::instead(move |aws, request| {
        let other = other.clone();
        async move {
            // In a task of its own: it has more time than one call.
            tokio::spawn(async move { other.wake(vec![subject(1)]).await }).await.unwrap();
            aws.call(request).await
        }
    });
    bench.wire.inject("TransactGetItems", 1, overtake);
    bench.wake_rows(&subject(1), 4..5).await.unwrap();
    assert_eq!((bench.wire.count("PublishBatch"), bench.texts(&subject(1)).await), (0, texts(4..6)));
}

/// Another relay has sent the row, or an operator has removed it, while SNS was refusing it.
#[tokio::test(start_paused = true)]
async fn a_row_that_vanishes_meanwhile_is_not_brought_back_as_a_mark_without_a_message() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..2).await;
    bench.wire.inject("PublishBatch", 1, partly(Not::Taken, "note"));
    let (dynamodb, gone) =
        (bench.dynamodb.clone(), bench.outbox.table().key(partition_of(&subject(1)), Some(&sequence(0))));
    let vanish = Fault::instead(move |aws, request| {
        let delete = dynamodb.delete_item().table_name(OUTBOX).set_key(Some(gone.clone())).send();
        async move {
            delete.await.unwrap();
            aws.call(request).await
        }
    });
    bench.wire.inject("UpdateItem", 1, vanish);
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(1));
    assert_eq!((bench.pending().await, bench.texts(&subject(1)).await), (0, texts(1..2)));
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_cannot_be_set_is_an_error_and_the_row_is_tried_again() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..2).await;
    bench.wire.inject("PublishBatch", 1, partly(Not::Taken, "note"));
    bench.wire.inject("UpdateItem", 1, Fault::code(400, "AccessDeniedException"));
    assert!(matches!(bench.wake(&subject(1)).await, Err(RelayError::Settle(_))));
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(2));
    assert_eq!(bench.texts(&subject(1)).await, texts(0..2));
}

/// A row may be damaged anywhere; the mark is taken from it wherever it stands.
#[tokio::test(start_paused = true)]
async fn unparking_takes_every_mark_of_the_subject_and_touches_nothing_else() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..150).await;
    bench.store_all(&subject(2), 0..1).await;
    for (number, version) in [(1, 0), (1, 140), (2, 0)] {
        let why = Some(AttributeValue::S("why".to_owned()));
        bench.change(&subject(number), &sequence(version), "SET Parked = :v", why).await;
    }
    assert_eq!(bench.relay.unpark(&subject(1)).await.unwrap(), Outcome::Dispatched(150));
    assert_eq!(
        bench.relay.unpark(&subject(1)).await.unwrap(),
        Outcome::Dispatched(0),
        "a second time is harmless"
    );
    let other = bench.row(&subject(2), &sequence(0)).await.unwrap();
    assert_eq!((bench.pending().await, text(&other, "Parked")), (1, Some("why")));
}

/// Without order a subject's messages share calls; one that SNS does not take is sent again, after those that
/// it took.
#[tokio::test(start_paused = true)]
async fn where_order_is_given_up_a_call_that_is_taken_in_part_loses_nothing() {
    for not in [Not::ThisTime, Not::Mentioned, Not::Taken] {
        let mut bench = Bench::new().await;
        bench.relay = bench.relay.clone().without_order(["noted".to_owned()]);
        for version in 0..4 {
            let mark = if version == 1 { " marked" } else { "" };
            bench.store(&subject(1), version, &bench.noted(&format!("{version}{mark}"))).await;
        }
        bench.wire.inject("PublishBatch", 1, partly(not, "marked"));
        let first = bench.wake(&subject(1)).await;
        assert_eq!(bench.pending().await, 1, "{first:?}");
        bench.relay.unpark(&subject(1)).await.unwrap();
        assert_eq!(bench.texts(&subject(1)).await, ["0", "2", "3", "1 marked"]);
    }
}
