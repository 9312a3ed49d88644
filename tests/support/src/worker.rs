//! A consumer at work on the queue of the bench, and what its handler saw.

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    channels::Channels,
    consumer::{Consumer, ConsumerSettings, Delivery, Handled, HandlerError},
    envelope::Envelope,
    message::Sequence,
};

use crate::{
    bench::{Bench, NOTES, QUEUE, context, subject},
    note::Noted,
    queues,
    wire::Wire,
};

/// How a handler ends.
pub type Outcome = Result<Handled, HandlerError>;

/// What the handler was given, and when.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<Vec<(String, Instant)>>>);

impl Seen {
    /// Notes a delivery and says which one of this text it is, from 1.
    pub fn note(&self, text: &str) -> usize {
        let mut seen = self.0.lock().unwrap();
        seen.push((text.to_owned(), Instant::now()));
        seen.iter().filter(|(other, _)| other == text).count()
    }

    /// The texts in the order in which they came.
    pub fn texts(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(text, _)| text.clone()).collect()
    }

    /// When this one came, each time.
    pub fn times(&self, text: &str) -> Vec<Instant> {
        self.0.lock().unwrap().iter().filter(|(other, _)| other == text).map(|(_, at)| *at).collect()
    }
}

/// A consumer that runs.
pub struct Worker {
    /// Tells it to stop.
    pub stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Worker {
    /// Starts a consumer whose calls go over this wire.
    pub async fn start<F, Fut>(wire: &Wire, settings: ConsumerSettings, handler: F) -> Self
    where
        F: Fn(Delivery<Noted>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        Self::start_on(wire, QUEUE, settings, handler).await
    }

    /// The same on this queue.
    pub async fn start_on<F, Fut>(wire: &Wire, queue: &str, settings: ConsumerSettings, handler: F) -> Self
    where
        F: Fn(Delivery<Noted>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        let sqs = aws_sdk_sqs::Client::new(&wire.sdk_config());
        let consumer = Consumer::open(sqs, queue, settings).await.unwrap();
        let stop = CancellationToken::new();
        Self { task: tokio::spawn(consumer.run(NOTES, handler, stop.clone())), stop }
    }

    /// Tells it to stop and waits until it has; says how long that took.
    pub async fn stop(self) -> Duration {
        let told = Instant::now();
        self.stop.cancel();
        self.task.await.unwrap();
        told.elapsed()
    }

    /// The process dies.
    pub fn kill(self) {
        self.task.abort();
    }
}

impl Bench {
    /// A consumer with the default settings.
    pub async fn work<F, Fut>(&self, handler: F) -> Worker
    where
        F: Fn(Delivery<Noted>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        Worker::start_on(&self.wire, &self.queue(), ConsumerSettings::default(), handler).await
    }

    /// A consumer whose handler notes what it sees and ends as told, given the number of the delivery.
    pub async fn noting(
        &self,
        seen: &Seen,
        ends: impl Fn(usize) -> Outcome + Clone + Send + Sync + 'static,
    ) -> Worker {
        let seen = seen.clone();
        let handler = move |delivery: Delivery<Noted>| {
            let end = ends(seen.note(&delivery.message.text));
            async move { end }
        };
        self.work(handler).await
    }

    /// Puts a message into the queue and returns its body.
    pub async fn send(&self, text: &str) -> String {
        let body = self.body(text);
        queues::send(&self.sqs, QUEUE, &body).await;
        body
    }

    /// The body of a queue message with this text.
    pub fn body(&self, text: &str) -> String {
        let note = self.noted(text);
        let envelope = Envelope::new("/notes", &subject(1), Sequence::single(), &context(), &note);
        envelope.unwrap().to_text(usize::MAX).unwrap()
    }

    /// How many messages of the queue are visible and hidden.
    pub async fn counts(&self) -> (usize, usize) {
        queues::counts(&self.sqs, &self.queue()).await
    }

    /// Takes the dead letters out: the body and the reason of each.
    pub async fn dead_letters(&self) -> Vec<(String, Option<String>)> {
        let taken = queues::take(&self.sqs, &Channels::dead_letter_queue_of(&self.queue())).await;
        let reason = |message: &aws_sdk_sqs::types::Message| {
            message.message_attributes()?.get("reason")?.string_value().map(str::to_owned)
        };
        taken.into_iter().map(|message| (message.body().unwrap().to_owned(), reason(&message))).collect()
    }
}

/// Lets virtual time pass.
pub async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
