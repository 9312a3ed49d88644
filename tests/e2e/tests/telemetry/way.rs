//! The way of an order through spans: each hop is the child of the one before it, or is linked to it.

use std::collections::BTreeSet;

use anyhow::ensure;
use e2e::eventually::eventually;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use uuid::Uuid;

use crate::{
    CALLER, STATE, TRACE,
    collector::{Collector, Span},
};

/// From the request to the approval: every hop, and what leads from each to the next.
pub(crate) fn check(collector: &Collector, order: Uuid) {
    let spans = collector.spans();
    let request = only(&spans, "POST /orders", |span| span.trace == TRACE);
    assert_eq!((&*request.parent, request.kind, &*request.service), (CALLER, SpanKind::Server, "orders"));
    has(
        request,
        &[("http.request.method", "POST"), ("http.route", "/orders"), ("http.response.status_code", "200")],
    );

    assert_eq!(request.state, STATE, "what other tracing systems have noted goes on with the trace");
    let message = only(&spans, "create order--created", |span| span.parent == request.id);
    assert_eq!(message.state, STATE);
    commits(&spans, request);
    let created = hop(&spans, request, "order--created", "customer--order-created");
    commits(&spans, created);
    assert_eq!(created.state, "", "a trace of its own");
    let reserved = hop(&spans, created, "customer--credit-reserved", "order--customer-credit-reserved");
    let approved = only(&spans, "create order--approved", |span| span.parent == reserved.id);
    let publish = linked(&spans, "publish order--approved", approved);
    assert_eq!(publish.kind, SpanKind::Client);
    let conversation = &approved.attributes["messaging.message.conversation_id"];
    assert_eq!(conversation, &created.attributes["messaging.message.conversation_id"], "of order {order}");
}

/// The call of AWS in which a request or a handler has committed.
fn commits(spans: &[Span], span: &Span) {
    // One that lost a race commits again.
    let is_it = |call: &&Span| call.name == "DynamoDB.TransactWriteItems" && call.parent == span.id;
    let calls: Vec<_> = spans.iter().filter(is_it).collect();
    assert!(!calls.is_empty(), "nothing was committed in {span:?}");
    for call in calls {
        assert_eq!((&*call.trace, &*call.service), (&*span.trace, &*span.service));
        has(call, &[("rpc.service", "DynamoDB"), ("rpc.method", "TransactWriteItems")]);
    }
}

/// Calls of AWS are told of with their names, and with nothing of what was written; those that belong to no
/// trace, such as looks into empty queues, are not.
pub(crate) fn check_calls(collector: &Collector) {
    let spans = collector.spans();
    let calls: Vec<_> = spans.iter().filter(|span| span.attributes.contains_key("rpc.system")).collect();
    let services: BTreeSet<_> = calls.iter().map(|call| &*call.attributes["rpc.service"]).collect();
    assert!(services.is_superset(&BTreeSet::from(["DynamoDB", "SNS"])), "{services:?}");
    for call in calls {
        let attributes: Vec<_> = call.attributes.keys().map(String::as_str).collect();
        assert_eq!(attributes, ["rpc.method", "rpc.service", "rpc.system"], "{call:?}");
        assert_eq!((call.kind, call.attributes["rpc.system"].as_str()), (SpanKind::Client, "aws-api"));
        assert_eq!(
            call.name,
            format!("{}.{}", call.attributes["rpc.service"], call.attributes["rpc.method"])
        );
        assert!(!call.parent.is_empty(), "it belongs to no trace: {call:?}");
    }
}

/// From whatever caused a message to the span in which it is handled.
fn hop<'a>(spans: &'a [Span], cause: &Span, topic: &str, queue: &str) -> &'a Span {
    let create = only(spans, &format!("create {topic}"), |span| span.parent == cause.id);
    assert_eq!(create.trace, cause.trace);
    after(spans, create, topic, queue)
}

