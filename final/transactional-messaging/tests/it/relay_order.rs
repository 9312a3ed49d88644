//! Messages of one subject leave in the order of their sequence, whatever wakes the relay, how often, and how
//! many relays there are.

use std::collections::HashSet;

use transactional_messaging::{
    message::{Place, Sequence, Subject},
    relay::Outcome,
};
use unit_of_work::UnitOfWork;

use crate::{
    bench::{self, Bench, NOTES, context, subject, texts},
    wire::Wire,
};

#[tokio::test(start_paused = true)]
async fn rows_leave_in_sequence_even_if_they_became_known_in_reverse() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), (0..12).rev()).await;
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(12));
    assert_eq!(bench.texts(&subject(1)).await, texts(0..12));
}

/// Its first message stands behind a version of which nobody ever told.
#[tokio::test(start_paused = true)]
async fn an_aggregate_that_is_older_than_its_outbox_tells_of_its_next_changes() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 1..4).await;
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(3));
    assert_eq!(bench.texts(&subject(1)).await, texts(1..4));
}

#[tokio::test(start_paused = true)]
async fn the_messages_of_one_commit_leave_in_the_order_of_their_index() {
    let bench = Bench::new().await;
    for version in 0..3 {
        let mut work: UnitOfWork<()> = UnitOfWork::new(bench.ambient.id());
        for index in (0..5).rev() {
            let (place, behind) =
                (Sequence::of(version, index), Sequence::of(version, index.saturating_sub(1)));
            let place = match (version, index) {
                (0, 0) => Place::first(subject(1), place),
                (_, 0) => Place::after(subject(1), place, Sequence::of(version - 1, 4)),
                _ => Place::after(subject(1), place, behind),
            };
            let note = bench.noted(&format!("{version}.{index}"));
            bench.outbox.publish(&mut work, &place, &context(), &note).unwrap();
        }
        work.commit(&bench.database()).await.unwrap();
    }
    bench.wake(&subject(1)).await.unwrap();
    let expected: Vec<_> = (0..15).map(|n| format!("{}.{}", n / 5, n % 5)).collect();
    assert_eq!(bench.texts(&subject(1)).await, expected);
}

#[tokio::test(start_paused = true)]
async fn waking_again_publishes_nothing() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..3).await;
    bench.wake(&subject(1)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(0));
    }
    assert_eq!(bench.wire.count("PublishBatch"), 3, "three messages of one subject are three calls");
    bench.store_all(&subject(1), 3..4).await;
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(1));
    assert_eq!(bench.texts(&subject(1)).await, texts(0..4));
}

#[tokio::test(start_paused = true)]
async fn naming_a_subject_twice_in_one_call_publishes_its_messages_once() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..3).await;
    let outcomes = bench.relay.wake(vec![subject(1), subject(1)]).await;
    assert_eq!(outcomes.len(), 1);
    assert_eq!(bench.texts(&subject(1)).await, texts(0..3));
}

#[tokio::test(start_paused = true)]
async fn more_rows_than_are_read_at_once_all_leave_in_order() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..250).await;
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(250));
    assert_eq!(bench.texts(&subject(1)).await, texts(0..250));
    assert_eq!(
        (bench.wire.count("Query"), bench.wire.count("BatchWriteItem"), bench.pending().await),
        (3, 10, 0)
    );
}

/// A read of DynamoDB ends at 1 MB, long before 100 rows of this size.
#[tokio::test(start_paused = true)]
async fn rows_that_do_not_fit_into_one_read_all_leave_in_order() {
    let bench = Bench::new().await;
    for version in 0..20 {
        let text = format!("{version} {}", "x".repeat(100_000));
        bench.store(&subject(1), version, &bench.noted(&text)).await;
    }
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(20));
    let arrived = bench.texts(&subject(1)).await;
    let numbers: Vec<_> = arrived.iter().map(|text| text.split(' ').next().unwrap()).collect();
    assert_eq!(numbers, texts(0..20));
}

/// What wakes the relay comes in any order and more than once; each wake-up sees what the others left.
#[tokio::test(start_paused = true)]
async fn wake_ups_that_overlap_keep_the_order_of_first_arrival() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..5).await;
    let (one, two) = (bench.relay.clone(), bench::relay(&bench.wire, 2_000_000));
    let (a, b, ()) = tokio::join!(one.wake(vec![subject(1)]), two.wake(vec![subject(1)]), async {
        bench.store_all(&subject(1), 5..9).await;
    });
    assert!(a.into_values().chain(b.into_values()).all(|outcome| outcome.is_ok()));
    bench.wake(&subject(1)).await.unwrap();
    assert_eq!(in_order_of_first_arrival(&bench, &subject(1)).await, texts(0..9));
}

async fn in_order_of_first_arrival(bench: &Bench, subject: &Subject) -> Vec<String> {
    let mut seen = HashSet::new();
    let all = bench.texts(subject).await;
    all.into_iter().filter(|text| seen.insert(text.clone())).collect()
}

#[tokio::test(start_paused = true)]
async fn two_relays_at_once_lose_nothing_and_keep_the_order_of_first_arrival() {
    let bench = Bench::new().await;
    let subjects: Vec<_> = (1..=20).map(subject).collect();
    for subject in &subjects {
        bench.store_all(subject, 0..4).await;
    }
    let other_process = Wire::to(bench.wire.aws());
    let other = bench::relay(&other_process, 2_000_000);
    let (a, b) = tokio::join!(bench.relay.wake(subjects.clone()), other.wake(subjects.clone()));
    assert!(a.values().chain(b.values()).all(|outcome| matches!(outcome, Ok(Outcome::Dispatched(_)))));

    let twice = bench.wire.count("PublishBatch") + other_process.count("PublishBatch");
    assert!(twice > 4 * 2, "the two did not meet, so this shows nothing");
    let arrived = bench.delivered().await;
    for subject in &subjects {
        let of_this = arrived.iter().filter(|envelope| envelope.subject == subject.as_str());
        let mut seen = HashSet::new();
        let texts_seen: Vec<_> =
            of_this.map(bench::text_of).filter(|text| seen.insert(text.clone())).collect();
        assert_eq!(texts_seen, texts(0..4));
    }
    assert_eq!(bench.pending().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_publishing_and_deleting_sends_the_same_bytes_again() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..3).await;
    bench.wire.inject("BatchWriteItem", 1, crate::wire::Fault::Silence);
    let crash = tokio::time::timeout(std::time::Duration::from_secs(5), bench.wake(&subject(1))).await;
    assert!(crash.is_err(), "the relay was dropped while it waited");
    let before = crate::queues::drain(&bench.sqs, "notes").await;

    let restarted = bench::relay(&bench.wire, 3_000_000);
    restarted.wake(vec![subject(1)]).await;
    let after = crate::queues::drain(&bench.sqs, "notes").await;
    let sent = |bodies: &[String]| -> Vec<String> {
        let message = |body: &String| {
            serde_json::from_str::<serde_json::Value>(body).unwrap()["Message"].as_str().unwrap().to_owned()
        };
        bodies.iter().map(message).collect()
    };
    assert_eq!((sent(&before).len(), sent(&before)), (3, sent(&after)));
    let first = transactional_messaging::consumer::Delivery::parse(NOTES, &after[0]).unwrap().message;
    assert_eq!(first.text, "0");
    assert_eq!(bench.pending().await, 0);
}
