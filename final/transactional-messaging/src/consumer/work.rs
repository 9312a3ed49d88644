//! One message in work: its turn, its handler, its visibility meanwhile, and what becomes of it.

use std::{convert::Infallible, future::Future, panic::AssertUnwindSafe, time::Duration};

use aws_sdk_sqs::types::Message;
use futures::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};
use uuid::Uuid;
use waiting::{Deadline, in_time};

use super::{
    Delivery, Handled, HandlerError, InTurns, Unreadable,
    deletes::{Deletes, settled},
    keyed_locks::{KeyedLocks, Turn},
    outcome::describe,
    outcome::reason,
    queue::{LONGEST_VISIBILITY, SqsQueue, receive_count},
    settle::pause_after,
    slots::{Slot, Slots},
    source::Source,
    span,
};
use crate::{message::MessageType, queue::Queue, spans};

/// What all messages of a running consumer share.
pub(super) struct Work<M, F> {
    pub(super) source: Source,
    pub(super) queue: Queue<M>,
    pub(super) handler: F,
    pub(super) in_turns: Option<InTurns<M>>,
    pub(super) slots: Slots,
    pub(super) deletes: Deletes,
    pub(super) give_up: CancellationToken,
}

/// What a message has of what it needs.
#[derive(Default)]
struct Claim {
    turn: Option<Turn>,
    slot: Option<Slot>,
    /// The key that somebody else is at work on, and a place to wait.
    waits: Option<(KeyedLocks, Uuid, Option<Slot>)>,
}

/// A message that was taken out of its queue.
pub(super) struct Taken<M> {
    message: Message,
    parsed: Result<Delivery<M>, Unreadable>,
    claim: Claim,
}

impl<M> Taken<M> {
    /// Its trace context, if it has one.
    pub(super) fn traceparent(&self) -> Option<&str> {
        self.parsed.as_ref().ok()?.envelope.traceparent.as_deref()
    }
}

