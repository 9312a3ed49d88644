//! The guard over how long the bucket remembers.

use aws_sdk_s3::{
    primitives::DateTime,
    types::{ExpirationStatus, LifecycleExpiration},
};
use claim_check::{bucket::PayloadBucket, error::OpenError};
use transactional_messaging::limits::RedeliveryHorizon;

use crate::{
    bench::{BUCKET, Bench, client, keep_for, set_rule},
    wire::{Fault, Wire},
};

async fn open(bench: &Bench, horizon: RedeliveryHorizon) -> Result<PayloadBucket, OpenError> {
    PayloadBucket::open(bench.s3.clone(), BUCKET, horizon).await
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_forgets_before_the_last_redelivery_is_refused_and_says_the_sum() {
    let bench = Bench::new().await;
    for (horizon, enough) in [(RedeliveryHorizon::STANDARD, 45), (RedeliveryHorizon::FIFO, 45)] {
        keep_for(&bench.s3, enough).await;
        open(&bench, horizon).await.unwrap();
        keep_for(&bench.s3, enough - 1).await;
        let error = open(&bench, horizon).await.unwrap_err().to_string();
        assert!(error.contains(&format!("after {} days", enough - 1)), "{error}");
        assert!(error.contains(&format!("= {enough} days")), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_deletes_on_a_date_is_refused_and_one_that_is_switched_off_is_not() {
    let bench = Bench::new().await;
    let on_a_date = LifecycleExpiration::builder().date(DateTime::from_secs(1_900_000_000)).build();
    set_rule(&bench.s3, ExpirationStatus::Enabled, on_a_date.clone()).await;
    let refused = open(&bench, RedeliveryHorizon::STANDARD).await;
    assert!(matches!(refused, Err(OpenError::ForgetsTooSoon { .. })), "{refused:?}");
    set_rule(&bench.s3, ExpirationStatus::Disabled, on_a_date).await;
    open(&bench, RedeliveryHorizon::STANDARD).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_bucket_without_a_rule_loses_nothing_and_is_accepted() {
    let s3 = client(&Wire::new().aws().sdk_config());
    s3.create_bucket().bucket(BUCKET).send().await.unwrap();
    PayloadBucket::open(s3, BUCKET, RedeliveryHorizon::STANDARD).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn rules_that_cannot_be_read_are_not_taken_for_good_ones() {
    let wire = Wire::new();
    let s3 = client(&wire.sdk_config());
    let missing = PayloadBucket::open(s3.clone(), "nowhere", RedeliveryHorizon::STANDARD).await;
    assert!(matches!(missing, Err(OpenError::Unreadable { .. })), "{missing:?}");
    wire.inject("GET", 1, Fault::Refusal(403, "<Error><Code>AccessDenied</Code></Error>".to_owned()));
    let denied = PayloadBucket::open(s3, BUCKET, RedeliveryHorizon::STANDARD).await;
    assert!(matches!(denied, Err(OpenError::Unreadable { .. })), "{denied:?}");
}
