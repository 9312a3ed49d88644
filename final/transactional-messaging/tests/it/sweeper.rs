//! The sweeper finds what no wake-up ever reached, and leaves the rest alone.

use time::Duration;
use transactional_messaging::{
    outbox::partition_of,
    relay::{Outcome, RelayError},
};

use crate::{
    bench::{Bench, subject, text_of, texts},
    partly::{Not, partly},
    wire::Fault,
};

async fn later(seconds: u64) {
    tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn rows_that_no_wake_up_reached_are_found_in_every_shard_and_sent_in_order() {
    let bench = Bench::new().await;
    let subjects: Vec<_> = (0..60).map(subject).collect();
    for subject in &subjects {
        bench.store_all(subject, 0..2).await;
    }
    later(120).await;
    let results = bench.relay.sweep(Duration::MINUTE).await.unwrap();
    assert_eq!(results.len(), 60);
    assert!(results.values().all(|outcome| matches!(outcome, Ok(Outcome::Dispatched(2)))));
    assert_eq!((bench.pending().await, bench.texts(&subject(7)).await), (0, texts(0..2)));
    assert!(
        bench.relay.sweep(Duration::MINUTE).await.unwrap().is_empty(),
        "nothing is left for the next one"
    );
}

#[tokio::test(start_paused = true)]
async fn rows_younger_than_asked_for_are_left_to_the_stream() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..1).await;
    later(59).await;
    assert!(bench.relay.sweep(Duration::MINUTE).await.unwrap().is_empty());
    later(2).await;
    assert_eq!(bench.relay.sweep(Duration::MINUTE).await.unwrap().len(), 1);
}

/// After a long outage there may be more than fit into memory with their messages.
#[tokio::test(start_paused = true)]
async fn very_many_subjects_are_not_all_read_before_the_first_is_sent() {
    let bench = Bench::new().await;
    for number in 0..250 {
        bench.store_all(&subject(number), 0..1).await;
    }
    later(120).await;
    assert_eq!(bench.relay.sweep(Duration::MINUTE).await.unwrap().len(), 250);
    let calls = bench.wire.operations();
    let before_the_first = calls.iter().take_while(|operation| *operation != "PublishBatch");
    let subjects_read = before_the_first.filter(|operation| *operation == "GetItem").count();
    assert!(subjects_read <= 100, "{subjects_read}");
    assert_eq!(bench.delivered().await.len(), 250);
}

/// More rows than one page of the index brings.
#[tokio::test(start_paused = true)]
async fn a_pending_index_of_many_pages_is_read_to_its_end() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..1).await;
    bench.store_all(&subject(2), 0..1).await;
    later(120).await;
    // DynamoDB ends a page where it likes, and may bring an empty one.
    let empty = Fault::instead(|aws, mut request| async move {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap()).into_owned();
        *request.body_mut() = body.replacen('{', r#"{"Limit":1,"#, 1).into();
        request.headers_mut().remove("content-length");
        aws.call(request).await
    });
    bench.wire.inject_where("Query", "PendingIndex", usize::MAX, empty);
    assert_eq!(bench.relay.sweep(Duration::MINUTE).await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn parked_subjects_stay_parked_and_are_told() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..1).await;
    bench.wire.inject("PublishBatch", 1, partly(Not::Taken, "note"));
    bench.wake(&subject(1)).await.unwrap();
    later(120).await;
    let results = bench.relay.sweep(Duration::MINUTE).await.unwrap();
    assert!(matches!(results[&partition_of(&subject(1))], Ok(Outcome::Parked)));
    assert!(bench.delivered().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_index_that_cannot_be_read_is_an_error_that_a_retry_can_cure() {
    let bench = Bench::new().await;
    bench.wire.inject_where("Query", "PendingIndex", usize::MAX, Fault::code(500, "InternalServerError"));
    let error = bench.relay.sweep(Duration::MINUTE).await.unwrap_err();
    assert!(matches!(error, RelayError::Read(_)) && error.is_retryable());
}

/// The stream's wake-ups, two sweepers and new messages, all at once.
#[tokio::test(start_paused = true)]
async fn sweepers_beside_a_running_relay_lose_nothing_and_keep_the_order_of_first_arrival() {
    let bench = Bench::new().await;
    let subjects: Vec<_> = (0..20).map(subject).collect();
    for subject in &subjects {
        bench.store_all(subject, 0..3).await;
    }
    later(120).await;
    let others = [2_000_000, 3_000_000].map(|first_id| crate::bench::relay(&bench.wire, first_id));
    let stream = async {
        for subject in &subjects {
            bench.store_all(subject, 3..4).await;
            bench.wake(subject).await.unwrap();
        }
    };
    let (one, two, ()) =
        tokio::join!(others[0].sweep(Duration::MINUTE), others[1].sweep(Duration::MINUTE), stream);
    for results in [one.unwrap(), two.unwrap()] {
        assert!(results.values().all(Result::is_ok), "{results:?}");
    }
    let arrived = bench.delivered().await;
    for subject in &subjects {
        let mut seen = std::collections::HashSet::new();
        let of_this = arrived.iter().filter(|envelope| envelope.subject == subject.as_str());
        let first: Vec<_> = of_this.map(text_of).filter(|text| seen.insert(text.clone())).collect();
        assert_eq!(first, texts(0..4));
        let head = bench.row(subject, "#HEAD").await.unwrap();
        assert_eq!(crate::bench::text(&head, "Watermark"), Some(&*crate::bench::sequence(3)));
    }
    assert_eq!(bench.pending().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_index_is_waited_for_and_keeps_no_wake_up_from_its_work() {
    let bench = Bench::new().await;
    for number in [1, 2] {
        bench.store_all(&subject(number), 0..1).await;
    }
    later(120).await;
    let throttled = || Fault::code(400, "ProvisionedThroughputExceededException");
    bench.wire.inject_where("Query", "PendingIndex", usize::MAX, throttled());
    let error = bench.relay.sweep(Duration::MINUTE).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(1));
    bench.wire.repair();
    bench.wire.inject_where("Query", "PendingIndex", 2, throttled());
    assert_eq!(bench.relay.sweep(Duration::MINUTE).await.unwrap().len(), 1, "the sdk tries three times");
    assert_eq!(bench.delivered().await.len(), 2);
}
