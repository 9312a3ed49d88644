//! What becomes of a row that was sent: it is deleted, and kept in the table of sent messages where there is
//! one.

use std::time::Duration;

use transactional_messaging::{outbox::partition_of, provision::ensure_sent_table, relay::Outcome};
use unit_of_work::{Database as _, Item, Table};

use crate::{
    bench::{self, Bench, number, sequence, subject, text, texts},
    partly::half_done,
    wire::Fault,
};

const SENT: &str = "notes-sent";

async fn with_sent_table() -> Bench {
    let mut bench = Bench::new().await;
    ensure_sent_table(&bench.dynamodb, SENT).await.unwrap();
    bench.relay = bench.relay.clone().keep_sent(SENT, time::Duration::days(7));
    bench
}

async fn kept(bench: &Bench, version: u64) -> Option<Item> {
    let table = Table::new(SENT, "PK").with_sort_key("SK");
    let key = table.key(partition_of(&subject(1)), Some(&sequence(version)));
    bench.database().get(&table, key).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_row_that_was_sent_is_gone_and_kept_with_everything_and_its_time_to_live() {
    let bench = with_sent_table().await;
    bench.store_all(&subject(1), 0..3).await;
    let row = bench.row(&subject(1), &sequence(1)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(3));
    assert_eq!(bench.pending().await, 0);
    let mut kept = kept(&bench, 1).await.unwrap();
    let week = bench.ambient.now().unix_timestamp() + 7 * 24 * 60 * 60;
    assert_eq!(
        (number(&kept, "ExpiresAt"), text(&kept, "SentAt")),
        (Some(week), Some("2026-01-01T00:00:10+00:00"))
    );
    kept.remove("ExpiresAt");
    kept.remove("SentAt");
    assert_eq!(kept, row);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_kept_before_its_row_is_deleted() {
    let bench = with_sent_table().await;
    bench.store_all(&subject(1), 0..2).await;
    bench.wire.inject_where("BatchWriteItem", SENT, usize::MAX, Fault::code(400, "AccessDeniedException"));
    bench.wake(&subject(1)).await.unwrap_err();
    assert_eq!((bench.pending().await, kept(&bench, 0).await), (2, None), "nothing is gone that is not kept");
    bench.wire.repair();
    bench.wake(&subject(1)).await.unwrap();
    assert!(bench.pending().await == 0 && kept(&bench, 0).await.is_some() && kept(&bench, 1).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn without_such_a_table_nothing_is_kept_and_nothing_else_is_called() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..1).await;
    bench.wake(&subject(1)).await.unwrap();
    assert_eq!((bench.pending().await, bench.wire.count("BatchWriteItem")), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_done_in_part_is_asked_for_again_until_all_of_it_is_done() {
    for mut bench in [Bench::new().await, with_sent_table().await] {
        bench.store_all(&subject(1), 0..40).await;
        bench.wire.inject("BatchWriteItem", 6, half_done());
        assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(40));
        assert_eq!((bench.pending().await, bench.texts(&subject(1)).await), (0, texts(0..40)), "each once");
        bench.relay = bench::relay(&bench.wire, 9_000_000);
        assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_dynamodb_never_deletes_is_told_and_sent_again_in_order() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..3).await;
    bench.wire.inject("BatchWriteItem", usize::MAX, half_done());
    let error = bench.wake(&subject(1)).await.unwrap_err();
    assert!(error.to_string().contains("published again"), "{error}");
    bench.wire.repair();
    bench.wake(&subject(1)).await.unwrap();
    let arrived = bench.texts(&subject(1)).await;
    assert_eq!((arrived[..3].to_vec(), bench.pending().await), (texts(0..3), 0), "{arrived:?}");
}

#[tokio::test(start_paused = true)]
async fn a_row_that_was_not_sent_stays_as_it_is_however_often_it_was_tried() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..2).await;
    let before = bench.row(&subject(1), &sequence(0)).await;
    bench.wire.inject("PublishBatch", usize::MAX, Fault::RequestLost);
    for _ in 0..30 {
        bench.wake(&subject(1)).await.unwrap_err();
    }
    assert_eq!((bench.row(&subject(1), &sequence(0)).await, bench.pending().await), (before, 2));
    bench.wire.repair();
    bench.wake(&subject(1)).await.unwrap();
    assert_eq!(bench.texts(&subject(1)).await, bench::texts(0..2));
}

/// A slow topic delays the deletion of what others have sent by a moment, not by its own time.
#[tokio::test(start_paused = true)]
async fn rows_that_were_sent_are_deleted_while_a_topic_hangs() {
    let bench = Bench::new().await;
    bench.sns.create_topic().name("nowhere").send().await.unwrap();
    bench.store(&subject(1), 0, &crate::note::Astray(bench.noted("hangs"))).await;
    bench.store_all(&subject(2), 0..3).await;
    bench.wire.inject_where("PublishBatch", "nowhere", usize::MAX, Fault::Silence);
    let subjects = [subject(1), subject(2)];
    let wake = bench.wake_all(&subjects);
    assert!(tokio::time::timeout(Duration::from_secs(1), wake).await.is_err(), "the topic hangs");
    assert_eq!(bench.pending().await, 1);
}
