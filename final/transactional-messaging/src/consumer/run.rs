//! The loop around a handler: receive, handle, delete; and what happens when one of them fails.

use std::{convert::Infallible, future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use aws_sdk_sqs::{Client, types::Message};
use futures::FutureExt as _;
use serde::de::DeserializeOwned;
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use unit_of_work::Backoff;
use uuid::Uuid;

use super::{
    Delivery, Handled, HandlerError, describe,
    queue::{LONGEST_VISIBILITY, Queue, receive_count},
    reason,
};
use crate::{message::MessageType, relay::BoxError};

/// How a consumer works.
#[derive(Clone, Copy, Debug)]
pub struct ConsumerSettings {
    /// How many messages are handled at once.
    pub concurrency: usize,
    /// How long one receive waits for a message; SQS allows up to 20 s.
    pub wait: Duration,
    /// How long messages in work may go on after the consumer was told to stop. Keep it below the time between SIGTERM and SIGKILL,
    /// which is 30 s in ECS unless configured ("Amazon ECS API Reference, stopTimeout").
    pub grace: Duration,
    /// The longest time one message may be in work; its visibility is extended until then.
    pub deadline: Duration,
}

impl Default for ConsumerSettings {
    fn default() -> Self {
        Self {
            concurrency: 10,
            wait: Duration::from_secs(20),
            grace: Duration::from_secs(20),
            deadline: Duration::from_secs(5 * 60),
        }
    }
}

/// Takes messages of one kind from one queue and gives them to a handler.
#[derive(Clone, Debug)]
pub struct Consumer {
    queue: Queue,
    name: Arc<str>,
    settings: ConsumerSettings,
}

impl Consumer {
    /// A consumer of the queue with this name.
    ///
    /// # Errors
    ///
    /// When the queue or its dead-letter queue does not exist or cannot be asked for its attributes.
    pub async fn open(sqs: Client, queue_name: &str, settings: ConsumerSettings) -> Result<Self, BoxError> {
        Ok(Self { queue: Queue::open(sqs, queue_name).await?, name: queue_name.into(), settings })
    }

    /// Works until `stop` is cancelled, then receives no more, lets messages in work end within the grace period and gives the rest
    /// back to the queue.
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
        let mut failures = 0;
        while let Some(messages) = self.next_batch(&slots, &stop, &mut failures).await {
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
        if tokio::time::timeout(self.settings.grace, wait_for_all(&mut tasks)).await.is_err() {
            give_up.cancel();
            wait_for_all(&mut tasks).await;
        }
    }

    /// The next messages, as many as there are free slots; `None` when it is time to stop.
    async fn next_batch(
        &self,
        slots: &Semaphore,
        stop: &CancellationToken,
        failures: &mut u32,
    ) -> Option<Vec<Message>> {
        tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            slot = slots.acquire() => drop(slot.ok()?),
        }
        let free = slots.available_permits().max(1);
        let received = tokio::select! {
            biased;
            // Messages of an answer that is never read become visible again after their timeout.
            () = stop.cancelled() => return None,
            received = self.queue.receive(free, self.settings.wait) => received,
        };
        match received {
            Ok(messages) => {
                *failures = 0;
                Some(messages)
            }
            Err(error) => {
                *failures += 1;
                let pause = Duration::from_secs(1 << (*failures).min(5));
                let error = describe(error.as_ref());
                tracing::warn!(queue = &*self.name, error, "receiving_messages_failed");
                stop.run_until_cancelled(tokio::time::sleep(pause)).await.map(|()| Vec::new())
            }
        }
    }

    // ANCHOR: process
    async fn process<M, F, Fut>(&self, message: Message, handler: F, give_up: CancellationToken)
    where
        M: MessageType + DeserializeOwned,
        F: Fn(Delivery<M>) -> Fut,
        Fut: Future<Output = Result<Handled, HandlerError>>,
    {
        let delivery = match Delivery::<M>::parse(message.body().unwrap_or_default()) {
            Ok(delivery) => delivery,
            Err(unreadable) => return self.bury(&message, &reason(&unreadable)).await,
        };
        let (id, correlation_id) = (delivery.envelope.id, delivery.envelope.correlationid);
        let span = tracing::info_span!(target: "correlation", "message", %correlation_id, message_id = %id, kind = M::TYPE, queue = &*self.name);
        async {
            // Called in here, so that a panic is caught before there is a future, too.
            let work = async { handler(delivery).await };
            match self.handle_in_time(&message, work, &give_up).await {
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
        work: impl Future<Output = Result<Handled, HandlerError>>,
        give_up: &CancellationToken,
    ) -> Result<Handled, HandlerError> {
        let failed = |why: &str| Err(HandlerError::retryable(why));
        tokio::select! {
            biased;
            ended = AssertUnwindSafe(work).catch_unwind() => ended.unwrap_or_else(|_| failed("the handler panicked")),
            () = give_up.cancelled() => failed("the consumer was stopped"),
            () = tokio::time::sleep(self.settings.deadline.min(LONGEST_VISIBILITY)) => failed("the deadline passed"),
            never = self.keep_hidden(message) => match never {},
        }
    }

    async fn keep_hidden(&self, message: &Message) -> Infallible {
        loop {
            tokio::time::sleep(self.queue.visibility / 2).await;
            if let Err(error) = self.queue.hide(message, self.queue.visibility).await {
                tracing::warn!(error = describe(error.as_ref()), "extending_visibility_failed");
            }
        }
    }

    async fn finish(&self, message: &Message, outcome: Handled) {
        match outcome {
            Handled::Done => tracing::info!("message_handled"),
            Handled::Duplicate => tracing::info!("idempotent_consumer__message_already_processed"),
        }
        if let Err(error) = self.queue.delete(message).await {
            // It comes again, and the inbox knows it.
            tracing::warn!(error = describe(error.as_ref()), "deleting_a_handled_message_failed");
        }
    }

    async fn bury(&self, message: &Message, reason: &str) {
        let id = message.message_id().unwrap_or_default();
        match self.queue.dead_letter(message, reason).await {
            Ok(()) => tracing::error!(
                queue = &*self.name,
                sqs_message_id = id,
                reason,
                "message_moved_to_dead_letter_queue"
            ),
            Err(error) => {
                let error = describe(error.as_ref());
                tracing::error!(
                    queue = &*self.name,
                    sqs_message_id = id,
                    reason,
                    error,
                    "message_could_not_be_dead_lettered"
                );
            }
        }
    }

    async fn give_back(&self, message: &Message, delay: Duration, error: &str) {
        tracing::warn!(
            receives = receive_count(message),
            delay_s = delay.as_secs(),
            error,
            "message_given_back"
        );
        if let Err(error) = self.queue.hide(message, delay).await {
            tracing::warn!(error = describe(error.as_ref()), "giving_a_message_back_failed");
        }
    }
}

/// How long a message stays hidden after it failed for the time with this number: ten seconds that double with each time, and as much
/// again at most by chance. Five receives last 150 seconds at least, so that an outage of two minutes moves nothing to a dead-letter
/// queue.
fn pause_after(receives: u32, id: Uuid) -> Duration {
    const FIRST: Duration = Duration::from_secs(10);
    const LONGEST: Duration = Duration::from_secs(15 * 60);
    let least = FIRST.saturating_mul(1 << receives.saturating_sub(1).min(10)).min(LONGEST);
    least + Backoff::new(id, u32::MAX, FIRST, LONGEST).delay_after(receives).unwrap_or_default()
}

async fn wait_for_all(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}