impl<M, F, Fut> Work<M, F>
where
    M: MessageType + DeserializeOwned,
    F: Fn(Delivery<M>) -> Fut,
    Fut: Future<Output = Result<Handled, HandlerError>>,
{
    /// Reads a message and claims for it what is free, so that the next receive asks for no more than there
    /// is room for. A message that has to wait for its turn takes no slot: others of its key could hold all
    /// of them, and keep everybody else waiting.
    pub(super) fn take(&self, message: Message) -> Taken<M> {
        let parsed = Delivery::parse(self.queue, message.body().unwrap_or_default());
        let key = |delivery: &Delivery<M>| {
            self.in_turns.as_ref().map(|by| (&by.turns, (by.key)(&delivery.message)))
        };
        let claim = match parsed.as_ref().ok().and_then(key) {
            None => Claim { slot: self.slots.at_once(), ..Claim::default() },
            Some((turns, key)) => match turns.at_once(key) {
                Some(turn) => Claim { turn: Some(turn), slot: self.slots.at_once(), waits: None },
                None => Claim { waits: Some((turns.clone(), key, self.slots.place())), ..Claim::default() },
            },
        };
        Taken { message, parsed, claim }
    }

    // ANCHOR: process
    pub(super) async fn process(&self, Taken { message, parsed, claim }: Taken<M>) {
        let queue = self.sqs();
        let envelope = parsed.as_ref().ok().map(|delivery| &delivery.envelope);
        // The one for logs is inside: the other begins a trace, and hides what is around it.
        let traced = spans::process(self.queue.name(), envelope);
        let span = traced.in_scope(|| span::of_message(&self.source.name, M::TYPE, &message, envelope));
        let traceparent = envelope.and_then(|envelope| envelope.traceparent.clone());
        async {
            let delivery = match parsed {
                Ok(delivery) => delivery,
                Err(unreadable) => return self.bury(&message, "unreadable", &reason(&unreadable)).await,
            };
            let id = delivery.envelope.id;
            let mut held = None;
            let work = async {
                let (turn, slot) = self.ready(claim).await;
                held = slot;
                let ended = self.measured(&traced, self.handle(delivery)).await;
                drop(turn);
                ended
            };
            match self.while_hidden(&message, id, work).await {
                Ok(outcome) => SqsQueue::finish(&message, outcome, traceparent, &self.deletes),
                Err(HandlerError::Terminal { reason }) => self.bury(&message, "terminal", &reason).await,
                Err(HandlerError::Retryable(error)) => {
                    let (receives, error) = (receive_count(&message), describe(error.as_ref()));
                    if self.give_up.is_cancelled() {
                        // Whoever takes over need not wait.
                        self.give_back(&message, Duration::ZERO, &error, traceparent).await;
                    } else if queue.is_last(receives) {
                        // SQS would move it before long, and say nothing of why.
                        let reason = format!("given up after {receives} receives: {error}");
                        self.bury(&message, "given_up", &reason).await;
                    } else {
                        self.give_back(&message, pause_after(receives, id), &error, traceparent).await;
                    }
                }
            }
            drop(held);
        }
        .instrument(span)
        .instrument(traced.clone())
        .await;
    }
    // ANCHOR_END: process

    /// The handler's work, with its time and its end.
    async fn measured(
        &self,
        span: &Span,
        work: impl Future<Output = Result<Handled, HandlerError>>,
    ) -> Result<Handled, HandlerError> {
        let begun = Instant::now();
        let ended = work.await;
        let outcome = match &ended {
            Ok(Handled::Done) => "done",
            Ok(Handled::Duplicate) => "duplicate",
            Err(HandlerError::Retryable(_)) => "retryable",
            Err(HandlerError::Terminal { .. }) => "terminal",
        };
        if ended.is_err() {
            spans::failed(span, outcome);
        }
        let (name, label) = (self.queue.name(), "messaging.destination.name");
        metrics::histogram!("messaging.process.duration", label => name, "outcome" => outcome)
            .record(begun.elapsed());
        if matches!(ended, Ok(Handled::Duplicate)) {
            metrics::counter!("inbox.duplicates", label => name).increment(1);
        }
        ended
    }

    async fn bury(&self, message: &Message, class: &'static str, reason: &str) {
        if self.sqs().bury(message, reason).await {
            let name = self.queue.name();
            metrics::counter!(
                "consumer.dead_lettered", "messaging.destination.name" => name, "reason" => class,
            )
            .increment(1);
        }
    }

    async fn give_back(&self, message: &Message, delay: Duration, error: &str, traceparent: Option<String>) {
        let (name, begun) = (self.queue.name(), Instant::now());
        let span = spans::settle("nack", name);
        trace_context::link(&span, traceparent.as_deref());
        self.sqs().give_back(message, delay, error).await;
        settled("nack", name, begun);
        metrics::counter!("consumer.given_back", "messaging.destination.name" => name).increment(1);
    }

    /// Waits for its turn first, and then for a slot: whoever holds a slot works.
    async fn ready(&self, claim: Claim) -> (Option<Turn>, Option<Slot>) {
        let turn = match claim.waits {
            Some((turns, key, _place)) => Some(turns.wait(key).await),
            None => claim.turn,
        };
        let slot = match claim.slot {
            Some(slot) => Some(slot),
            None => self.slots.wait().await,
        };
        (turn, slot)
    }

    async fn handle(&self, delivery: Delivery<M>) -> Result<Handled, HandlerError> {
        // Called in here, so that a panic is caught before there is a future, too. Boxed, because a handler's
        // future is large, and every layer around it would have it on the stack once more: together more than
        // a thread of a debug build has.
        let work = Box::pin(async { (self.handler)(delivery).await });
        let work = in_time(AssertUnwindSafe(work).catch_unwind());
        match Deadline::after(self.source.settings.deadline).scope(work).await {
            Ok(ended) => ended.unwrap_or_else(|_| Err(HandlerError::retryable("the handler panicked"))),
            Err(late) => Err(HandlerError::retryable(late)),
        }
    }

    /// Does the work while extending the message's visibility, so that nobody else gets it meanwhile.
    async fn while_hidden(
        &self,
        message: &Message,
        id: Uuid,
        work: impl Future<Output = Result<Handled, HandlerError>>,
    ) -> Result<Handled, HandlerError> {
        // Waiting included: then SQS gives it to somebody else.
        let work = Deadline::after(LONGEST_VISIBILITY).scope(in_time(work));
        tokio::select! {
            biased;
            ended = work => ended.unwrap_or_else(|late| Err(HandlerError::retryable(late))),
            () = self.give_up.cancelled() => Err(HandlerError::retryable("the consumer was stopped")),
            never = self.keep_hidden(message, id) => match never {},
        }
    }

    /// Extends the visibility at each third of it, whether the call before was answered or not: one that
    /// takes long, or is lost, does not give the message to somebody else.
    async fn keep_hidden(&self, message: &Message, id: Uuid) -> Infallible {
        let queue = self.sqs();
        let beat = queue.visibility / 3;
        let mut outage = self.source.outage("extending_visibility_failed", id);
        let (mut calls, mut next) = (FuturesUnordered::new(), Instant::now() + beat);
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(next) => {
                    calls.push(queue.in_good_time(queue.hide(message, queue.visibility)));
                    next += beat;
                }
                Some(answer) = calls.next() => match answer {
                    Ok(()) => outage.over(),
                    Err(error) => {
                        let pause = outage.failed(describe(error.as_ref()));
                        next = next.min(Instant::now() + pause);
                    }
                },
            }
        }
    }

    fn sqs(&self) -> &SqsQueue {
        &self.source.queue
    }
}
