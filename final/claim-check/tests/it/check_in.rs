//! Checking in: what travels itself, what lies in the bucket, and what is refused.

use claim_check::error::CheckInError;
use serde::Serialize;
use time::OffsetDateTime;
use transactional_messaging::message::{Message, MessageType, Topic};
use uuid::Uuid;

use crate::{
    bench::{Bench, INLINE, Report, envelope_of},
    wire::Fault,
};

#[tokio::test(start_paused = true)]
async fn at_the_limit_a_message_travels_itself_and_one_byte_above_it_does_not() {
    let bench = Bench::new().await;
    for (bytes, is_claimed) in [(INLINE - 1, false), (INLINE, false), (INLINE + 1, true)] {
        let checked = bench.bucket.check_in(Report::of_bytes(bytes)).await.unwrap();
        assert_eq!(checked.claim().is_some(), is_claimed, "{bytes}");
        assert_eq!(envelope_of(&checked).contains("xxx"), !is_claimed, "{bytes}");
        assert_eq!(bench.keys().await.len(), usize::from(is_claimed), "{bytes}");
    }
}

#[tokio::test(start_paused = true)]
async fn content_above_the_largest_is_refused_and_nothing_is_stored() {
    let bench = Bench::new().await;
    let error = bench.bucket.check_in(Report::of_bytes(1_000_001)).await.unwrap_err();
    assert!(matches!(error, CheckInError::TooLarge { bytes: 1_000_001, max_bytes: 1_000_000 }), "{error:?}");
    assert!(!error.is_retryable());
    assert!(bench.keys().await.is_empty());
    bench.bucket.check_in(Report::of_bytes(1_000_000)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_same_content_is_one_object_however_often_it_is_stored() {
    let bench = Bench::new().await;
    bench.wire.inject("PUT", 1, Fault::AnswerLost);
    let (one, other) = (Report::of_bytes(5_000), Report::of_bytes(5_001));
    let first = bench.bucket.check_in(one.clone()).await.unwrap();
    let second = bench.bucket.check_in(one).await.unwrap();
    assert_eq!(first.claim(), second.claim());
    assert_eq!(bench.wire.count("PUT"), 3);
    assert_eq!(bench.keys().await, [first.claim().unwrap().key("Report")]);
    bench.bucket.check_in(other).await.unwrap();
    assert_eq!(bench.keys().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn while_s3_is_down_nothing_can_be_published_that_points_to_nothing() {
    let bench = Bench::new().await;
    bench.wire.inject("PUT", 3, Fault::Refusal(503, String::new()));
    let error = bench.bucket.check_in(Report::of_bytes(5_000)).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    bench.bucket.check_in(Report::of_bytes(5_000)).await.unwrap();
}

/// A message that looks like a claim.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Lookalike {
    claim_check: u8,
}

impl MessageType for Lookalike {
    const TYPE: &'static str = "Lookalike";
    const TOPIC: Topic = Topic::new("reports");
}

impl Message for Lookalike {
    fn id(&self) -> Uuid {
        Uuid::nil()
    }

    fn created_at(&self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_would_be_taken_for_a_claim_is_refused() {
    let bench = Bench::new().await;
    let error = bench.bucket.check_in(Lookalike { claim_check: 1 }).await.unwrap_err();
    assert!(matches!(error, CheckInError::Reserved), "{error:?}");
    // The word alone is no field.
    bench.bucket.check_in(Report { text: r#""claimCheck":1"#.to_owned() }).await.unwrap();
}
