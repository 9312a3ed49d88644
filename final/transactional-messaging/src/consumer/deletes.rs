//! Handled messages are deleted ten at a time, and none of them holds a slot until then.

use std::time::Duration;

use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinSet,
    time::Instant,
};
use tracing::Span;

use super::{outcome::describe, queue::SqsQueue};
use crate::{channels::Channels, spans};

/// The most entries of one call ("Amazon SQS API Reference, DeleteMessageBatch").
const MOST: usize = 10;

/// What is left of a message that was handled: how to delete it, and what its log lines say of it.
#[derive(Debug)]
pub(super) struct Handled {
    pub(super) receipt: String,
    /// Its trace context, if it has one.
    pub(super) traceparent: Option<String>,
    pub(super) span: Span,
}

/// Takes handled messages, to be deleted soon. The queue of them has no limit of its own: each is there for
/// the linger and one call, which ends within a visibility timeout.
pub(super) type Deletes = UnboundedSender<Handled>;

/// A way in, and what works until it and its clones are dropped and everything is deleted or given up.
pub(super) fn deletes(
    queue: SqsQueue,
    name: &'static str,
    linger: Duration,
) -> (Deletes, impl Future<Output = ()> + Send) {
    let (deletes, handled) = mpsc::unbounded_channel();
    // A FIFO queue gives the next message of a group once the one before it is deleted.
    let linger = if queue.channels == Channels::Fifo { Duration::ZERO } else { linger };
    // A tenth: heartbeats have left nearly half of it, whatever became of the last one.
    let linger = linger.min(queue.visibility / 10);
    (deletes, gather(queue, name, handled, linger))
}

async fn gather(
    queue: SqsQueue,
    name: &'static str,
    mut handled: UnboundedReceiver<Handled>,
    linger: Duration,
) {
    let mut calls = JoinSet::new();
    while let Some(first) = handled.recv().await {
        let mut batch = vec![first];
        let more = async {
            while batch.len() < MOST
                && let Some(next) = handled.recv().await
            {
                batch.push(next);
            }
        };
        // Ten, the end, or the end of the linger: what is there is deleted.
        tokio::time::timeout(linger, more).await.unwrap_or_default();
        let queue = queue.clone();
        calls.spawn(async move { delete(&queue, name, batch).await });
        while calls.try_join_next().is_some() {}
    }
    while calls.join_next().await.is_some() {}
}

/// Deletes them. Those for which that fails come again, and the inbox knows them.
async fn delete(queue: &SqsQueue, name: &'static str, batch: Vec<Handled>) {
    let (span, begun) = (spans::settle("ack", name), Instant::now());
    span.record("messaging.batch.message_count", batch.len());
    trace_context::link(&span, batch.iter().filter_map(|handled| handled.traceparent.as_deref()));
    let receipts = batch.iter().map(|handled| handled.receipt.clone()).collect();
    let deleted = queue.in_good_time(queue.delete_all(receipts)).await;
    settled("ack", name, begun);
    match deleted {
        Ok(refused) => {
            for (number, error) in refused {
                if let Some(handled) = batch.get(number) {
                    handled.not_deleted(&error);
                }
            }
        }
        Err(error) => {
            let error = describe(error.as_ref());
            spans::failed(&span, "call_failed");
            batch.iter().for_each(|handled| handled.not_deleted(&error));
        }
    }
}

/// How long it took to delete messages or to give one back.
pub(super) fn settled(operation: &'static str, queue: &'static str, begun: Instant) {
    metrics::histogram!(
        "messaging.client.operation.duration",
        "messaging.operation.name" => operation,
        "messaging.destination.name" => queue,
    )
    .record(begun.elapsed());
}

impl Handled {
    fn not_deleted(&self, error: &str) {
        self.span.in_scope(|| tracing::warn!(error, "deleting_a_handled_message_failed"));
    }
}
