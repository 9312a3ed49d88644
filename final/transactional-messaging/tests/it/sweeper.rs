//! The sweeper finds what no wake-up ever reached, and leaves the rest alone.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use local_aws::InMemoryAws;
use time::Duration;
use transactional_messaging::{
    outbox::RowKey,
    relay::{Outcome, RelayError, Swept},
};

use crate::{
    bench::{Bench, OUTBOX, subject, text_of, texts},
    partly::{Not, partly},
    wire::{Answer, Fault},
};

async fn later(seconds: u64) {
    tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn rows_that_no_wake_up_reached_are_found_and_sent_in_order() {
    let bench = Bench::new().await;
    let subjects: Vec<_> = (0..60).map(subject).collect();
    for subject in &subjects {
        bench.store_all(subject, 0..2).await;
    }
    later(120).await;
    let swept = bench.relay.sweep(Duration::MINUTE).await.unwrap();
    assert_eq!(swept, Swept { subjects: 60, messages: 120, ..Swept::default() });
    assert_eq!((bench.pending().await, bench.texts(&subject(7)).await), (0, texts(0..2)));
    let reads = ["BatchGetItem", "Query", "TransactGetItems"].map(|operation| bench.wire.count(operation));
    assert_eq!(reads, [0; 3], "what was scanned is not read again");
    let again = bench.relay.sweep(Duration::MINUTE).await.unwrap();
    assert_eq!(again, Swept::default(), "nothing is left for the next one");
}

#[tokio::test(start_paused = true)]
async fn rows_younger_than_asked_for_are_left_to_the_stream() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..1).await;
    later(59).await;
    bench.store_all(&subject(1), 1..2).await;
    assert_eq!(bench.relay.sweep(Duration::MINUTE).await.unwrap(), Swept::default());
    later(2).await;
    assert_eq!(bench.relay.sweep(Duration::MINUTE).await.unwrap().messages, 1);
    assert_eq!(bench.texts(&subject(1)).await, texts(0..1));
}

