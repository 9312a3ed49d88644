//! Topics that are missing or hang: nothing waits for a person, and nobody waits for another's topic.

use std::{sync::Mutex, time::Duration};

use transactional_messaging::{
    outbox::partition_of,
    relay::{LONGEST_CHAIN, Outcome, RelayError},
};
use waiting::Deadline;

use crate::{
    bench::{Bench, subject, texts},
    note::Astray,
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
    let failed = bench.relay.sweep(time::Duration::MINUTE).await.unwrap();
    assert!(failed.values().all(|result| matches!(result, Err(RelayError::NoTopic { .. }))), "{failed:?}");
    assert!(bench.wire.count("ListTopics") <= 3, "not a list for each message");
    bench.sns.create_topic().name("noted").send().await.unwrap();
    seconds(2).await;
    let sent = bench.relay.sweep(time::Duration::MINUTE).await.unwrap();
    assert!(sent.len() == 5 && sent.values().all(|result| matches!(result, Ok(Outcome::Dispatched(1)))));
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
    let begun = tokio::time::Instant::now();
    let done = Mutex::new(Vec::new());
    let partitions = (1..=5).map(|number| partition_of(&subject(number))).collect();
    let report = |partition, result: Result<_, _>| {
        done.lock().unwrap().push((partition, result.is_ok(), begun.elapsed()));
    };
    bench.relay.wake_each(partitions, report).await;
    let done = done.into_inner().unwrap();
    for (partition, ok, after) in &done[..4] {
        assert!(*ok && *after < Duration::from_secs(1), "{partition} waited {after:?}");
    }
    let (hanging, ok, after) = &done[4];
    assert_eq!((hanging, ok), (&partition_of(&subject(1)), &false));
    assert!(*after <= Duration::from_secs(11), "a call is given up long before a minute: {after:?}");
    assert_eq!((bench.delivered().await.len(), bench.pending().await), (12, 1));
}

#[tokio::test(start_paused = true)]
async fn a_wake_up_and_a_sweep_end_before_their_deadline_and_say_what_is_left() {
    let bench = Bench::new().await;
    for number in 0..150 {
        bench.store_all(&subject(number), 0..1).await;
    }
    seconds(120).await;
    bench.wire.inject("PublishBatch", usize::MAX, Fault::Silence);
    let begun = tokio::time::Instant::now();
    let allowed = LONGEST_CHAIN + Duration::from_secs(5);
    let swept = Deadline::after(allowed).scope(bench.relay.sweep(time::Duration::MINUTE)).await.unwrap();
    assert!(begun.elapsed() <= allowed, "{:?}", begun.elapsed());
    assert_eq!((swept.len(), swept.values().filter(|result| result.is_ok()).count()), (150, 0));
    let late = swept.values().filter(|result| matches!(result, Err(RelayError::Late))).count();
    assert!(late >= 50, "the second hundred was not begun: {late}");
    bench.wire.repair();
    assert_eq!(bench.relay.sweep(time::Duration::MINUTE).await.unwrap().len(), 150);
    assert_eq!(bench.delivered().await.len(), 150, "each once");
}
