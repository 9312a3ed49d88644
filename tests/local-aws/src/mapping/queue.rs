//! The event source mapping of an SQS queue: how AWS Lambda receives from it, calls a function, and deletes
//! what is done with.
//!
//! From the AWS Lambda Developer Guide ("with-sqs", "services-sqs-configure", "services-sqs-scaling",
//! "services-sqs-errorhandling"). It receives through the real SDK client. What the guide says in words only
//! is settled in [`super::queue_rules`]: which messages a response deletes, and how many batches may be in
//! flight.
//!
//! Not simulated: filters, function timeouts, throttled invocations, provisioned pollers.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::MappingError;
use super::queue_record;
use super::queue_rules::{Concurrency, done_with};
use super::queue_settings::QueueSettings;

/// The largest event of a synchronous invocation, 6 MB. From the AWS Lambda Developer Guide,
/// "gettingstarted-limits".
const MAX_EVENT_BYTES: usize = 6 * 1024 * 1024;

/// Lambda waits in long polls; how long, AWS does not say.
const LONGEST_POLL_SECONDS: i32 = 20;

/// How long to wait before receiving again after SQS could not be reached.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// How often it is looked whether another batch may be received, while as many are in flight as may be.
const TURN_PAUSE: Duration = Duration::from_millis(50);

type Answer = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;
type Function = Arc<dyn Fn(Value) -> Answer + Send + Sync>;

/// A mapping from an SQS queue to a function in this process.
///
/// The queue hides a message for its visibility time-out from the receive on, and gives it out again when
/// nobody has deleted it by then: that, and nothing else, brings a failed message back. A FIFO queue keeps a
/// group back while one of its messages is hidden.
#[derive(Clone, Debug)]
pub struct QueueMapping {
    client: Client,
    queue_url: String,
    queue_arn: String,
    settings: QueueSettings,
    concurrency: Arc<Mutex<Concurrency>>,
}

impl QueueMapping {
    /// A mapping that has received nothing yet.
    pub fn new(
        client: Client,
        queue_url: impl Into<String>,
        queue_arn: impl Into<String>,
        settings: QueueSettings,
    ) -> Self {
        let concurrency = Arc::new(Mutex::new(Concurrency::new(settings.maximum_concurrency)));
        Self { client, queue_url: queue_url.into(), queue_arn: queue_arn.into(), settings, concurrency }
    }

    /// Calls the handler with batches of messages, as the JSON that a function gets, until it is cancelled;
    /// then waits for calls in flight. Dropping the future is the crash: calls in flight are dropped, and
    /// their messages come again.
    ///
    /// # Errors
    ///
    /// [`MappingError`] for settings that AWS would refuse. Failed calls to SQS are tried again for ever,
    /// with a warning.
    pub async fn run<H, F, E>(&self, handler: H, cancel: CancellationToken) -> Result<(), MappingError>
    where
        H: Fn(Value) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Value, E>> + Send + 'static,
        E: fmt::Display,
    {
        if let Some((setting, range)) = self.settings.first_invalid(self.queue_url.ends_with(".fifo")) {
            return Err(MappingError::InvalidSetting { setting, range });
        }
        let handler = Arc::new(handler);
        let function: Function = Arc::new(move |event| {
            let handler = handler.clone();
            // Called inside the future, so that a panic of the handler stays in the invocation's own task.
            Box::pin(async move { handler(event).await.map_err(|error| error.to_string()) })
        });
        let mut in_flight = JoinSet::new();
        while !cancel.is_cancelled() {
            while in_flight.try_join_next().is_some() {}
            if in_flight.len() >= self.allowed() {
                tokio::select! {
                    _ = in_flight.join_next() => {}
                    () = tokio::time::sleep(TURN_PAUSE) => {}
                }
                continue;
            }
            let Some(batch) = cancel.run_until_cancelled(self.gather()).await else { break };
            if batch.is_empty() {
                self.scale(Concurrency::found_nothing);
                continue;
            }
            let (mapping, function) = (self.clone(), function.clone());
            in_flight.spawn(async move { mapping.invoke(batch, &function).await });
        }
        while in_flight.join_next().await.is_some() {}
        Ok(())
    }

