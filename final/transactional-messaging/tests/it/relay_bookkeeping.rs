//! What the relay notes of what it sent: time to live, the pending index, the watermark.

use time::Duration;

use crate::{
    bench::{self, Bench, number, sequence, subject, text},
    wire::Fault,
};

#[tokio::test(start_paused = true)]
async fn a_dispatched_row_gets_its_time_to_live_and_leaves_the_pending_index() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..3).await;
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    let relay = bench::relay(&bench.wire, 2_000_000).keep_dispatched(Duration::minutes(2));
    relay.wake(vec![transactional_messaging::outbox::partition_of(&subject(1))]).await;
    let expected = bench.ambient.now().unix_timestamp() + 2 * 60;
    for version in 0..3 {
        let row = bench.row(&subject(1), &sequence(version)).await.unwrap();
        assert_eq!(number(&row, "ExpiresAt"), Some(expected));
        assert_eq!(text(&row, "PendingShard"), None);
        assert_eq!(text(&row, "Topic"), Some("noted"), "all else stays for a look or a replay");
    }
    assert_eq!(bench.pending().await, 0);
    let head = bench.row(&subject(1), "#HEAD").await.unwrap();
    assert_eq!((text(&head, "Watermark"), number(&head, "ExpiresAt")), (Some(&*sequence(2)), None));

    tokio::time::sleep(std::time::Duration::from_secs(2 * 60 + 2)).await;
    assert_eq!(bench.row(&subject(1), &sequence(0)).await, None, "dynamodb deletes it when its time is up");
    assert!(bench.row(&subject(1), "#HEAD").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_row_that_was_not_dispatched_has_no_time_to_live_however_often_it_was_tried() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..2).await;
    bench.wire.inject("PublishBatch", usize::MAX, Fault::RequestLost);
    for _ in 0..30 {
        bench.wake(&subject(1)).await.unwrap_err();
    }
    for version in 0..2 {
        let row = bench.row(&subject(1), &sequence(version)).await.unwrap();
        assert_eq!(number(&row, "ExpiresAt"), None);
        assert!(text(&row, "PendingShard").is_some());
    }
    bench.wire.repair();
    bench.wake(&subject(1)).await.unwrap();
    assert_eq!(bench.texts(&subject(1)).await, bench::texts(0..2));
}

#[tokio::test(start_paused = true)]
async fn after_dispatched_rows_expired_new_ones_go_on_above_the_watermark() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..3).await;
    let relay = bench::relay(&bench.wire, 2_000_000).keep_dispatched(Duration::MINUTE);
    let partition = || vec![transactional_messaging::outbox::partition_of(&subject(1))];
    relay.wake(partition()).await;
    tokio::time::sleep(std::time::Duration::from_secs(62)).await;
    assert_eq!(bench.row(&subject(1), &sequence(2)).await, None);
    bench.store_all(&subject(1), 3..4).await;
    relay.wake(partition()).await;
    assert_eq!(bench.texts(&subject(1)).await, bench::texts(0..4));
}

/// An operator removed a row by hand while it was being published.
#[tokio::test(start_paused = true)]
async fn a_row_that_vanishes_meanwhile_is_not_brought_back_as_an_empty_one() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..2).await;
    let (dynamodb, key) = (
        bench.dynamodb.clone(),
        bench
            .outbox
            .table()
            .key(transactional_messaging::outbox::partition_of(&subject(1)), Some(&sequence(0))),
    );
    bench.wire.inject(
        "TransactWriteItems",
        1,
        Fault::instead(move |aws, request| {
            let delete = dynamodb.delete_item().table_name(bench::OUTBOX).set_key(Some(key.clone())).send();
            async move {
                delete.await.unwrap();
                aws.call(request).await
            }
        }),
    );
    bench.wake(&subject(1)).await.unwrap();
    assert_eq!(bench.row(&subject(1), &sequence(0)).await, None);
    let head = bench.row(&subject(1), "#HEAD").await.unwrap();
    assert_eq!(text(&head, "Watermark"), Some(&*sequence(1)));
}
