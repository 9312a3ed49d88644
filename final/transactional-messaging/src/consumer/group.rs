//! The consumers of one service, started and stopped together.

use std::future::Future;

use aws_sdk_sqs::Client;
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Consumer, ConsumerSettings, Delivery, Handled, HandlerError};
use crate::{channels::Channels, message::MessageType, relay::BoxError};

/// The running consumers of one service.
#[derive(Debug)]
pub struct ConsumerGroup {
    sqs: Client,
    queue_prefix: String,
    channels: Channels,
    settings: ConsumerSettings,
    stop: CancellationToken,
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
    /// No consumers yet. `queue_prefix` is put before each queue's name; all consumers stop when `stop` is cancelled.
    pub fn new(sqs: Client, queue_prefix: &str, settings: ConsumerSettings, stop: CancellationToken) -> Self {
        let (queue_prefix, channels) = (queue_prefix.to_owned(), Channels::Standard);
        Self { sqs, queue_prefix, channels, settings, stop, running: JoinSet::new() }
    }

    /// The same for queues of this kind.
    #[must_use]
    pub fn on(mut self, channels: Channels) -> Self {
        self.channels = channels;
        self
    }

    /// Opens a queue and gives its messages to the handler, each with a clone of `service`.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the queue or its dead-letter queue does not exist or may not be read.
    pub async fn consume<S, M, F, Fut>(
        &mut self,
        queue: &str,
        service: &S,
        handler: F,
    ) -> Result<(), OpenError>
    where
        S: Clone + Send + Sync + 'static,
        M: MessageType + DeserializeOwned + Send + 'static,
        F: Fn(S, Delivery<M>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Handled, HandlerError>> + Send + 'static,
    {
        let queue = self.channels.name(&format!("{}{queue}", self.queue_prefix));
        let opened = Consumer::open(self.sqs.clone(), &queue, self.settings).await;
        let consumer = opened.map_err(|source| OpenError { queue, source })?;
        let service = service.clone();
        self.running
            .spawn(consumer.run(move |delivery| handler(service.clone(), delivery), self.stop.clone()));
        Ok(())
    }

    /// Waits until all consumers have stopped.
    pub async fn stopped(mut self) {
        while self.running.join_next().await.is_some() {}
    }
}
