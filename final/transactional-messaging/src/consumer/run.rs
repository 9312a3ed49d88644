//! The loop that receives, and how it ends.

use std::{future::Future, sync::Arc};

use aws_sdk_sqs::{Client, types::Message};
use serde::de::DeserializeOwned;
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::Span;
use waiting::{Deadline, Outage, in_time};

use super::{
    ConsumerHealth, ConsumerSettings, Delivery, Handled, HandlerError, InTurns,
    deletes::deletes,
    outcome::describe,
    queue::Trouble,
    slots::{self, Slots},
    source::{NETWORK, Source},
    work::{Taken, Work},
};
use crate::{channels::Channels, error::BoxError, message::MessageType, queue::Queue, spans};

/// Takes messages of one kind from one queue and gives them to a handler.
#[derive(Clone, Debug)]
pub struct Consumer {
    source: Source,
    health: ConsumerHealth,
}

impl Consumer {
    /// A consumer of the queue with this name.
    ///
    /// # Errors
    ///
    /// When the queue or its dead-letter queue does not exist or cannot be asked for its attributes.
    pub async fn open(sqs: Client, queue_name: &str, settings: ConsumerSettings) -> Result<Self, BoxError> {
        let opened = Self::try_open(sqs, queue_name, settings, ConsumerHealth::default());
        opened.await.map_err(|trouble| trouble.source)
    }

    /// The same, with an error that says whether it can pass.
    pub(super) async fn try_open(
        sqs: Client,
        queue_name: &str,
        settings: ConsumerSettings,
        health: ConsumerHealth,
    ) -> Result<Self, Trouble> {
        Ok(Self { source: Source::open(sqs, queue_name, settings).await?, health })
    }

