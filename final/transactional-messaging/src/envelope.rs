//! The envelope: a CloudEvents 1.0 JSON document.
//!
//! It is built once, when the message is stored in the outbox, so that each dispatch sends the same bytes and
//! a size over the broker's limit is found before the commit.

mod received;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use trace_context::TraceContext;
use uuid::Uuid;

use crate::{
    error::PublishError,
    message::{Context, Message, Sequence, Subject},
};

/// The largest envelope that is accepted by default, in bytes.
///
/// SNS and a topic's default allow 256 KiB for a message with its attributes ("Amazon SNS API Reference,
/// Publish"). A queue that is not subscribed for raw delivery gets the envelope once more inside a JSON
/// document, where each quotation mark costs another byte: at worst it doubles, and SNS adds about 1 KiB of
/// its own. What is then too large for the queue is dropped without a word, so the limit leaves 16 KiB to
/// spare.
pub const DEFAULT_MAX_ENVELOPE_BYTES: usize = 120 * 1024;

/// The most bytes of a message that SNS takes, its attributes included ("Amazon SNS API Reference, Publish").
/// No setting goes beyond.
pub const MAX_BROKER_BYTES: usize = 256 * 1024;

/// What the attributes add that the relay sends with a message of this kind: names, types and values of the
/// kind and a correlation id.
pub(crate) fn attribute_bytes(kind: &str) -> usize {
    "type".len() + "correlationid".len() + 2 * "String".len() + kind.len() + uuid::fmt::Hyphenated::LENGTH
}

