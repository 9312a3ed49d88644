//! A bucket on an AWS of its own, a message of any size, and the envelope it would arrive in.

use std::sync::Arc;

use aws_sdk_s3::{
    Client,
    types::{
        BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
        LifecycleRuleFilter,
    },
};
use claim_check::{
    bucket::PayloadBucket,
    error::RedeemError,
    message::{Checked, Claimable},
};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, macros::datetime};
use transactional_messaging::{
    consumer::Delivery,
    envelope::Envelope,
    limits::RedeliveryHorizon,
    message::{Context, Message, MessageType, Sequence, Subject, Topic},
    wiring::Queue,
};
use uuid::Uuid;

use crate::wire::Wire;

pub(crate) const BUCKET: &str = "payloads";

/// Above this many bytes of JSON the bench checks in.
pub(crate) const INLINE: usize = 1_000;

/// A report of any length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) text: String,
}

impl Report {
    /// One whose JSON has so many bytes.
    pub(crate) fn of_bytes(bytes: usize) -> Self {
        Self { text: "x".repeat(bytes - r#"{"text":""}"#.len()) }
    }
}

impl MessageType for Report {
    const TYPE: &'static str = "Report";
    const TOPIC: Topic = Topic::new("reports");
}

impl Message for Report {
    fn id(&self) -> Uuid {
        Uuid::from_u128(7)
    }

    fn created_at(&self) -> OffsetDateTime {
        datetime!(2026-11-24 12:00 UTC)
    }
}

/// The queue of reports.
pub(crate) const QUEUE: Queue<Claimable<Report>> = Queue::new("archive");

#[derive(Clone)]
pub(crate) struct Bench {
    /// The services' way to AWS; what the test itself does takes another.
    pub(crate) wire: Wire,
    pub(crate) s3: Client,
    pub(crate) bucket: Arc<PayloadBucket>,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let wire = Wire::new();
        let s3 = client(&wire.aws().sdk_config());
        s3.create_bucket().bucket(BUCKET).send().await.unwrap();
        keep_for(&s3, 90).await;
        let opened =
            PayloadBucket::open(client(&wire.sdk_config()), BUCKET, RedeliveryHorizon::STANDARD).await;
        let bucket = Arc::new(opened.unwrap().with_inline_bytes(INLINE).with_max_bytes(1_000_000));
        Self { wire, s3, bucket }
    }

    /// The names of all objects.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let answer = self.s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
        answer.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect()
    }

    pub(crate) async fn overwrite(&self, key: &str, content: String) {
        let request = self.s3.put_object().bucket(BUCKET).key(key);
        request.body(content.into_bytes().into()).send().await.unwrap();
    }

    pub(crate) async fn redeem(&self, body: &str) -> Result<Report, RedeemError> {
        let delivery = Delivery::parse(QUEUE, body).unwrap();
        self.bucket.redeem(delivery).await.map(|delivery| delivery.message)
    }
}

/// Buckets are addressed by path here.
pub(crate) fn client(config: &aws_types::SdkConfig) -> Client {
    let config = aws_sdk_s3::config::Builder::from(config).force_path_style(true);
    Client::from_conf(config.build())
}

/// Gives the bucket a rule that deletes objects after so many days.
pub(crate) async fn keep_for(s3: &Client, days: i32) {
    let expiration = LifecycleExpiration::builder().days(days).build();
    set_rule(s3, ExpirationStatus::Enabled, expiration).await;
}

pub(crate) async fn set_rule(s3: &Client, status: ExpirationStatus, expiration: LifecycleExpiration) {
    let filter = LifecycleRuleFilter::builder().prefix("").build();
    let rule = LifecycleRule::builder().id("expire").status(status).filter(filter).expiration(expiration);
    let rules = BucketLifecycleConfiguration::builder().rules(rule.build().unwrap()).build().unwrap();
    let request = s3.put_bucket_lifecycle_configuration().bucket(BUCKET);
    request.lifecycle_configuration(rules).send().await.unwrap();
}

/// The envelope that the outbox would store.
pub(crate) fn envelope_of(message: &Checked<Report>) -> String {
    let (subject, context) =
        (Subject::aggregate("report", Uuid::from_u128(8)), Context::of_request(Uuid::from_u128(9)));
    let envelope = Envelope::new("/reports", &subject, Sequence::single(), &context, message).unwrap();
    envelope.to_text(120 * 1024).unwrap()
}