    /// Works until `stop` is cancelled, then receives no more, lets messages in work end within the grace
    /// period and gives the rest back to the queue. All of that takes [`ConsumerSettings::longest_stop`] at
    /// most, also when AWS does not answer.
    ///
    /// A message is deleted when it was handled, together with others, goes back with a growing delay when
    /// the error is retryable, and moves to the dead-letter queue with the reason when it is unreadable, the
    /// error is terminal, or it was received as often as the queue allows, less one.
    ///
    /// `queue` is the queue without the prefix of a deployment, by which the inbox knows the consumer.
    pub async fn run<M, F, Fut>(self, queue: Queue<M>, handler: F, stop: CancellationToken)
    where
        M: MessageType + DeserializeOwned + Send + 'static,
        F: Fn(Delivery<M>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Handled, HandlerError>> + Send + 'static,
    {
        self.work(queue, None, handler, stop).await;
    }

    /// The same for messages that get in each other's way when they have the same key: they are handled one
    /// after the other, and those that wait keep no others from being handled.
    pub async fn run_in_turns<M, F, Fut>(
        self,
        queue: Queue<M>,
        in_turns: InTurns<M>,
        handler: F,
        stop: CancellationToken,
    ) where
        M: MessageType + DeserializeOwned + Send + 'static,
        F: Fn(Delivery<M>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Handled, HandlerError>> + Send + 'static,
    {
        self.work(queue, Some(in_turns), handler, stop).await;
    }

    pub(super) async fn work<M, F, Fut>(
        self,
        queue: Queue<M>,
        in_turns: Option<InTurns<M>>,
        handler: F,
        stop: CancellationToken,
    ) where
        M: MessageType + DeserializeOwned + Send + 'static,
        F: Fn(Delivery<M>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Handled, HandlerError>> + Send + 'static,
    {
        let slots = self.slots(in_turns.is_some());
        let name = queue.name();
        let (deletes, deleting) = deletes(self.source.queue.clone(), name, self.source.settings.linger);
        let (give_up, mut deleter, mut tasks) = (CancellationToken::new(), JoinSet::new(), JoinSet::new());
        deleter.spawn(deleting);
        let mut outage = self.source.outage("receiving_messages_failed", self.source.settings.seed);
        let (source, given_up) = (self.source.clone(), give_up.clone());
        let work =
            Work { source, queue, handler, in_turns, slots: slots.clone(), deletes, give_up: given_up };
        let work = Arc::new(work);
        let receiving = async {
            while let Some((messages, span)) = self.next_batch(name, &slots, &stop, &mut outage).await {
                let taken: Vec<_> = messages.into_iter().map(|message| work.take(message)).collect();
                trace_context::link(&span, taken.iter().filter_map(Taken::traceparent));
                drop(span);
                for taken in taken {
                    let work = Arc::clone(&work);
                    tasks.spawn(async move { work.process(taken).await });
                }
                while tasks.try_join_next().is_some() {}
            }
        };
        // The grace counts from the stop on, and not from the end of the last receive.
        let told = async {
            stop.cancelled().await;
            Instant::now()
        };
        let ((), told) = tokio::join!(receiving, told);
        self.wind_up(tasks, &give_up, told + self.source.settings.grace).await;
        // Nobody hands in messages to be deleted any more.
        drop(work);
        self.within(told + self.source.settings.longest_stop(), deleter).await;
    }

    fn slots(&self, in_turns: bool) -> Slots {
        let ConsumerSettings { concurrency, waiting, .. } = self.source.settings;
        let at_once = if self.source.queue.channels == Channels::Fifo { 1 } else { slots::MOST };
        Slots::new(concurrency, if in_turns { waiting } else { usize::MAX }, at_once)
    }

    /// Waits for the messages in work; gives back those that do not end in time, and leaves to SQS what
    /// cannot be given back in time.
    async fn wind_up(&self, mut tasks: JoinSet<()>, give_up: &CancellationToken, until: Instant) {
        if tokio::time::timeout_at(until, wait_for_all(&mut tasks)).await.is_err() {
            give_up.cancel();
            self.within(Instant::now() + self.source.settings.give_back, tasks).await;
        }
    }

    async fn within(&self, until: Instant, mut tasks: JoinSet<()>) {
        if tokio::time::timeout_at(until, wait_for_all(&mut tasks)).await.is_err() {
            tracing::warn!(queue = &*self.source.name, "messages_left_to_their_visibility_timeout");
            tasks.shutdown().await;
        }
    }

    /// The next messages, as many as there is room for; `None` when it is time to stop.
    async fn next_batch(
        &self,
        queue: &'static str,
        slots: &Slots,
        stop: &CancellationToken,
        outage: &mut Outage,
    ) -> Option<(Vec<Message>, Span)> {
        let room = stop.run_until_cancelled(slots.room()).await?;
        let span = spans::receive(queue);
        match self.receive(room, stop).await? {
            Ok(messages) => {
                outage.over();
                self.health.works(&self.source.name);
                span.record("messaging.batch.message_count", messages.len());
                metrics::counter!(
                    "messaging.client.consumed.messages", "messaging.destination.name" => queue,
                )
                .increment(messages.len() as u64);
                Some((messages, span))
            }
            Err(error) => {
                self.health.failed(&self.source.name);
                let pause = outage.failed(describe(error.as_ref()));
                stop.run_until_cancelled(tokio::time::sleep(pause)).await.map(|()| (Vec::new(), span))
            }
        }
    }

    /// What one receive brings. A stop ends it after a short while: what is taken out of the queue already
    /// should arrive.
    async fn receive(
        &self,
        at_most: usize,
        stop: &CancellationToken,
    ) -> Option<Result<Vec<Message>, BoxError>> {
        let wait = self.source.settings.wait;
        let limit = Deadline::after(wait + NETWORK);
        let receive = limit.scope(in_time(Box::pin(self.source.queue.receive(at_most, wait))));
        let hang_up = async {
            stop.cancelled().await;
            tokio::time::sleep(self.source.settings.last_receive).await;
        };
        tokio::select! {
            biased;
            received = receive => Some(received.unwrap_or_else(|late| Err(late.into()))),
            () = hang_up => None,
        }
    }
}

async fn wait_for_all(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}
