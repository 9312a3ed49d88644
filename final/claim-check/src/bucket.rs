//! The bucket that holds large content: checking in, redeeming, and the guard over how long it remembers.

use aws_sdk_s3::{
    Client,
    error::{ProvideErrorMetadata as _, SdkError},
    operation::get_object::GetObjectError,
    primitives::ByteStream,
    types::{ExpirationStatus, LifecycleRule},
};
use serde::de::DeserializeOwned;
use time::Duration;
use transactional_messaging::{
    consumer::Delivery,
    limits::RedeliveryHorizon,
    message::{Message, MessageType},
};

use crate::{
    error::{CheckInError, OpenError, RedeemError},
    message::{Checked, Claim, Claimable, is_marked},
};

/// A message with more bytes of JSON than this is checked in, unless another limit is set: half of what an
/// [`Outbox`](transactional_messaging::outbox::Outbox) takes by default, so that whatever stays below it has
/// room to grow.
pub const DEFAULT_INLINE_BYTES: usize = 60 * 1024;

/// The largest content, unless another limit is set. A consumer holds it in memory, once for each message in
/// work.
pub const DEFAULT_MAX_BYTES: usize = 32 * 1024 * 1024;

/// The content of large messages, for the services that send and receive them.
#[derive(Clone, Debug)]
pub struct PayloadBucket {
    s3: Client,
    name: String,
    inline_bytes: usize,
    max_bytes: usize,
}

impl PayloadBucket {
    // ANCHOR: open
    /// Opens the bucket after a look at its lifecycle rules: what a message can still ask for must still be
    /// there. A bucket without such a rule is accepted with a warning; it loses nothing, and grows for ever.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub async fn open(
        s3: Client,
        name: impl Into<String>,
        horizon: RedeliveryHorizon,
    ) -> Result<Self, OpenError> {
        let bucket = name.into();
        match shortest_life(&s3, &bucket).await? {
            Some(kept) if kept < horizon.sum() => {
                return Err(OpenError::ForgetsTooSoon { bucket, kept, horizon });
            }
            Some(_) => {}
            None => tracing::warn!(bucket, "payload_bucket_never_deletes"),
        }
        Ok(Self { s3, name: bucket, inline_bytes: DEFAULT_INLINE_BYTES, max_bytes: DEFAULT_MAX_BYTES })
    }
    // ANCHOR_END: open

    /// Sets the size in bytes of JSON above which a message is checked in. The envelope comes on top; one
    /// that the outbox finds too large is refused there, before the commit.
    #[must_use]
    pub fn with_inline_bytes(mut self, bytes: usize) -> Self {
        self.inline_bytes = bytes;
        self
    }

    /// Sets the largest content in bytes that is checked in or redeemed.
    #[must_use]
    pub fn with_max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    // ANCHOR: check-in
    /// Stores the content of a large message, and leaves a small one as it is. Call it before the commit,
    /// outside of what is decided anew after a lost race.
    ///
    /// # Errors
    ///
    /// [`CheckInError`].
    pub async fn check_in<M: Message>(&self, message: M) -> Result<Checked<M>, CheckInError> {
        let content = serde_json::to_string(&message).map_err(CheckInError::Serialize)?;
        let bytes = content.len();
        if is_marked(&content) {
            return Err(CheckInError::Reserved);
        }
        if bytes <= self.inline_bytes {
            return Ok(Checked { message, claim: None });
        }
        if bytes > self.max_bytes {
            return Err(CheckInError::TooLarge { bytes, max_bytes: self.max_bytes });
        }
        let claim = Claim::of(content.as_bytes());
        let request = self.s3.put_object().bucket(&self.name).key(claim.key(M::TYPE));
        let body = ByteStream::from(content.into_bytes());
        let stored = request.content_type("application/json").body(body).send().await;
        stored.map_err(|error| CheckInError::Store(error.into()))?;
        tracing::debug!(message_id = %message.id(), kind = M::TYPE, bytes, "content_checked_in");
        Ok(Checked { message, claim: Some(claim) })
    }
    // ANCHOR_END: check-in

    // ANCHOR: redeem
    /// Makes the message of what came, fetching its content if that lies in the bucket.
    ///
    /// # Errors
    ///
    /// [`RedeemError`], which becomes the [`HandlerError`](transactional_messaging::consumer::HandlerError)
    /// that it calls for: content that is missing is asked for again with each delivery, and the last one
    /// moves the message to the dead-letter queue.
    pub async fn redeem<M>(&self, delivery: Delivery<Claimable<M>>) -> Result<Delivery<M>, RedeemError>
    where
        M: MessageType + DeserializeOwned,
    {
        let Delivery { message, envelope, consumer } = delivery;
        let Some(claim) = message.claim()? else {
            return Ok(Delivery::read(envelope, consumer, message.text())?);
        };
        let content = self.fetch(&claim, claim.key(M::TYPE)).await?;
        Ok(Delivery::read(envelope, consumer, &content)?)
    }
    // ANCHOR_END: redeem

    async fn fetch(&self, claim: &Claim, key: String) -> Result<String, RedeemError> {
        if claim.bytes() > self.max_bytes as u64 {
            return Err(RedeemError::TooLarge { bytes: claim.bytes(), max_bytes: self.max_bytes });
        }
        let answer = self.s3.get_object().bucket(&self.name).key(&key).send().await;
        let object = answer.map_err(|error| not_fetched(error, &key))?;
        // Looked at before the body is, so that no object of another size is read into memory.
        if object.content_length().and_then(|length| u64::try_from(length).ok()) != Some(claim.bytes()) {
            return Err(RedeemError::Changed { key, what: "its length" });
        }
        let content = object.body.collect().await.map_err(|error| RedeemError::Fetch(error.into()))?.to_vec();
        if Claim::of(&content) != *claim {
            return Err(RedeemError::Changed { key, what: "its hash" });
        }
        String::from_utf8(content).map_err(|_| RedeemError::Changed { key, what: "its encoding" })
    }
}

fn not_fetched(error: SdkError<GetObjectError>, key: &str) -> RedeemError {
    if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) {
        RedeemError::Missing { key: key.to_owned() }
    } else {
        RedeemError::Fetch(error.into())
    }
}

/// How long the bucket keeps an object by the strictest of its rules; `None` when no rule deletes anything.
async fn shortest_life(s3: &Client, bucket: &str) -> Result<Option<Duration>, OpenError> {
    match s3.get_bucket_lifecycle_configuration().bucket(bucket).send().await {
        Ok(answer) => Ok(answer.rules().iter().filter_map(life_under).min()),
        Err(error) if error.code() == Some("NoSuchLifecycleConfiguration") => Ok(None),
        Err(error) => Err(OpenError::Unreadable { bucket: bucket.to_owned(), source: error.into() }),
    }
}

fn life_under(rule: &LifecycleRule) -> Option<Duration> {
    let expiration = rule.expiration().filter(|_| *rule.status() == ExpirationStatus::Enabled)?;
    match (expiration.days(), expiration.date()) {
        (Some(days), _) => Some(Duration::days(days.into())),
        // On that day everything goes, however young it is.
        (None, Some(_)) => Some(Duration::ZERO),
        (None, None) => None,
    }
}