/// A message on its way.
///
/// Reading one ignores fields that it does not know, and checks the others: `specversion` is 1.x, `source` is
/// printable, `subject` names an aggregate, `sequence` is a number. A malformed `traceparent` or `tracestate`
/// is dropped, because nothing depends on it, so that it is not handed on. What CloudEvents makes optional
/// may be absent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "received::Received")]
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
    /// The aggregate it is about; empty when the sender named none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// When it happened, if the sender says so.
    #[serde(with = "crate::timestamp::option", skip_serializing_if = "Option::is_none")]
    pub time: Option<OffsetDateTime>,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// Its place among the messages of the subject, a number; empty when the sender named none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sequence: String,
    /// One id for everything that one request set off. A message that comes without one has its own id here.
    pub correlationid: Uuid,
    /// The message that caused this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causationid: Option<Uuid>,
    /// W3C trace context, always well-formed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// What belongs to it, always well-formed; absent without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracestate: Option<String>,
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
            time: Some(message.created_at()),
            datacontenttype: "application/json".to_owned(),
            sequence: sequence.to_string(),
            correlationid: context.correlation_id,
            causationid: context.causation_id,
            traceparent: context.trace.as_ref().map(|trace| trace.traceparent().to_owned()),
            tracestate: context.trace.as_ref().and_then(|trace| trace.tracestate()).map(str::to_owned),
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
        // SQS refuses these two code points ("Amazon SQS API Reference, SendMessage"), JSON allows them raw;
        // inside a JSON text they can only stand in a string, where an escape means the same.
        let text = text.replace('\u{FFFE}', "\\ufffe").replace('\u{FFFF}', "\\uffff");
        if text.len() > max_bytes {
            return Err(PublishError::TooLarge { kind: self.kind.clone(), bytes: text.len(), max_bytes });
        }
        Ok(text)
    }

    /// Its trace context, if it has one.
    fn trace(&self) -> Option<TraceContext> {
        TraceContext::new(self.traceparent.as_deref()?, self.tracestate.as_deref())
    }

    /// What a message caused by this one inherits.
    pub fn context_for_effects(&self) -> Context {
        Context { correlation_id: self.correlationid, causation_id: Some(self.id), trace: self.trace() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn whole() -> Value {
        json!({
            "specversion": "1.0", "id": Uuid::from_u128(7), "source": "/notes", "type": "Noted",
            "subject": "note/8", "time": "2026-11-23T12:00:00Z", "sequence": "00000000000000000001",
            "correlationid": Uuid::from_u128(9), "traceparent": TRACE, "tracestate": "rojo=1", "data": {},
        })
    }

    fn with(name: &str, value: impl Into<Value>) -> Result<Envelope, serde_json::Error> {
        let mut envelope = whole();
        envelope[name] = value.into();
        serde_json::from_str(&envelope.to_string())
    }

    fn without(name: &str) -> Result<Envelope, serde_json::Error> {
        let mut envelope = whole();
        envelope.as_object_mut().unwrap().remove(name);
        serde_json::from_str(&envelope.to_string())
    }

    #[test]
    fn what_contradicts_the_envelope_is_refused_and_the_reason_quotes_nothing() {
        let odd = [
            ("specversion", "9"),
            ("specversion", "10.0"),
            ("specversion", "1.x"),
            ("source", ""),
            ("source", "/evil\nline"),
            ("subject", "note"),
            ("subject", "note/"),
            ("subject", "note/1/order"),
            ("subject", "note/\u{202e}1"),
            ("sequence", "-1"),
            ("sequence", "+1"),
            ("sequence", "0"),
            ("sequence", "18446744073709551616"),
            ("sequence", "000000000000000000001"),
            ("sequence", "first"),
        ];
        for (name, value) in odd {
            let reason = with(name, value).unwrap_err().to_string();
            assert!(reason.contains(name), "{name} {value}: {reason}");
            assert!(!reason.contains("evil"), "{reason}");
        }
        for name in ["source", "subject"] {
            assert!(with(name, "a/".repeat(9_000) + "b").is_err());
        }
        for version in ["1.0", "1.1", "1.12"] {
            assert!(with("specversion", version).is_ok(), "{version}");
        }
    }

    #[test]
    fn a_trace_context_that_is_none_is_dropped_and_never_handed_on() {
        let handed_on = |envelope: &Envelope| envelope.context_for_effects().trace;
        assert_eq!(handed_on(&with("traceparent", TRACE).unwrap()), TraceContext::new(TRACE, Some("rojo=1")));
        let odd = [
            "evil".repeat(30_000),
            TRACE.to_uppercase(),
            TRACE.replace("00-4", "ff-4"),
            TRACE.replace("00f067aa0ba902b7", "0000000000000000"),
            TRACE.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            format!("{TRACE}-more"),
            TRACE[..54].to_owned(),
            String::new(),
        ];
        for text in odd {
            assert_eq!(handed_on(&with("traceparent", text.as_str()).unwrap()), None, "{text:.60}");
        }
    }

    #[test]
    fn a_trace_state_goes_with_its_trace_context_and_never_without() {
        let state = |envelope: Envelope| {
            let handed_on = envelope.context_for_effects().trace?.tracestate()?.to_owned();
            assert_eq!(envelope.tracestate.as_deref(), Some(&*handed_on));
            Some(handed_on)
        };
        assert_eq!(state(with("tracestate", "rojo=1, congo=2").unwrap()).as_deref(), Some("rojo=1,congo=2"));
        for odd in ["no pair".to_owned(), "a=1,a=2".to_owned(), format!("a={}", "v".repeat(600))] {
            let envelope = with("tracestate", odd).unwrap();
            assert_eq!(envelope.traceparent.as_deref(), Some(TRACE), "only what is wrong is dropped");
            assert_eq!((envelope.tracestate.clone(), state(envelope)), (None, None));
        }
        let mut alone = whole();
        alone["tracestate"] = "rojo=1".into();
        alone["traceparent"] = "none".into();
        let alone: Envelope = serde_json::from_str(&alone.to_string()).unwrap();
        assert_eq!((alone.tracestate.clone(), state(alone)), (None, None));
    }

    #[test]
    fn what_cloudevents_makes_optional_may_be_absent() {
        for name in ["subject", "time", "sequence", "correlationid", "traceparent", "tracestate"] {
            assert!(without(name).is_ok(), "{name}");
        }
        for name in ["specversion", "id", "source", "type", "data"] {
            assert!(without(name).is_err(), "{name}");
        }
        let envelope = without("correlationid").unwrap();
        assert_eq!(envelope.correlationid, envelope.id, "the same each time the message comes");
    }
}
