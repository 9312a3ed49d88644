//! The loop that receives, and how it ends.

use std::{future::Future, sync::Arc, time::Duration};

use aws_sdk_sqs::{Client, types::Message};
use serde::de::DeserializeOwned;
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use waiting::{Deadline, Outage, in_time};

use super::{
    ConsumerHealth, ConsumerSettings, Delivery, Handled, HandlerError, InTurns,
    deletes::deletes,
    describe,
    queue::{Queue, Trouble},
    slots::{self, Slots},
    work::Work,
};
use crate::{channels::Channels, message::MessageType, relay::BoxError};

/// The pause after a first failure, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What a receive may take beyond the time that SQS was told to wait for a message.
const NETWORK: Duration = Duration::from_secs(10);

/// Takes messages of one kind from one queue and gives them to a handler.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub(super) queue: Queue,
    pub(super) name: Arc<str>,
    pub(super) settings: ConsumerSettings,
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
    /// A message is deleted when it was handled, together with others, goes back with a growing delay when the error is retryable, and
    /// moves to the dead-letter queue with the reason when it is unreadable, the error is terminal, or it was received as often as the
    /// queue allows, less one.
    pub async fn run<M, F, Fut>(self, handler: F, stop: CancellationToken)
    where
        M: MessageType + DeserializeOwned + Send + 'static,
        F: Fn(Delivery<M>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Handled, HandlerError>> + Send + 'static,
    {
        self.work(None, handler, stop).await;
    }

    /// The same for messages that get in each other's way when they have the same key: they are handled one after the other, and those
    /// that wait keep no others from being handled.
    pub async fn run_in_turns<M, F, Fut>(self, in_turns: InTurns<M>, handler: F, stop: CancellationToken)
    where
        M: MessageType + DeserializeOwned + Send + 'static,
        F: Fn(Delivery<M>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Handled, HandlerError>> + Send + 'static,
    {
        self.work(Some(in_turns), handler, stop).await;
    }

    async fn work<M, F, Fut>(self, in_turns: Option<InTurns<M>>, handler: F, stop: CancellationToken)
    where
        M: MessageType + DeserializeOwned + Send + 'static,
        F: Fn(Delivery<M>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Handled, HandlerError>> + Send + 'static,
    {
        let slots = self.slots(in_turns.is_some());
        let (deletes, deleting) = deletes(self.queue.clone(), self.settings.linger);
        let (give_up, mut deleter, mut tasks) = (CancellationToken::new(), JoinSet::new(), JoinSet::new());
        deleter.spawn(deleting);
        let mut outage = self.outage("receiving_messages_failed", self.settings.seed);
        let (consumer, given_up) = (self.clone(), give_up.clone());
        let work =
            Arc::new(Work { consumer, handler, in_turns, slots: slots.clone(), deletes, give_up: given_up });
        let receiving = async {
            while let Some(messages) = self.next_batch(&slots, &stop, &mut outage).await {
                for taken in messages.into_iter().map(|message| work.take(message)) {
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
        self.wind_up(tasks, &give_up, told + self.settings.grace).await;
        // Nobody hands in messages to be deleted any more.
        drop(work);
        self.within(told + self.settings.longest_stop(), deleter).await;
    }

    fn slots(&self, in_turns: bool) -> Slots {
        let ConsumerSettings { concurrency, waiting, .. } = self.settings;
        let at_once = if self.queue.channels == Channels::Fifo { 1 } else { slots::MOST };
        Slots::new(concurrency, if in_turns { waiting } else { usize::MAX }, at_once)
    }

    /// Waits for the messages in work; gives back those that do not end in time, and leaves to SQS what cannot be given back in time.
    async fn wind_up(&self, mut tasks: JoinSet<()>, give_up: &CancellationToken, until: Instant) {
        if tokio::time::timeout_at(until, wait_for_all(&mut tasks)).await.is_err() {
            give_up.cancel();
            self.within(Instant::now() + self.settings.give_back, tasks).await;
        }
    }

    async fn within(&self, until: Instant, mut tasks: JoinSet<()>) {
        if tokio::time::timeout_at(until, wait_for_all(&mut tasks)).await.is_err() {
            tracing::warn!(queue = &*self.name, "messages_left_to_their_visibility_timeout");
            tasks.shutdown().await;
        }
    }

    pub(super) fn outage(&self, event: &'static str, seed: Uuid) -> Outage {
        Outage::new(event, &*self.name, seed, FIRST_PAUSE, LONGEST_PAUSE)
    }

    /// The next messages, as many as there is room for; `None` when it is time to stop.
    async fn next_batch(
        &self,
        slots: &Slots,
        stop: &CancellationToken,
        outage: &mut Outage,
    ) -> Option<Vec<Message>> {
        let room = stop.run_until_cancelled(slots.room()).await?;
        match self.receive(room, stop).await? {
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
}

async fn wait_for_all(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}
