//! The spans of a message's way, for traces: names, kinds and attributes as the OpenTelemetry semantic
//! conventions 1.44 have them for messaging. They are disabled unless a program exports traces
//! ([`trace_context`]), and then cost a look at an atomic.
//!
//! `create` is where a message's own trace context comes from. Whoever touches the message later links to it,
//! so that one message in a batch of ten, or one that is delivered a week later, does not become the child of
//! somebody else's call.

use serde::Deserialize;
use tracing::{Span, field};
use uuid::Uuid;

use crate::envelope::Envelope;

/// A message is written into the outbox. A child of whatever span is current: the request, or the message
/// that caused it.
pub(crate) fn create(topic: &str, message_id: Uuid, correlation_id: Uuid) -> Span {
    tracing::debug_span!(
        target: trace_context::TARGET, "create",
        otel.name = format_args!("create {topic}"),
        otel.kind = "producer",
        "messaging.system" = "aws.sns",
        "messaging.operation.name" = "create",
        "messaging.operation.type" = "create",
        "messaging.destination.name" = topic,
        "messaging.message.id" = %message_id,
        "messaging.message.conversation_id" = %correlation_id,
    )
}

/// Messages go to their topic, with one call; these are their envelopes.
pub(crate) fn publish<'a>(topic: &str, messages: impl ExactSizeIterator<Item = &'a str>) -> Span {
    let span = tracing::debug_span!(
        target: trace_context::TARGET, "publish",
        otel.name = format_args!("publish {topic}"),
        otel.kind = "client",
        otel.status_code = field::Empty,
        "messaging.system" = "aws.sns",
        "messaging.operation.name" = "publish",
        "messaging.operation.type" = "send",
        "messaging.destination.name" = topic,
        "messaging.batch.message_count" = messages.len(),
        "aws.sns.topic.arn" = field::Empty,
        "aws.request_id" = field::Empty,
        "error.type" = field::Empty,
    );
    if !span.is_disabled() {
        for message in messages {
            trace_context::link(&span, traceparent_in(message).as_deref());
        }
    }
    span
}

/// A queue is asked for messages. It is entered by nobody: what it is linked to turns out at its end.
pub(crate) fn receive(queue: &str) -> Span {
    of_queue("receive", "receive", queue)
}

/// Messages are deleted (`ack`), or given back (`nack`).
pub(crate) fn settle(operation: &'static str, queue: &str) -> Span {
    of_queue(operation, "settle", queue)
}

fn of_queue(operation: &'static str, kind: &'static str, queue: &str) -> Span {
    tracing::debug_span!(
        target: trace_context::TARGET, parent: None, "queue",
        otel.name = format_args!("{operation} {queue}"),
        otel.kind = "client",
        otel.status_code = field::Empty,
        "messaging.system" = "aws_sqs",
        "messaging.operation.name" = operation,
        "messaging.operation.type" = kind,
        "messaging.destination.name" = queue,
        "messaging.batch.message_count" = field::Empty,
        "aws.sqs.queue.url" = field::Empty,
        "error.type" = field::Empty,
    )
}

/// A message is handled. It begins a trace of its own, linked to the message, because several consumers may
/// handle one message, and one may do so a week later.
pub(crate) fn process(queue: &str, envelope: Option<&Envelope>) -> Span {
    let span = tracing::debug_span!(
        target: trace_context::TARGET, parent: None, "process",
        otel.name = format_args!("process {queue}"),
        otel.kind = "consumer",
        otel.status_code = field::Empty,
        "messaging.system" = "aws_sqs",
        "messaging.operation.name" = "process",
        "messaging.operation.type" = "process",
        "messaging.destination.name" = queue,
        "messaging.consumer.group.name" = queue,
        "messaging.message.id" = envelope.map(|envelope| field::display(envelope.id)),
        "messaging.message.conversation_id" = envelope.map(|envelope| field::display(envelope.correlationid)),
        "error.type" = field::Empty,
    );
    trace_context::link(&span, envelope.and_then(|envelope| envelope.traceparent.as_deref()));
    span
}

/// Notes on a span why what it is about did not succeed: a code, or one of few words.
pub(crate) fn failed(span: &Span, kind: &str) {
    span.record("otel.status_code", "ERROR");
    span.record("error.type", kind);
}

/// The trace context of a message that lies in the outbox.
fn traceparent_in(message: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Traced {
        traceparent: Option<String>,
    }
    serde_json::from_str::<Traced>(message).ok()?.traceparent
}
