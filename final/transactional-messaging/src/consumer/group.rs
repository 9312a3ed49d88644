//! The consumers of one service, started and stopped together.

use std::{future::Future, time::Duration};

use aws_sdk_sqs::Client;
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use waiting::Outage;

use super::{
    Consumer, ConsumerHealth, ConsumerSettings, Delivery, Handled, HandlerError, InTurns, outcome::describe,
};
use crate::{channels::Channels, error::BoxError, message::MessageType, queue::Queue};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The running consumers of one service.
///
/// ```no_run
/// use tokio_util::sync::CancellationToken;
/// use transactional_messaging::{consumer::OpenError, prelude::*};
///
/// # async fn show<S: Clone + Send + Sync + 'static>(
/// #     sqs: aws_sdk_sqs::Client, wiring: Wiring<S>, service: S, stop: CancellationToken,
/// # ) -> Result<(), OpenError> {
/// let mut consumers = ConsumerGroup::new(sqs, "live-", ConsumerSettings::default(), stop);
/// wiring.start(&mut consumers, &service).await?;
/// consumers.stopped().await; // once `stop` was cancelled, and what was in work has ended
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ConsumerGroup {
    sqs: Client,
    queue_prefix: String,
    channels: Channels,
    settings: ConsumerSettings,
    stop: CancellationToken,
    health: ConsumerHealth,
    running: JoinSet<()>,
}

/// A queue could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("the queue {queue} could not be opened; check its name and the permissions")]
pub struct OpenError {
    /// The queue.
    pub queue: String,
    /// What SQS said.
    #[source]
    pub source: BoxError,
}

impl ConsumerGroup {
    /// No consumers yet. `queue_prefix` is put before each queue's name; all consumers stop when `stop` is
    /// cancelled.
    pub fn new(sqs: Client, queue_prefix: &str, settings: ConsumerSettings, stop: CancellationToken) -> Self {
        let (queue_prefix, channels) = (queue_prefix.to_owned(), Channels::Standard);
        let health = ConsumerHealth::default();
        Self { sqs, queue_prefix, channels, settings, stop, health, running: JoinSet::new() }
    }

    /// The same for queues of this kind.
    #[must_use]
    pub fn on(mut self, channels: Channels) -> Self {
        self.channels = channels;
        self
    }

    /// What a service's readiness asks.
    pub fn health(&self) -> ConsumerHealth {
        self.health.clone()
    }

    /// Opens a queue and gives its messages to the handler, each with a clone of `service`. Those that get in
    /// each other's way [take turns](crate::consumer::KeyedLocks::by).
    ///
    /// While SQS is out of reach or too busy it waits, until the group is told to stop; nothing is consumed
    /// then.
    ///
    /// # Errors
    ///
    /// [`OpenError`], at once, when the queue or its dead-letter queue does not exist or may not be read: no
    /// waiting cures that.
    pub async fn consume<S, M, F, Fut>(
        &mut self,
        queue: Queue<M>,
        turns: Option<InTurns<M>>,
        service: &S,
        handler: F,
    ) -> Result<(), OpenError>
    where
        S: Clone + Send + Sync + 'static,
        M: MessageType + DeserializeOwned + Send + 'static,
        F: Fn(S, Delivery<M>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Handled, HandlerError>> + Send + 'static,
    {
        let Some(consumer) = self.open(queue.name()).await? else { return Ok(()) };
        let service = service.clone();
        let handler = move |delivery| handler(service.clone(), delivery);
        self.running.spawn(consumer.work(queue, turns, handler, self.stop.clone()));
        Ok(())
    }

    /// The consumer; none when it is told to stop before the queue could be opened.
    async fn open(&self, queue: &str) -> Result<Option<Consumer>, OpenError> {
        let queue = self.channels.name(&format!("{}{queue}", self.queue_prefix));
        let mut outage =
            Outage::new("opening_queue_failed", &*queue, self.settings.seed, FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let open = Consumer::try_open(self.sqs.clone(), &queue, self.settings, self.health());
            let trouble = match self.stop.run_until_cancelled(open).await {
                None => return Ok(None),
                Some(Ok(consumer)) => {
                    outage.over();
                    return Ok(Some(consumer));
                }
                Some(Err(trouble)) => trouble,
            };
            if !trouble.passes {
                return Err(OpenError { queue, source: trouble.source });
            }
            let pause = outage.failed(describe(trouble.source.as_ref()));
            if self.stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return Ok(None);
            }
        }
    }

    /// Waits until all consumers have stopped.
    pub async fn stopped(mut self) {
        while self.running.join_next().await.is_some() {}
    }
}
