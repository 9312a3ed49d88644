//! An envelope as it comes from outside, and what is checked before anything believes it.

use serde::Deserialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use trace_context::TraceContext;
use uuid::Uuid;

use super::Envelope;
use crate::message::Sequence;

/// The most bytes that are believed of a source or a subject. Ours have less than a hundred; CloudEvents
/// names no limit.
const MAX_NAME_BYTES: usize = 256;

/// CloudEvents requires the first four and makes the others optional. Unknown attributes are ignored.
#[derive(Deserialize)]
pub(super) struct Received {
    specversion: String,
    id: Uuid,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    subject: Option<String>,
    #[serde(default, with = "crate::timestamp::option")]
    time: Option<OffsetDateTime>,
    #[serde(default)]
    datacontenttype: String,
    sequence: Option<String>,
    correlationid: Option<Uuid>,
    causationid: Option<Uuid>,
    traceparent: Option<String>,
    tracestate: Option<String>,
    data: Box<RawValue>,
}

/// What is wrong with an envelope. It quotes nothing of it: the reason is stored and logged.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Violation {
    #[error("its specversion is not 1.x; this consumer reads CloudEvents 1")]
    Version,
    #[error("its source is no printable text of 1 to {MAX_NAME_BYTES} bytes")]
    Source,
    #[error("its subject does not name an aggregate as kind/id, in {MAX_NAME_BYTES} bytes at most")]
    Subject,
    #[error("its sequence is no number from 1 to 2^64 - 1, in 20 digits at most")]
    Sequence,
}

impl TryFrom<Received> for Envelope {
    type Error = Violation;

    fn try_from(received: Received) -> Result<Self, Violation> {
        check(is_version_1(&received.specversion), Violation::Version)?;
        check(is_printable(&received.source), Violation::Source)?;
        check(received.subject.as_deref().is_none_or(is_subject), Violation::Subject)?;
        check(received.sequence.as_deref().is_none_or(is_sequence), Violation::Sequence)?;
        let trace =
            received.traceparent.and_then(|text| TraceContext::new(text, received.tracestate.as_deref()));
        Ok(Self {
            specversion: received.specversion,
            id: received.id,
            source: received.source,
            kind: received.kind,
            subject: received.subject.unwrap_or_default(),
            time: received.time,
            datacontenttype: received.datacontenttype,
            sequence: received.sequence.unwrap_or_default(),
            // It begins a conversation of its own, with an id that is the same each time it comes.
            correlationid: received.correlationid.unwrap_or(received.id),
            causationid: received.causationid,
            traceparent: trace.as_ref().map(|trace| trace.traceparent().to_owned()),
            tracestate: trace.as_ref().and_then(|trace| trace.tracestate()).map(str::to_owned),
            data: received.data,
        })
    }
}

fn check(holds: bool, violation: Violation) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(violation) }
}

fn is_version_1(text: &str) -> bool {
    let minor = text.strip_prefix("1.");
    minor.is_some_and(|minor| (1..=4).contains(&minor.len()) && is_digits(minor))
}

fn is_printable(text: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `customer/3f0c…`, or `customer/3f0c…/order/77ab…`.
fn is_subject(text: &str) -> bool {
    let parts = || text.split('/');
    is_printable(text) && parts().count().is_multiple_of(2) && parts().all(|part| !part.is_empty())
}

fn is_sequence(text: &str) -> bool {
    // `parse` takes a plus sign, too.
    (1..=20).contains(&text.len()) && is_digits(text) && text.parse::<Sequence>().is_ok_and(Sequence::is_some)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
