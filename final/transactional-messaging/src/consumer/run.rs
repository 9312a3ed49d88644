//! The loop around a handler: receive, handle, delete; and what happens when one of them fails.

use std::{convert::Infallible, future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use aws_sdk_sqs::{Client, types::Message};
use futures::FutureExt as _;
use serde::de::DeserializeOwned;
use tokio::{sync::Semaphore, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;
use waiting::{Deadline, Outage, in_time};

use super::{
    ConsumerHealth, ConsumerSettings, Delivery, Handled, HandlerError, describe,
    queue::{LONGEST_VISIBILITY, Queue, Trouble, receive_count},
    reason,
    settle::pause_after,
    span,
};
use crate::{message::MessageType, relay::BoxError};

/// The pause after a first failure, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What a receive may take beyond the time that SQS was told to wait for a message.
const NETWORK: Duration = Duration::from_secs(10);

/// Takes messages of one kind from one queue and gives them to a handler.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub(super) queue: Queue,
    name: Arc<str>,
    settings: ConsumerSettings,
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
        let opening = in_time(Box::pin(Queue::open(sqs, queue_name)));
        let opened = Deadline::after(settings.wait + NETWORK).scope(opening);
        let queue = opened.await.unwrap_or_else(|late| Err(Trouble::passing(late)))?;
        Ok(Self { queue, name: queue_name.into(), settings, health })
    }

    /// Works until `stop` is cancelled, then receives no more, lets messages in work end within the grace period and gives the rest
    /// back to the queue. All of that takes [`ConsumerSettings::longest_stop`] at most, also when AWS does not answer.
    ///
    /// A message is deleted when it was handled, goes back with a growing delay when the error is retryable, and moves to the
    /// dead-letter queue with the reason when it is unreadable, the error is terminal, or it was received as often as the queue allows.
    pub async fn run<M, F, Fut>(self, handler: F, stop: CancellationToken)
    where
        M: MessageType + DeserializeOwned + Send + 'static,
        F: Fn(Delivery<M>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Handled, HandlerError>> + Send + 'static,
    {
        let slots = Arc::new(Semaphore::new(self.settings.concurrency));
        let give_up = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let mut outage = self.outage("receiving_messages_failed", self.settings.seed);
        let work = async {
            while let Some(messages) = self.next_batch(&slots, &stop, &mut outage).await {
                for message in messages {
                    let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { break };
                    let (consumer, handler, give_up) = (self.clone(), handler.clone(), give_up.clone());
                    tasks.spawn(async move {
                        consumer.process(message, handler, give_up).await;
                        drop(slot);
                    });
                }
                while tasks.try_join_next().is_some() {}
            }
        };
        // The grace counts from the stop on, and not from the end of the last receive.
        let told = async {
            stop.cancelled().await;
            Instant::now()
        };
        let ((), told) = tokio::join!(work, told);
        self.wind_up(tasks, &give_up, told + self.settings.grace).await;
    }

    /// Waits for the messages in work; gives back those that do not end in time, and leaves to SQS what cannot be given back in time.
    async fn wind_up(&self, mut tasks: JoinSet<()>, give_up: &CancellationToken, until: Instant) {
        if tokio::time::timeout_at(until, wait_for_all(&mut tasks)).await.is_ok() {
            return;
        }
        give_up.cancel();
        if tokio::time::timeout(self.settings.give_back, wait_for_all(&mut tasks)).await.is_err() {
            let (queue, messages) = (&*self.name, tasks.len());
            tracing::warn!(queue, messages, "messages_left_to_their_visibility_timeout");
            tasks.shutdown().await;
        }
    }

    fn outage(&self, event: &'static str, seed: Uuid) -> Outage {
        Outage::new(event, &*self.name, seed, FIRST_PAUSE, LONGEST_PAUSE)
    }

    /// The next messages, as many as there are free slots; `None` when it is time to stop.
    async fn next_batch(
        &self,
        slots: &Semaphore,
        stop: &CancellationToken,
        outage: &mut Outage,
    ) -> Option<Vec<Message>> {
        tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            slot = slots.acquire() => drop(slot.ok()?),
        }
        match self.receive(slots.available_permits().max(1), stop).await? {
            Ok(messages) => {
                outage.over();
                self.health.works(&self.name);
                Some(messages)
            }
            Err(error) => {
                self.health.failed(&self.name);
                let pause = outage.failed(describe(error.as_ref()));
                stop.run_until_cancelled(tokio::time::sleep(pause)).await.map(|()| Vec::new())
            }
        }
    }

    /// What one receive brings. A stop ends it after a short while: what is taken out of the queue already should arrive.
    async fn receive(
        &self,
        at_most: usize,
        stop: &CancellationToken,
    ) -> Option<Result<Vec<Message>, BoxError>> {
        let wait = self.settings.wait;
        let limit = Deadline::after(wait + NETWORK);
        let receive = limit.scope(in_time(Box::pin(self.queue.receive(at_most, wait))));
        let hang_up = async {
            stop.cancelled().await;
            tokio::time::sleep(self.settings.last_receive).await;
        };
        tokio::select! {
            biased;
            received = receive => Some(received.unwrap_or_else(|late| Err(late.into()))),
            () = hang_up => None,
        }
    }

    // ANCHOR: process
    async fn process<M, F, Fut>(&self, message: Message, handler: F, give_up: CancellationToken)
    where
        M: MessageType + DeserializeOwned,
        F: Fn(Delivery<M>) -> Fut,
        Fut: Future<Output = Result<Handled, HandlerError>>,
    {
        let parsed = Delivery::<M>::parse(message.body().unwrap_or_default());
        let span = span::of_message(&self.name, M::TYPE, &message, parsed.as_ref().ok().map(|d| &d.envelope));
        async {
            let delivery = match parsed {
                Ok(delivery) => delivery,
                Err(unreadable) => return self.bury(&message, &reason(&unreadable)).await,
            };
            let id = delivery.envelope.id;
            // Called in here, so that a panic is caught before there is a future, too. Boxed, because a handler's future is large, and
            // every layer around it would have it on the stack once more: together more than a thread of a debug build has.
            let work = Box::pin(async { handler(delivery).await });
            match self.handle_in_time(&message, id, work, &give_up).await {
                Ok(outcome) => self.finish(&message, outcome).await,
                Err(HandlerError::Terminal { reason }) => self.bury(&message, &reason).await,
                Err(HandlerError::Retryable(error)) => {
                    let (receives, error) = (receive_count(&message), describe(error.as_ref()));
                    if give_up.is_cancelled() {
                        // Whoever takes over need not wait.
                        self.give_back(&message, Duration::ZERO, &error).await;
                    } else if self.queue.is_last(receives) {
                        // SQS would move it next time, and say nothing of why.
                        self.bury(&message, &format!("given up after {receives} receives: {error}")).await;
                    } else {
                        self.give_back(&message, pause_after(receives, id), &error).await;
                    }
                }
            }
        }
        .instrument(span)
        .await;
    }
    // ANCHOR_END: process

    /// Runs the handler while extending the message's visibility, so that nobody else gets it meanwhile.
    async fn handle_in_time(
        &self,
        message: &Message,
        id: Uuid,
        work: impl Future<Output = Result<Handled, HandlerError>>,
        give_up: &CancellationToken,
    ) -> Result<Handled, HandlerError> {
        let failed = |why: &str| Err(HandlerError::retryable(why));
        let deadline = Deadline::after(self.settings.deadline.min(LONGEST_VISIBILITY));
        let work = deadline.scope(in_time(AssertUnwindSafe(work).catch_unwind()));
        tokio::select! {
            biased;
            ended = work => match ended {
                Ok(ended) => ended.unwrap_or_else(|_| failed("the handler panicked")),
                Err(late) => Err(HandlerError::retryable(late)),
            },
            () = give_up.cancelled() => failed("the consumer was stopped"),
            never = self.keep_hidden(message, id) => match never {},
        }
    }

    /// Extends the visibility at a third of it. A call may take a quarter, so that another fits in before somebody else gets the message.
    async fn keep_hidden(&self, message: &Message, id: Uuid) -> Infallible {
        let visibility = self.queue.visibility;
        let (beat, limit) = (visibility / 3, visibility / 4);
        let mut outage = self.outage("extending_visibility_failed", id);
        let mut pause = beat;
        loop {
            tokio::time::sleep(pause).await;
            let hide = self.in_good_time(self.queue.hide(message, visibility));
            pause = match Deadline::after(limit).scope(hide).await {
                Ok(()) => {
                    outage.over();
                    beat
                }
                Err(error) => outage.failed(describe(error.as_ref())).min(beat),
            };
        }
    }
}

async fn wait_for_all(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}
