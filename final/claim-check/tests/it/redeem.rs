//! Redeeming: the same message comes out, or an error that says whether to wait for it.

use claim_check::{error::RedeemError, message::Claim};
use proptest::prelude::*;
use transactional_messaging::{
    consumer::{Delivery, HandlerError},
    wiring::Queue,
};

use crate::{
    bench::{Bench, QUEUE, Report, envelope_of},
    wire::Fault,
};

async fn checked_in(bench: &Bench, bytes: usize) -> (String, String) {
    let checked = bench.bucket.check_in(Report::of_bytes(bytes)).await.unwrap();
    (envelope_of(&checked), checked.claim().map(|claim| claim.key("Report")).unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn small_and_large_messages_come_out_as_they_went_in() {
    let bench = Bench::new().await;
    for bytes in [12, 1_000, 1_001, 300_000, 1_000_000] {
        let (body, _) = checked_in(&bench, bytes).await;
        assert_eq!(bench.redeem(&body).await.unwrap(), Report::of_bytes(bytes));
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_is_missing_is_waited_for_and_found_when_it_is_restored() {
    let bench = Bench::new().await;
    let (body, key) = checked_in(&bench, 5_000).await;
    bench.s3.delete_object().bucket(crate::bench::BUCKET).key(&key).send().await.unwrap();
    let error = bench.redeem(&body).await.unwrap_err();
    assert!(matches!(&error, RedeemError::Missing { key: missing } if *missing == key), "{error:?}");
    assert!(HandlerError::from(error).is_retryable());
    checked_in(&bench, 5_000).await;
    bench.redeem(&body).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn content_that_was_changed_is_never_handled() {
    let bench = Bench::new().await;
    let (body, key) = checked_in(&bench, 5_000).await;
    let content = serde_json::to_string(&Report::of_bytes(5_000)).unwrap();
    for (content, what) in [
        (content.replacen('x', "y", 1), "its hash"),
        (content.replacen('x', "", 1), "its length"),
        (content + " ", "its length"),
    ] {
        bench.overwrite(&key, content).await;
        let error = bench.redeem(&body).await.unwrap_err();
        assert!(matches!(&error, RedeemError::Changed { what: found, .. } if *found == what), "{error:?}");
        assert!(!HandlerError::from(error).is_retryable());
    }
}

#[tokio::test(start_paused = true)]
async fn while_s3_does_not_answer_the_message_waits() {
    let bench = Bench::new().await;
    let (body, _) = checked_in(&bench, 5_000).await;
    for fault in [Fault::RequestLost, Fault::Refusal(503, String::new()), Fault::Refusal(403, String::new())]
    {
        bench.wire.inject("GET", 3, fault);
        let error = bench.redeem(&body).await.unwrap_err();
        assert!(matches!(error, RedeemError::Fetch(_)), "{error:?}");
        assert!(HandlerError::from(error).is_retryable());
        bench.wire.repair();
    }
    bench.redeem(&body).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_is_too_large_is_refused_before_anything_is_fetched() {
    let bench = Bench::new().await;
    let (body, _) = checked_in(&bench, 5_000).await;
    let forged = body.replace(r#""bytes":5000"#, r#""bytes":1000001"#);
    assert_ne!(forged, body);
    let error = bench.redeem(&forged).await.unwrap_err();
    assert!(matches!(error, RedeemError::TooLarge { bytes: 1_000_001, .. }), "{error:?}");
    assert_eq!(bench.wire.count("GET"), 1, "only the lifecycle rules were read");
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_nobody_wrote_is_terminal_and_its_reason_shows_no_value() {
    let bench = Bench::new().await;
    let (body, key) = checked_in(&bench, 5_000).await;
    let hash = key.strip_prefix("Report/").unwrap();
    for forged in [
        body.replace(hash, "../../secrets"),
        body.replace(hash, &hash.to_uppercase()),
        body.replace(r#""bytes":5000"#, r#""bytes":"Ada""#),
        body.replace(r#""bytes":5000"#, r#""bytes":5000,"key":"other""#),
    ] {
        assert_ne!(forged, body);
        let error = HandlerError::from(bench.redeem(&forged).await.unwrap_err());
        assert!(matches!(&error, HandlerError::Terminal { reason } if !reason.contains("Ada")), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_knows_no_claims_finds_one_unreadable() {
    let bench = Bench::new().await;
    let (body, _) = checked_in(&bench, 5_000).await;
    let error = Delivery::<Report>::parse(Queue::new("archive"), &body).unwrap_err();
    assert!(error.to_string().contains("the data is no Report"), "{error}");
}

proptest! {
    #[test]
    fn no_data_makes_reading_a_claim_panic_and_only_sound_ones_are_claims(data in r#"\{("claimCheck":)?.{0,80}\}"#) {
        let body = format!(
            r#"{{"specversion":"1.0","id":"00000000-0000-0000-0000-000000000007","source":"/r","type":"Report","subject":"r/1","time":"2026-11-24T12:00:00Z","sequence":"1","correlationid":"00000000-0000-0000-0000-000000000009","data":{data}}}"#
        );
        if let Ok(delivery) = Delivery::parse(QUEUE, &body) {
            let _ = delivery.message.claim();
        }
    }

    #[test]
    fn the_name_of_an_object_follows_from_kind_and_content(one: Vec<u8>, other: Vec<u8>) {
        let keys = (Claim::of(&one).key("A"), Claim::of(&other).key("A"));
        prop_assert_eq!(keys.0 == keys.1, one == other);
        prop_assert_ne!(Claim::of(&one).key("A"), Claim::of(&one).key("B"));
    }
}
