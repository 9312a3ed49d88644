//! Deliveries from topics to queues: what a topic has accepted is tried until it is in the queue.
//!
//! rustack gives a delivery five seconds and then only warns, although `Publish` is answered with 200. AWS
//! tries for 23 days ("Amazon SNS Developer Guide, message delivery retries"). So a delivery belongs to a
//! task here, which nobody cancels: the publisher waits for it as long as rustack lets it, and goes on
//! without it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rustack_sns_core::publisher::{DeliveryError, SqsPublisher};
use rustack_sqs_core::provider::RustackSqs;
use rustack_sqs_model::error::{SqsError, SqsErrorCode};
use rustack_sqs_model::input::SendMessageInput;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::groups::{self, Groups, is_standard};
use crate::messages::Messages;
use crate::sqs::Sqs;
use crate::watch::{DELIVER, Watchers};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// How long AWS tries to deliver to a queue.
const TRIED_FOR: Duration = Duration::from_secs(23 * 24 * 60 * 60);

/// The way from topics to queues. Each queue has a line of its own, so that one queue does not wait for
/// another, and messages reach a queue in the sequence in which they were published.
pub(crate) struct Deliveries {
    queues: Arc<RustackSqs>,
    messages: Arc<Messages>,
    groups: Arc<Groups>,
    watchers: Watchers,
    lines: Mutex<HashMap<String, UnboundedSender<Delivery>>>,
}

struct Delivery {
    message: SendMessageInput,
    /// The message's group, where the queue is a standard one.
    group: Option<String>,
    done: oneshot::Sender<Result<(), SqsError>>,
}

impl Deliveries {
    pub(crate) fn new(sqs: &Sqs, watchers: Watchers) -> Self {
        let (queues, messages, groups) = (sqs.queues(), sqs.messages(), sqs.groups());
        Self { queues, messages, groups, watchers, lines: Mutex::default() }
    }

    /// Puts the message into the queue's line. What comes back tells when it is in the queue; nobody has to
    /// wait for it.
    fn accept(&self, queue_arn: &str, message: SendMessageInput) -> oneshot::Receiver<Result<(), SqsError>> {
        let (done, delivered) = oneshot::channel();
        let group = is_standard(queue_arn).then(|| groups::published_with(&message.message_body)).flatten();
        let mut delivery = Delivery { message, group, done };
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(queue_arn) {
            match line.send(delivery) {
                Ok(()) => return delivered,
                // The runtime of its task has ended; there is another now.
                Err(refused) => delivery = refused.0,
            }
        }
        let (line, deliveries) = unbounded_channel();
        // The other end is in hand, so it takes the message.
        line.send(delivery).ok();
        let queues = (self.queues.clone(), self.groups.clone());
        tokio::spawn(work_off(queues, (self.messages.clone(), self.watchers.clone()), deliveries));
        lines.insert(queue_arn.to_owned(), line);
        delivered
    }
}

#[async_trait]
impl SqsPublisher for Deliveries {
    fn validate(&self, queue_arn: &str) -> Result<(), DeliveryError> {
        self.queues.queue_url_for_arn(queue_arn).map(drop).map_err(|error| failed(queue_arn, &error))
    }

    async fn send_message(
        &self,
        queue_arn: &str,
        message_body: &str,
        message_group_id: Option<&str>,
        message_deduplication_id: Option<&str>,
    ) -> Result<(), DeliveryError> {
        let queue_url =
            self.queues.queue_url_for_arn(queue_arn).map_err(|error| failed(queue_arn, &error))?;
        let message = SendMessageInput {
            queue_url,
            message_body: message_body.to_owned(),
            message_group_id: message_group_id.map(str::to_owned),
            message_deduplication_id: message_deduplication_id.map(str::to_owned),
            ..SendMessageInput::default()
        };
        match self.accept(queue_arn, message).await {
            Ok(outcome) => outcome.map_err(|error| failed(queue_arn, &error)),
            Err(_) => Err(DeliveryError::Unavailable("the embedded AWS is shutting down".to_owned())),
        }
    }
}

fn failed(queue_arn: &str, error: &impl std::fmt::Display) -> DeliveryError {
    DeliveryError::SqsDeliveryFailed { queue_arn: queue_arn.to_owned(), reason: error.to_string() }
}

async fn work_off(
    (queues, groups): (Arc<RustackSqs>, Arc<Groups>),
    (messages, watchers): (Arc<Messages>, Watchers),
    mut deliveries: UnboundedReceiver<Delivery>,
) {
    while let Some(Delivery { message, group, done }) = deliveries.recv().await {
        let mut request = serde_json::to_value(&message).unwrap_or_default();
        if let Some(group) = &group {
            request["MessageGroupId"] = group.as_str().into();
        }
        let outcome = deliver(&queues, message).await;
        let outcome = match outcome {
            Ok(id) => {
                let answer = &mut serde_json::json!({ "MessageId": id });
                groups.saw("SendMessage", &request, answer);
                messages.sent(&id, &request);
                let told = (DELIVER.to_owned(), request.to_string().into());
                watchers.tell(told, 200, answer.to_string().into());
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, "sns_delivery_refused");
                Err(error)
            }
        };
        // Nobody listens if rustack has given up waiting, which changes nothing.
        done.send(outcome).ok();
    }
}

/// Tries until the message is in the queue, whose id for it is returned, or the queue cannot take it: it is
/// gone, or refuses the message for what it is. AWS does not try these again either.
async fn deliver(queues: &RustackSqs, message: SendMessageInput) -> Result<String, SqsError> {
    let until = Instant::now() + TRIED_FOR;
    let mut pause = FIRST_PAUSE;
    loop {
        match queues.send_message(message.clone()).await {
            Ok(sent) => return Ok(sent.message_id.unwrap_or_default()),
            Err(error) if can_pass(&error) && Instant::now() < until => {
                tracing::debug!(%error, "sns_delivery_tried_again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => return Err(error),
        }
    }
}

fn can_pass(error: &SqsError) -> bool {
    matches!(error.code, SqsErrorCode::InternalError | SqsErrorCode::OverLimit)
}