/// DynamoDB ends a page where it likes, and may bring an empty one; here each has one item and takes so many
/// seconds.
pub(crate) async fn one_item_a_page(aws: InMemoryAws, mut request: HttpRequest, seconds: u64) -> Answer {
    later(seconds).await;
    let body = String::from_utf8_lossy(request.body().bytes().unwrap()).into_owned();
    *request.body_mut() = body.replacen('{', r#"{"Limit":1,"#, 1).into();
    request.headers_mut().remove("content-length");
    aws.call(request).await
}

#[tokio::test(start_paused = true)]
async fn a_table_of_many_pages_is_swept_to_its_end_and_each_page_is_sent_before_the_next_is_read() {
    let bench = Bench::new().await;
    for number in 1..=3 {
        bench.store_all(&subject(number), 0..2).await;
    }
    later(120).await;
    bench.wire.inject("Scan", usize::MAX, Fault::instead(|aws, request| one_item_a_page(aws, request, 0)));
    let swept = bench.relay.sweep(Duration::MINUTE).await.unwrap();
    assert_eq!((swept.messages, bench.pending().await), (6, 0));
    let operations = bench.wire.operations().into_iter();
    let calls: Vec<_> = operations.filter(|call| call == "Scan" || call == "BatchWriteItem").collect();
    assert!(calls.chunks(2).take(6).all(|pair| pair == ["Scan", "BatchWriteItem"]), "{calls:?}");
    assert_eq!(bench.delivered().await.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_cannot_be_read_takes_nothing_from_those_before_it_and_the_next_sweep_goes_on() {
    let bench = Bench::new().await;
    for number in 1..=6 {
        bench.store_all(&subject(number), 0..1).await;
    }
    later(120).await;
    let one = || Fault::instead(|aws, request| one_item_a_page(aws, request, 0));
    bench.wire.inject("Scan", 3, one());
    bench.wire.inject("Scan", 3, Fault::code(500, "InternalServerError"));
    let error = bench.relay.sweep(Duration::MINUTE).await.unwrap_err();
    assert!(matches!(error, RelayError::Read(_)), "{error}");
    assert_eq!(bench.pending().await, 3);
    assert_eq!(bench.relay.sweep(Duration::MINUTE).await.unwrap().messages, 3);
    assert_eq!(bench.delivered().await.len(), 6, "each once");
}

#[tokio::test(start_paused = true)]
async fn parked_rows_are_counted_and_what_stands_behind_them_is_not_even_asked_for() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..5).await;
    bench.store_all(&subject(2), 0..1).await;
    bench.wire.inject("PublishBatch", 1, partly(Not::Taken, "note"));
    bench.wake(&subject(1)).await.unwrap();
    later(120).await;
    bench.wire.inject("Scan", usize::MAX, Fault::instead(|aws, request| one_item_a_page(aws, request, 0)));
    let (looks, published) = (bench.wire.count("TransactGetItems"), bench.wire.count("PublishBatch"));
    let swept = bench.relay.sweep(Duration::MINUTE).await.unwrap();
    assert_eq!(swept, Swept { subjects: 1, messages: 1, parked: 1, ..Swept::default() });
    assert_eq!(
        (bench.wire.count("TransactGetItems") - looks, bench.wire.count("PublishBatch") - published),
        (0, 1)
    );
    assert_eq!((bench.pending().await, bench.delivered().await.len()), (5, 1));
}

/// Its rows may fill a thousand pages.
#[tokio::test(start_paused = true)]
async fn a_subject_that_cannot_be_sent_is_tried_once_in_a_sweep_however_many_rows_it_has() {
    let bench = Bench::new().await;
    bench.store(&subject(1), 0, &crate::note::Astray(bench.noted("x"))).await;
    bench.store_all(&subject(1), 1..8).await;
    later(120).await;
    bench.wire.inject("Scan", usize::MAX, Fault::instead(|aws, request| one_item_a_page(aws, request, 0)));
    let swept = bench.relay.sweep(Duration::MINUTE).await.unwrap();
    assert_eq!((swept.failed, bench.wire.count("TransactGetItems"), bench.wire.count("Query")), (1, 0, 0));
}

/// A tailer keeps notes of its own in the table.
#[tokio::test(start_paused = true)]
async fn what_is_no_row_of_a_subject_is_neither_sent_nor_marked() {
    let bench = Bench::new().await;
    let other = bench.outbox.table().key("#TAILER", Some("lease"));
    bench.dynamodb.put_item().table_name(OUTBOX).set_item(Some(other.clone())).send().await.unwrap();
    later(120).await;
    assert_eq!(bench.relay.sweep(Duration::MINUTE).await.unwrap(), Swept::default());
    assert_eq!(RowKey::of_subject("#TAILER", "lease"), None, "and so it cannot even be named");
    let item =
        bench.dynamodb.get_item().table_name(OUTBOX).set_key(Some(other.clone())).send().await.unwrap();
    assert_eq!(item.item, Some(other));
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
    assert_eq!((one.unwrap().failed, two.unwrap().failed), (0, 0));
    let arrived = bench.delivered().await;
    for subject in &subjects {
        let mut seen = std::collections::HashSet::new();
        let of_this = arrived.iter().filter(|envelope| envelope.subject == subject.as_str());
        let first: Vec<_> = of_this.map(text_of).filter(|text| seen.insert(text.clone())).collect();
        assert_eq!(first, texts(0..4));
    }
    assert_eq!(bench.pending().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_scan_is_waited_for_and_keeps_no_wake_up_from_its_work() {
    let bench = Bench::new().await;
    for number in [1, 2] {
        bench.store_all(&subject(number), 0..1).await;
    }
    later(120).await;
    let throttled = || Fault::code(400, "ProvisionedThroughputExceededException");
    bench.wire.inject("Scan", usize::MAX, throttled());
    let error = bench.relay.sweep(Duration::MINUTE).await.unwrap_err();
    assert!(matches!(error, RelayError::Read(_)), "{error}");
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(1));
    bench.wire.repair();
    bench.wire.inject("Scan", 2, throttled());
    assert_eq!(bench.relay.sweep(Duration::MINUTE).await.unwrap().messages, 1, "the sdk tries three times");
    assert_eq!(bench.delivered().await.len(), 2);
}
