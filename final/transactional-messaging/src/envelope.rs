//! The envelope: a CloudEvents 1.0 JSON document.
//!
//! It is built once, when the message is stored in the outbox, so that each dispatch sends the same bytes and a size over the
//! broker's limit is found before the commit.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    error::PublishError,
    message::{Context, Message, Sequence, Subject},
};

/// The largest envelope that is accepted by default, in bytes.
///
/// SNS and a topic's default allow 256 KiB for a message with its attributes ("Amazon SNS API Reference, Publish"). A queue that
/// is not subscribed for raw delivery gets the envelope once more inside a JSON document, where each quotation mark costs another
/// byte: at worst it doubles, and SNS adds about 1 KiB of its own. What is then too large for the queue is dropped without a word, so
/// the limit leaves 16 KiB to spare.
pub const DEFAULT_MAX_ENVELOPE_BYTES: usize = 120 * 1024;

/// The most bytes of a message that SNS takes, its attributes included ("Amazon SNS API Reference, Publish"). No setting goes beyond.
pub const MAX_BROKER_BYTES: usize = 256 * 1024;

/// What the attributes add that the relay sends with a message of this kind: names, types and values of the kind and a correlation id.
pub(crate) fn attribute_bytes(kind: &str) -> usize {
    "type".len() + "correlationid".len() + 2 * "String".len() + kind.len() + uuid::fmt::Hyphenated::LENGTH
}

/// A message on its way. Fields that a consumer does not know are ignored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// Version of CloudEvents, `1.0`.
    pub specversion: String,
    /// The message's id, the same on every dispatch: consumers recognise duplicates by it.
    pub id: Uuid,
    /// The service that published it, such as `/orders`.
    pub source: String,
    /// The kind of message.
    #[serde(rename = "type")]
    pub kind: String,
    /// The aggregate it is about.
    pub subject: String,
    /// When it happened.
    #[serde(with = "crate::timestamp")]
    pub time: OffsetDateTime,
    /// Always `application/json`.
    #[serde(default)]
    pub datacontenttype: String,
    /// Its place among the messages of the subject.
    pub sequence: String,
    /// One id for everything that one request set off.
    pub correlationid: Uuid,
    /// The message that caused this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causationid: Option<Uuid>,
    /// W3C trace context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The message itself, as JSON text.
    pub data: Box<RawValue>,
}

impl Envelope {
    /// Wraps a message.
    ///
    /// # Errors
    ///
    /// [`PublishError::Serialize`] when the message is no JSON value.
    pub fn new<M: Message>(
        source: &str,
        subject: &Subject,
        sequence: Sequence,
        context: &Context,
        message: &M,
    ) -> Result<Self, PublishError> {
        let data = serde_json::value::to_raw_value(message).map_err(PublishError::Serialize)?;
        Ok(Self {
            specversion: "1.0".to_owned(),
            id: message.id(),
            source: source.to_owned(),
            kind: M::TYPE.to_owned(),
            subject: subject.as_str().to_owned(),
            time: message.created_at(),
            datacontenttype: "application/json".to_owned(),
            sequence: sequence.to_string(),
            correlationid: context.correlation_id,
            causationid: context.causation_id,
            traceparent: context.traceparent.clone(),
            data,
        })
    }

    /// The JSON text that is stored and sent.
    ///
    /// # Errors
    ///
    /// [`PublishError::TooLarge`] when it has more than `max_bytes`.
    pub fn to_text(&self, max_bytes: usize) -> Result<String, PublishError> {
        let text = serde_json::to_string(self).map_err(PublishError::Serialize)?;
        // SQS refuses these two code points ("Amazon SQS API Reference, SendMessage"), JSON allows them raw; inside a JSON text they
        // can only stand in a string, where an escape means the same.
        let text = text.replace('\u{FFFE}', "\\ufffe").replace('\u{FFFF}', "\\uffff");
        if text.len() > max_bytes {
            return Err(PublishError::TooLarge { kind: self.kind.clone(), bytes: text.len(), max_bytes });
        }
        Ok(text)
    }

    /// What a message caused by this one inherits.
    pub fn context_for_effects(&self) -> Context {
        Context {
            correlation_id: self.correlationid,
            causation_id: Some(self.id),
            traceparent: self.traceparent.clone(),
        }
    }
}