    /// How many batches may be in flight now.
    pub fn allowed(&self) -> usize {
        self.concurrency.lock().unwrap_or_else(PoisonError::into_inner).allowed()
    }

    fn scale(&self, change: impl FnOnce(&mut Concurrency)) {
        change(&mut self.concurrency.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What is there, or what comes within the batching window, up to the batch size and 6 MB.
    async fn gather(&self) -> Vec<Message> {
        let window = Duration::from_secs(self.settings.maximum_batching_window_seconds.into());
        let mut batch = self.receive(LONGEST_POLL_SECONDS).await;
        let deadline = Instant::now() + window;
        let bytes =
            |batch: &[Message]| batch.iter().map(|one| one.body().unwrap_or_default().len()).sum::<usize>();
        while !batch.is_empty() && batch.len() < self.settings.batch_size && bytes(&batch) < MAX_EVENT_BYTES {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let seconds =
                i32::try_from(left.as_secs()).unwrap_or(LONGEST_POLL_SECONDS).min(LONGEST_POLL_SECONDS);
            match tokio::time::timeout(
                left,
                self.receive_up_to(self.settings.batch_size - batch.len(), seconds),
            )
            .await
            {
                Ok(more) => batch.extend(more),
                Err(_) => break,
            }
        }
        batch
    }

    async fn receive(&self, seconds: i32) -> Vec<Message> {
        self.receive_up_to(self.settings.batch_size, seconds).await
    }

    async fn receive_up_to(&self, most: usize, seconds: i32) -> Vec<Message> {
        let request = self
            .client
            .receive_message()
            .queue_url(&self.queue_url)
            .max_number_of_messages(i32::try_from(most.min(10)).unwrap_or(10))
            .wait_time_seconds(seconds)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All");
        match request.send().await {
            Ok(answer) => answer.messages.unwrap_or_default(),
            Err(error) => {
                tracing::warn!(
                    queue = self.queue_url,
                    error = &error as &dyn std::error::Error,
                    "could not receive; trying again"
                );
                tokio::time::sleep(RETRY_PAUSE).await;
                Vec::new()
            }
        }
    }

    /// Calls the function and deletes what is done with.
    async fn invoke(&self, batch: Vec<Message>, function: &Function) {
        let event = queue_record::event(&batch, &self.queue_arn);
        let answer = match tokio::spawn(function(event)).await {
            Ok(answer) => answer,
            Err(crash) => Err(crash.to_string()),
        };
        match &answer {
            Ok(_) => self.scale(Concurrency::succeeded),
            Err(error) => {
                tracing::warn!(queue = self.queue_url, error, "the function failed");
                self.scale(Concurrency::failed);
            }
        }
        let ids: Vec<_> = batch.iter().map(|message| message.message_id().unwrap_or_default()).collect();
        let answer = answer.as_ref().ok();
        let done = done_with(&ids, answer, self.settings.report_batch_item_failures);
        let receipts =
            batch.iter().filter(|message| done.contains(&message.message_id().unwrap_or_default()));
        let receipts: Vec<_> = receipts.filter_map(Message::receipt_handle).collect();
        for ten in receipts.chunks(10) {
            self.delete(ten).await;
        }
    }

    async fn delete(&self, receipts: &[&str]) {
        let entries = receipts.iter().enumerate().map(|(number, receipt)| {
            DeleteMessageBatchRequestEntry::builder().id(number.to_string()).receipt_handle(*receipt).build()
        });
        let Ok(entries) = entries.collect::<Result<Vec<_>, _>>() else { return };
        let request =
            self.client.delete_message_batch().queue_url(&self.queue_url).set_entries(Some(entries));
        if let Err(error) = request.send().await {
            tracing::warn!(
                queue = self.queue_url,
                error = &error as &dyn std::error::Error,
                "could not delete; they come again"
            );
        }
    }
}
