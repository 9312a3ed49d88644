//! Topics that are missing or hang: nothing waits for a person, and nobody waits for another's topic.

use std::{sync::Mutex, time::Duration};

use tokio::time::Instant;
use transactional_messaging::relay::{LONGEST_CHAIN, News, Outcome, RelayError};
use waiting::Deadline;

use crate::{
    bench::{Bench, subject, texts},
    note::Astray,
    sweeper::one_item_a_page,
    wire::Fault,
};

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_does_not_exist_is_never_made_parks_nothing_and_gets_its_message_when_it_is_there() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..1).await;
    bench.store(&subject(1), 1, &Astray(bench.noted("astray"))).await;
    bench.store_all(&subject(1), 2..3).await;
    for _ in 0..3 {
        let error = bench.wake(&subject(1)).await.unwrap_err();
        assert!(matches!(&error, RelayError::NoTopic { topic } if topic == "nowhere"), "{error}");
    }
    assert_eq!((bench.wire.count("CreateTopic"), bench.texts(&subject(1)).await), (0, texts(0..1)));
    bench.sns.create_topic().name("nowhere").send().await.unwrap();
    seconds(2).await;
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(2));
    assert_eq!(bench.texts(&subject(1)).await, texts(2..3));
}

#[tokio::test(start_paused = true)]
async fn a_topic_deleted_and_made_again_leaves_nothing_waiting_for_a_person() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..1).await;
    bench.wake(&subject(1)).await.unwrap();
    let arn = bench.sns.create_topic().name("noted").send().await.unwrap().topic_arn.unwrap();
    bench.sns.delete_topic().topic_arn(arn).send().await.unwrap();
    for number in 1..=5 {
        bench.store_all(&subject(number), 1..2).await;
    }
    seconds(120).await;
    let mut failed = Vec::new();
    bench.relay.sweep_each(time::Duration::MINUTE, |_, result| failed.push(result)).await.unwrap();
    let is_missing = |result: &Result<_, _>| matches!(result, Err(RelayError::NoTopic { .. }));
    assert!(failed.len() == 5 && failed.iter().all(is_missing), "{failed:?}");
    assert!(bench.wire.count("ListTopics") <= 3, "not a list for each message");
    bench.sns.create_topic().name("noted").send().await.unwrap();
    seconds(2).await;
    let sent = bench.relay.sweep(time::Duration::MINUTE).await.unwrap();
    assert_eq!((sent.subjects, sent.messages, sent.failed), (5, 5, 0));
    assert_eq!(bench.pending().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_hangs_keeps_back_only_its_own_subjects() {
    let bench = Bench::new().await;
    bench.sns.create_topic().name("nowhere").send().await.unwrap();
    bench.store(&subject(1), 0, &Astray(bench.noted("hangs"))).await;
    for number in 2..=5 {
        bench.store_all(&subject(number), 0..3).await;
    }
    bench.wire.inject_where("PublishBatch", "nowhere", usize::MAX, Fault::Silence);
    let begun = Instant::now();
    let done = Mutex::new(Vec::new());
    let subjects = News::Subjects((1..=5).map(subject).collect());
    let report = |subject, result: Result<_, _>| {
        done.lock().unwrap().push((subject, result.is_ok(), begun.elapsed()));
    };
    bench.relay.wake_each(subjects, report).await;
    let done = done.into_inner().unwrap();
    for (subject, ok, after) in &done[..4] {
        assert!(*ok && *after < Duration::from_secs(1), "{subject:?} waited {after:?}");
    }
    let (hanging, ok, after) = &done[4];
    assert_eq!((hanging, ok), (&subject(1), &false));
    assert!(*after <= Duration::from_secs(11), "a call is given up long before a minute: {after:?}");
    assert_eq!((bench.delivered().await.len(), bench.pending().await), (12, 1));
}

#[tokio::test(start_paused = true)]
async fn a_wake_up_ends_before_its_deadline_and_says_what_is_left() {
    let bench = Bench::new().await;
    let subjects: Vec<_> = (0..150).map(subject).collect();
    for subject in &subjects {
        bench.store_all(subject, 0..1).await;
    }
    bench.wire.inject("Query", usize::MAX, Fault::Slow(Duration::from_secs(5)));
    let (begun, allowed) = (Instant::now(), LONGEST_CHAIN + Duration::from_secs(7));
    let outcomes = Deadline::after(allowed).scope(bench.wake_all(&subjects)).await;
    assert!(begun.elapsed() <= allowed, "{:?}", begun.elapsed());
    let late = outcomes.iter().filter(|result| matches!(result, Err(RelayError::Late))).count();
    let sent = outcomes.iter().filter(|result| matches!(result, Ok(Outcome::Dispatched(1)))).count();
    assert_eq!((late, sent), (150 - 16, 16), "eight are read at once");
    bench.wire.repair();
    bench.wake_all(&subjects).await;
    assert_eq!(bench.delivered().await.len(), 150, "each once");
}

#[tokio::test(start_paused = true)]
async fn a_sweep_ends_before_its_deadline_and_says_that_there_may_be_more() {
    let bench = Bench::new().await;
    for number in 0..20 {
        bench.store_all(&subject(number), 0..1).await;
    }
    seconds(120).await;
    bench.wire.inject("Scan", usize::MAX, Fault::instead(|aws, request| one_item_a_page(aws, request, 5)));
    let (begun, allowed) = (Instant::now(), LONGEST_CHAIN + Duration::from_secs(25));
    let swept = Deadline::after(allowed).scope(bench.relay.sweep(time::Duration::MINUTE)).await.unwrap();
    assert!(begun.elapsed() <= allowed, "{:?}", begun.elapsed());
    assert!(swept.is_unfinished && swept.messages > 0 && swept.messages < 20, "{swept:?}");
    bench.wire.repair();
    let rest = bench.relay.sweep(time::Duration::MINUTE).await.unwrap();
    assert_eq!((rest.messages, rest.is_unfinished), (20 - swept.messages, false));
    assert_eq!(bench.delivered().await.len(), 20, "each once");
}

/// A sweep does not wait anew with each page for what has not answered.
#[tokio::test(start_paused = true)]
async fn a_topic_that_hangs_costs_a_sweep_its_time_once() {
    let bench = Bench::new().await;
    bench.sns.create_topic().name("nowhere").send().await.unwrap();
    for number in 0..10 {
        bench.store(&subject(number), 0, &Astray(bench.noted("hangs"))).await;
        bench.store_all(&subject(100 + number), 0..2).await;
    }
    seconds(120).await;
    bench.wire.inject_where("PublishBatch", "nowhere", usize::MAX, Fault::Silence);
    bench.wire.inject("Scan", usize::MAX, Fault::instead(|aws, request| one_item_a_page(aws, request, 0)));
    let begun = Instant::now();
    let swept = bench.relay.sweep(time::Duration::MINUTE).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!((swept.messages, swept.failed, bench.pending().await), (20, 10, 10));
}
