//! A row that cannot be read parks its subject where it stands: what is in front of it is sent, and so is
//! everything of the others.

use aws_sdk_dynamodb::types::AttributeValue;
use transactional_messaging::{outbox::partition_of, relay::Outcome};

use crate::bench::{Bench, OUTBOX, sequence, subject, texts};

/// An update expression, its value, and what the reason says.
const DAMAGES: [(&str, &str, &str); 9] = [
    ("REMOVE Topic", "", "Topic is missing"),
    ("SET Topic = :v", "N:7", "Topic is not a text"),
    ("SET Message = :v", "S:no json", "Message is not JSON"),
    ("SET Predecessor = :v", "S:nonsense", "Predecessor is no smaller sequence"),
    ("SET Predecessor = :v", "N:1", "Predecessor is no smaller sequence"),
    ("SET Predecessor = SK", "", "Predecessor is no smaller sequence"),
    ("SET MessageId = :v", "S:Ada Lovelace", "MessageId is no uuid"),
    ("SET CorrelationId = :v", "S:x", "CorrelationId is no uuid"),
    ("REMOVE CreatedAt", "", "CreatedAt is missing"),
];

async fn damage(bench: &Bench, sort: &str, (expression, value, _): (&str, &str, &str)) {
    let value = value.split_once(':').map(|(kind, value)| match kind {
        "N" => AttributeValue::N(value.to_owned()),
        _ => AttributeValue::S(value.to_owned()),
    });
    bench.change(&subject(1), sort, expression, value).await;
}

/// Four messages of subject 1 and one of subject 2.
async fn bench() -> Bench {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..4).await;
    bench.store_all(&subject(2), 0..1).await;
    bench
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_front_of_a_damaged_row_is_sent_and_the_subject_is_parked_there() {
    for what in DAMAGES {
        let bench = bench().await;
        damage(&bench, &sequence(2), what).await;
        tokio::time::sleep(std::time::Duration::from_secs(120)).await;
        let swept = bench.relay.sweep(time::Duration::MINUTE).await.unwrap();
        assert_eq!((swept.subjects, swept.messages, swept.parked, swept.failed), (2, 3, 1, 0), "{what:?}");
        assert_eq!(bench.texts(&subject(1)).await, texts(0..2), "{what:?}");
        let reason = bench.parked(&subject(1), 2).await.unwrap();
        assert!(reason.contains(&sequence(2)) && reason.contains(what.2), "{what:?}: {reason}");
        assert!(!reason.contains("Ada"), "a reason holds no content: {reason}");
        assert_eq!((bench.pending().await, bench.parked(&subject(1), 3).await), (2, None));
    }
}

/// Such a row sorts behind all others.
#[tokio::test(start_paused = true)]
async fn a_row_with_a_bad_sort_key_takes_nothing_with_it() {
    let bench = bench().await;
    let mut row = bench.row(&subject(1), &sequence(3)).await.unwrap();
    row.insert("SK".to_owned(), AttributeValue::S("latest".to_owned()));
    bench.dynamodb.put_item().table_name(OUTBOX).set_item(Some(row)).send().await.unwrap();
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Parked);
    let marked = bench.row(&subject(1), "latest").await.unwrap();
    assert!(crate::bench::text(&marked, "Parked").unwrap().contains("SK is no sequence"));
    assert_eq!(bench.texts(&subject(1)).await, texts(0..4));
}

#[tokio::test(start_paused = true)]
async fn a_mark_is_a_mark_whatever_it_says_and_nothing_behind_it_is_sent() {
    for mark in ["N:7", "S:by hand"] {
        let bench = bench().await;
        damage(&bench, &sequence(1), ("SET Parked = :v", mark, "")).await;
        assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Parked);
        assert_eq!(bench.wake_rows(&subject(1), 1..4).await.unwrap(), Outcome::Parked);
        assert_eq!(bench.wake_rows(&subject(1), 3..4).await.unwrap(), Outcome::Parked);
        assert_eq!(bench.texts(&subject(1)).await, texts(0..1));
        let unparked = bench.relay.unpark(&subject(1)).await.unwrap();
        assert_eq!((unparked, bench.texts(&subject(1)).await), (Outcome::Dispatched(3), texts(1..4)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_repaired_row_is_sent_after_its_subject_is_unparked() {
    let bench = bench().await;
    damage(&bench, &sequence(1), ("SET Topic = :v", "N:7", "")).await;
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Parked);
    damage(&bench, &sequence(1), ("SET Topic = :v", "S:noted", "")).await;
    assert_eq!(bench.relay.unpark(&subject(1)).await.unwrap(), Outcome::Dispatched(3));
    assert_eq!(bench.texts(&subject(1)).await, texts(0..4));
}

/// A row that an operator removes because it can never be sent holds up nobody any more.
#[tokio::test(start_paused = true)]
async fn what_stands_behind_a_damaged_row_goes_on_when_the_row_is_removed() {
    let bench = bench().await;
    damage(&bench, &sequence(1), ("SET Topic = :v", "N:7", "")).await;
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Parked);
    let key = bench.outbox.table().key(partition_of(&subject(1)), Some(&sequence(1)));
    bench.dynamodb.delete_item().table_name(OUTBOX).set_key(Some(key)).send().await.unwrap();
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(2));
    assert_eq!(bench.texts(&subject(1)).await, ["0", "2", "3"]);
}
