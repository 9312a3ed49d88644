//! The span around the handling of a message: what every log line inside says of it.

use aws_sdk_sqs::types::Message;
use tracing::Span;

use crate::envelope::Envelope;

/// The tracing target of the span around each message.
///
/// A program's log filter has to let spans with this target through, or the lines do not say which message
/// they are about. The filter of this system's services does so for every filter that `RUST_LOG` may ask for.
pub const SPAN_TARGET: &str = "correlation";

/// A span for this message. One that cannot be read has at least its queue and the id that SQS gave it.
pub(crate) fn of_message(
    queue: &str,
    kind: &'static str,
    message: &Message,
    envelope: Option<&Envelope>,
) -> Span {
    let sqs_message_id = message.message_id();
    let correlation_id = envelope.map(|envelope| tracing::field::display(envelope.correlationid));
    let message_id = envelope.map(|envelope| tracing::field::display(envelope.id));
    // The highest level, so that no filter by level takes it away.
    tracing::error_span!(
        target: SPAN_TARGET, "message", correlation_id, message_id, kind, queue, sqs_message_id
    )
}
