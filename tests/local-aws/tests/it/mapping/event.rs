//! The event that a handler receives has everything the stream record had.

use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use aws_lambda_events::event::dynamodb::{Event, StreamViewType as EventView};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, TimeToLiveSpecification};
use local_aws::mapping::{MappingSettings, OnFailure};

use super::bench::{Bench, ok};
use support::tables::text;

async fn events(bench: &Bench) -> Vec<Event> {
    let events: Arc<Mutex<Vec<Event>>> = Arc::default();
    let seen = events.clone();
    let answer = move |_, event: &Event| {
        seen.lock().unwrap().push(event.clone());
        ok()
    };
    bench.run(&bench.mapping(MappingSettings::default()), 10, answer).await;
    events.lock().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn members_of_the_record_are_kept() {
    let bench = Bench::new().await;
    bench.put("a").await;
    let events = events(&bench).await;
    let record = &events[0].records[0];
    assert!(!record.event_id.is_empty());
    assert_eq!(record.event_name, "INSERT");
    assert_eq!(record.event_version.as_deref(), Some("1.1"));
    assert_eq!(record.event_source.as_deref(), Some("aws:dynamodb"));
    assert_eq!(record.event_source_arn.as_deref(), Some(bench.stream_arn.as_str()));
    assert_eq!(record.aws_region, "us-east-1");
    assert_eq!(record.user_identity, None);
    assert_eq!(record.change.stream_view_type, Some(EventView::NewImage));
    assert!(record.change.size_bytes > 0);
    assert_eq!(record.change.sequence_number.as_ref().unwrap().len(), 21);
    assert_eq!(record.change.approximate_creation_date_time.timestamp(), 1_767_225_600);
    assert_eq!(record.change.keys.len(), 1);
    assert_eq!(record.change.new_image.len(), 2);
    assert!(record.change.old_image.is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_type_of_value_is_kept() {
    let bench = Bench::new().await;
    let values = [
        ("n", AttributeValue::N("12345678901234567890".to_owned())),
        ("b", AttributeValue::B(Blob::new([0, 255]))),
        ("bool", AttributeValue::Bool(true)),
        ("null", AttributeValue::Null(true)),
        ("ss", AttributeValue::Ss(vec!["x".to_owned()])),
        ("ns", AttributeValue::Ns(vec!["1".to_owned()])),
        ("bs", AttributeValue::Bs(vec![Blob::new([1])])),
        ("l", AttributeValue::L(vec![text("x"), AttributeValue::N("1".to_owned())])),
        ("m", AttributeValue::M([("inner".to_owned(), text("x"))].into())),
    ];
    let call = bench.db.put_item().table_name("outbox").item("id", text("a"));
    values.into_iter().fold(call, |call, (name, value)| call.item(name, value)).send().await.unwrap();
    let events = events(&bench).await;
    let image = &events[0].records[0].change.new_image;
    let mut shown: Vec<String> = image.iter().map(|(name, value)| format!("{name} {value:?}")).collect();
    shown.sort_unstable();
    assert_eq!(
        shown,
        [
            "b B([0, 255])",
            "bool Bool(true)",
            "bs Bs([[1]])",
            "id S(\"a\")",
            "l L([S(\"x\"), N(\"1\")])",
            "m M({\"inner\": S(\"x\")})",
            "n N(\"12345678901234567890\")",
            "ns Ns([\"1\"])",
            "null Null(true)",
            "ss Ss([\"x\"])",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_removal_by_ttl_names_the_service() {
    let bench = Bench::new().await;
    let ttl = TimeToLiveSpecification::builder().attribute_name("expires").enabled(true).build().unwrap();
    bench.db.update_time_to_live().table_name("outbox").time_to_live_specification(ttl).send().await.unwrap();
    let soon = bench.aws.clock().now() + Duration::from_secs(2);
    let soon = AttributeValue::N(soon.duration_since(UNIX_EPOCH).unwrap().as_secs().to_string());
    let call = bench.db.put_item().table_name("outbox").item("id", text("a")).item("expires", soon);
    call.send().await.unwrap();
    let events = events(&bench).await;
    let removal = &events.last().unwrap().records[0];
    assert_eq!(removal.event_name, "REMOVE");
    let by = removal.user_identity.as_ref().unwrap();
    assert_eq!((by.type_.as_str(), by.principal_id.as_str()), ("Service", "dynamodb.amazonaws.com"));
}

#[tokio::test(start_paused = true)]
async fn the_payload_of_a_bucket_is_the_event_itself() {
    let bench = Bench::new().await;
    bench.put_all("a b").await;
    let seen: Arc<Mutex<Option<Event>>> = Arc::default();
    let event = seen.clone();
    let settings = MappingSettings {
        maximum_retry_attempts: 0,
        on_failure: Some(OnFailure::S3(bench.destination())),
        ..MappingSettings::default()
    };
    let answer = move |_, event: &Event| {
        *seen.lock().unwrap() = Some(event.clone());
        Err("broken".to_owned())
    };
    bench.run(&bench.mapping(settings), 5, answer).await;
    let payload = bench.discarded()[0].payload.clone().unwrap();
    let again: Event = serde_json::from_value(payload).unwrap();
    assert_eq!(Some(again), *event.lock().unwrap());
}
