//! A row that cannot be read parks its subject where it stands: what is in front of it is sent, and so is everything of the others.

use aws_sdk_dynamodb::types::AttributeValue;
use transactional_messaging::{outbox::partition_of, relay::Outcome};

use crate::bench::{Bench, OUTBOX, sequence, subject, text, texts};

/// An update expression, its value, and what the reason says.
const DAMAGES: [(&str, &str, &str); 7] = [
    ("REMOVE Topic", "", "Topic is missing"),
    ("SET Topic = :v", "N:7", "Topic is not a text"),
    ("SET Message = :v", "S:no json", "Message is not JSON"),
    ("SET NotBefore = :v", "S:tomorrow", "NotBefore is no timestamp"),
    ("SET MessageId = :v", "S:Ada Lovelace", "MessageId is no uuid"),
    ("SET CorrelationId = :v", "S:x", "CorrelationId is no uuid"),
    ("REMOVE CreatedAt", "", "an attribute is missing or of the wrong type"),
];

async fn damage(bench: &Bench, sort: &str, (expression, value, _): (&str, &str, &str)) {
    let key = bench.outbox.table().key(partition_of(&subject(1)), Some(sort));
    let mut request = bench.dynamodb.update_item().table_name(OUTBOX).set_key(Some(key));
    request = request.update_expression(expression);
    let value = value.split_once(':').map(|(kind, value)| match kind {
        "N" => AttributeValue::N(value.to_owned()),
        _ => AttributeValue::S(value.to_owned()),
    });
    request
        .set_expression_attribute_values(value.map(|v| [(":v".to_owned(), v)].into()))
        .send()
        .await
        .unwrap();
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
        let outcomes = bench.relay.sweep(time::Duration::MINUTE).await.unwrap();
        assert!(
            matches!(outcomes[&partition_of(&subject(1))], Ok(Outcome::Parked)),
            "{what:?}: {outcomes:?}"
        );
        assert!(matches!(outcomes[&partition_of(&subject(2))], Ok(Outcome::Dispatched(1))), "{what:?}");
        assert_eq!(bench.texts(&subject(1)).await, texts(0..2), "{what:?}");
        let head = bench.row(&subject(1), "#HEAD").await.unwrap();
        let reason = text(&head, "Parked").unwrap();
        assert!(reason.contains(&sequence(2)) && reason.contains(what.2), "{what:?}: {reason}");
        assert!(!reason.contains("Ada"), "a reason holds no content: {reason}");
    }
}

/// Such a row sorts behind all others, and would have taken the watermark with it.
#[tokio::test(start_paused = true)]
async fn a_row_with_a_bad_sort_key_never_takes_the_watermark_past_unsent_messages() {
    let bench = bench().await;
    let mut row = bench.row(&subject(1), &sequence(3)).await.unwrap();
    row.insert("SK".to_owned(), AttributeValue::S("latest".to_owned()));
    bench.dynamodb.put_item().table_name(OUTBOX).set_item(Some(row)).send().await.unwrap();
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Parked);
    let head = bench.row(&subject(1), "#HEAD").await.unwrap();
    assert_eq!(text(&head, "Watermark"), Some(&*sequence(3)));
    assert_eq!(bench.texts(&subject(1)).await, texts(0..4));
}

#[tokio::test(start_paused = true)]
async fn a_damaged_head_parks_its_subject_and_the_subject_goes_on_when_it_is_repaired() {
    for watermark in ["N:7", "S:nonsense"] {
        let bench = bench().await;
        damage(&bench, "#HEAD", ("SET Watermark = :v", watermark, "")).await;
        let outcomes = bench.wake_all(&[subject(1), subject(2)]).await;
        assert!(matches!((&outcomes[0], &outcomes[1]), (Ok(Outcome::Parked), Ok(Outcome::Dispatched(1)))));
        let head = bench.row(&subject(1), "#HEAD").await.unwrap();
        assert!(text(&head, "Parked").unwrap().contains("the head is damaged"), "{head:?}");
        damage(&bench, "#HEAD", ("REMOVE Watermark", "", "")).await;
        let partition = partition_of(&subject(1));
        assert_eq!(bench.relay.unpark(&partition).await.unwrap(), Outcome::Dispatched(4));
    }
}

#[tokio::test(start_paused = true)]
async fn a_repaired_row_is_sent_after_its_subject_is_unparked() {
    let bench = bench().await;
    damage(&bench, &sequence(1), ("SET Topic = :v", "N:7", "")).await;
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Parked);
    damage(&bench, &sequence(1), ("SET Topic = :v", "S:noted", "")).await;
    assert_eq!(bench.relay.unpark(&partition_of(&subject(1))).await.unwrap(), Outcome::Dispatched(3));
    assert_eq!(bench.texts(&subject(1)).await, texts(0..4));
}