/// From a message to the span in which it is handled.
fn after<'a>(spans: &'a [Span], create: &Span, topic: &str, queue: &str) -> &'a Span {
    assert_eq!(create.kind, SpanKind::Producer);
    let message = &create.attributes["messaging.message.id"];
    has(
        create,
        &[
            ("messaging.system", "aws.sns"),
            ("messaging.operation.name", "create"),
            ("messaging.operation.type", "create"),
            ("messaging.destination.name", topic),
        ],
    );
    let publish = linked(spans, &format!("publish {topic}"), create);
    assert_eq!((publish.kind, &*publish.service), (SpanKind::Client, "outbox-relay"));
    has(publish, &[("messaging.operation.name", "publish"), ("messaging.operation.type", "send")]);
    assert!(publish.attributes["aws.sns.topic.arn"].ends_with(topic), "{publish:?}");
    let receive = linked(spans, &format!("receive {queue}"), create);
    has(receive, &[("messaging.system", "aws_sqs"), ("messaging.operation.type", "receive")]);
    let process = linked(spans, &format!("process {queue}"), create);
    assert_eq!((process.kind, receive.kind), (SpanKind::Consumer, SpanKind::Client));
    has(process, &[("messaging.message.id", message), ("messaging.consumer.group.name", queue)]);
    assert!(process.parent.is_empty() && process.trace != create.trace, "a trace of its own: {process:?}");
    let ack = linked(spans, &format!("ack {queue}"), create);
    has(ack, &[("messaging.operation.type", "settle"), ("messaging.operation.name", "ack")]);
    process
}

/// The function has sent its spans before it answered: nobody has waited for them.
pub(crate) fn check_flushed(collector: &Collector, contexts: &[String]) {
    assert!(!contexts.is_empty(), "there was nothing to send");
    let spans = collector.spans();
    for (trace, id) in contexts.iter().map(|context| ids(context)) {
        let links = (trace.to_owned(), id.to_owned());
        let found =
            spans.iter().any(|span| span.name == "publish order--created" && span.links.contains(&links));
        assert!(found, "nothing of {trace} was sent before the answer");
    }
}

/// What the function has published is handled, and the way goes on as behind a tailer.
pub(crate) async fn check_handled(collector: &Collector, contexts: &[String]) {
    let (topic, queue) = ("order--created", "customer--order-created");
    for (trace, id) in contexts.iter().map(|context| ids(context)) {
        let of_message = |name: String| async move {
            let links = (trace.to_owned(), id.to_owned());
            let spans = collector.spans();
            ensure!(spans.iter().any(|span| span.name == name && span.links.contains(&links)), "no {name}");
            Ok(())
        };
        eventually(|| of_message(format!("ack {queue}"))).await.unwrap();
        let is_sent = || async {
            ensure!(collector.spans().iter().any(|span| span.id == id), "its create has not come");
            Ok(())
        };
        eventually(is_sent).await.unwrap();
        let spans = collector.spans();
        after(&spans, only(&spans, &format!("create {topic}"), |span| span.id == id), topic, queue);
    }
}

fn ids(traceparent: &str) -> (&str, &str) {
    (&traceparent[3..35], &traceparent[36..52])
}

/// A trace that its caller has not sampled is exported by nobody, however far it goes.
pub(crate) fn check_nothing_of_unsampled(collector: &Collector, order: Uuid) {
    let unsampled = &crate::UNSAMPLED[3..35];
    let spans = collector.spans();
    let of_it =
        |span: &&Span| span.trace == unsampled || span.links.iter().any(|(trace, _)| trace == unsampled);
    // A call or a receive that it shares with the other order is exported because of that one.
    let alone = |span: &&Span| span.links.len() < 2;
    let found: Vec<_> = spans.iter().filter(of_it).filter(alone).collect();
    assert!(found.is_empty(), "of the unsampled order {order}: {found:?}");
}

fn only<'a>(spans: &'a [Span], name: &str, is_it: impl Fn(&Span) -> bool) -> &'a Span {
    let found: Vec<_> = spans.iter().filter(|span| span.name == name && is_it(span)).collect();
    let names: std::collections::BTreeSet<_> = spans.iter().map(|span| &span.name).collect();
    assert_eq!(found.len(), 1, "{name}: {found:?} among {names:?}");
    found[0]
}

fn linked<'a>(spans: &'a [Span], name: &str, to: &Span) -> &'a Span {
    only(spans, name, |span| span.links.contains(&(to.trace.clone(), to.id.clone())))
}

fn has(span: &Span, attributes: &[(&str, &str)]) {
    for (name, value) in attributes {
        assert_eq!(span.attributes.get(*name).map(String::as_str), Some(*value), "{name} of {span:?}");
    }
}
