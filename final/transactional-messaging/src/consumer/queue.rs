//! One SQS queue and its dead-letter queue.

use std::{future::Future, time::Duration};

use aws_sdk_sqs::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName, QueueAttributeName},
};
use waiting::{Deadline, in_time};

use super::letter;
use crate::{channels::Channels, envelope::MAX_BROKER_BYTES, error::BoxError};

/// SQS keeps a received message hidden for at most this long in all ("Amazon SQS API Reference,
/// ChangeMessageVisibility").
pub(super) const LONGEST_VISIBILITY: Duration = Duration::from_secs(12 * 60 * 60);

#[derive(Clone, Debug)]
pub(super) struct SqsQueue {
    sqs: Client,
    url: String,
    dead_letter_url: Option<String>,
    /// How often a message is received before SQS itself moves it to the dead-letter queue.
    max_receives: Option<u32>,
    pub(super) channels: Channels,
    /// The most bytes that a message may have, its attributes included.
    max_bytes: usize,
    /// How long a received message stays hidden from other receivers.
    pub(super) visibility: Duration,
}

impl SqsQueue {
    /// Finds the queue by name and learns its visibility timeout and its dead-letter queue.
    pub(super) async fn open(sqs: Client, name: &str) -> Result<Self, Trouble> {
        let url = url_of(&sqs, name).await?;
        let wanted = [
            QueueAttributeName::VisibilityTimeout,
            QueueAttributeName::RedrivePolicy,
            QueueAttributeName::MaximumMessageSize,
        ];
        let answer = sqs
            .get_queue_attributes()
            .queue_url(&url)
            .set_attribute_names(Some(wanted.into()))
            .send()
            .await
            .map_err(Trouble::of)?;
        let attribute = |name| answer.attributes().and_then(|attributes| attributes.get(&name));
        let seconds =
            attribute(QueueAttributeName::VisibilityTimeout).and_then(|text| text.parse().ok()).unwrap_or(30);
        if seconds == 0 {
            return Err(Trouble::lasting(
                "the queue's visibility timeout is 0, so others would get what is in work; set it to 30 s",
            ));
        }
        let max_bytes = attribute(QueueAttributeName::MaximumMessageSize).and_then(|text| text.parse().ok());
        let redrive =
            attribute(QueueAttributeName::RedrivePolicy).and_then(|policy| RedrivePolicy::parse(policy));
        let dead_letter_url = match redrive.as_ref().and_then(RedrivePolicy::target) {
            Some(name) => Some(url_of(&sqs, name).await?),
            None => None,
        };
        let max_receives = redrive.and_then(|policy| policy.max_receives());
        let channels = Channels::of_name(name);
        let visibility = Duration::from_secs(seconds);
        let max_bytes = max_bytes.unwrap_or(MAX_BROKER_BYTES);
        Ok(Self { url, dead_letter_url, max_receives, channels, max_bytes, visibility, sqs })
    }

    /// Whether a message that was received so often is given up when it fails. One receive is kept back: if
    /// SQS cannot be reached when the message is to be moved with its reason, it comes once more, and is not
    /// moved by SQS, which says nothing of why.
    pub(super) fn is_last(&self, receives: u32) -> bool {
        self.max_receives.is_some_and(|max| receives >= max.saturating_sub(1))
    }

    /// A FIFO queue may put several messages of one group into an answer, and none may be handled before
    /// those in front of it are done. Received singly, they come when it is their turn: SQS keeps a group
    /// back while one of its messages is hidden.
    pub(super) async fn receive(&self, at_most: usize, wait: Duration) -> Result<Vec<Message>, BoxError> {
        let at_most = if self.channels == Channels::Fifo { 1 } else { at_most };
        let answer = self
            .sqs
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(at_most.clamp(1, 10))?)
            .wait_time_seconds(i32::try_from(wait.as_secs().min(20))?)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId)
            .message_attribute_names("All")
            .send()
            .await?;
        Ok(answer.messages.unwrap_or_default())
    }

    /// Deletes the messages with these receipt handles, ten at most. Returns the numbers of those that were
    /// not deleted, and why: SQS answers for each of them, and whatever it does not call deleted is not.
    pub(super) async fn delete_all(&self, receipts: Vec<String>) -> Result<Vec<(usize, String)>, BoxError> {
        let count = receipts.len();
        let entries = receipts.into_iter().enumerate().map(|(number, receipt)| {
            DeleteMessageBatchRequestEntry::builder().id(number.to_string()).receipt_handle(receipt).build()
        });
        let entries = entries.collect::<Result<_, _>>()?;
        let request = self.sqs.delete_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let answer = request.send().await?;
        let why = |id: &str| {
            let failed = answer.failed().iter().find(|failed| failed.id() == id);
            failed.map_or("sqs says nothing of it".to_owned(), |failed| failed.code().to_owned())
        };
        let ids = (0..count).map(|number| (number, number.to_string()));
        let kept = ids.filter(|(_, id)| !answer.successful().iter().any(|deleted| deleted.id() == id));
        Ok(kept.map(|(number, id)| (number, why(&id))).collect())
    }

    /// The call, for as long as the message is hidden: afterwards somebody else has it, and nothing that is
    /// said of it here counts.
    ///
    /// It is boxed, as the handler is, because each layer around a future holds it once more on the stack of
    /// a debug build.
    pub(super) async fn in_good_time<T>(
        &self,
        call: impl Future<Output = Result<T, BoxError>>,
    ) -> Result<T, BoxError> {
        Deadline::after(self.visibility).scope(in_time(Box::pin(call))).await?
    }

    /// Hides the message from other receivers for this long from now on; zero gives it back at once.
    pub(super) async fn hide(&self, message: &Message, time: Duration) -> Result<(), BoxError> {
        let seconds = i32::try_from(time.min(LONGEST_VISIBILITY).as_secs())?;
        let handle = message.receipt_handle().unwrap_or_default();
        let request = self.sqs.change_message_visibility().queue_url(&self.url).receipt_handle(handle);
        request.visibility_timeout(seconds).send().await?;
        Ok(())
    }

    /// Moves the message to the dead-letter queue with its own attributes and the reason. It is sent first
    /// and deleted then: a crash in between leaves it in both queues, never in none.
    pub(super) async fn dead_letter(&self, message: &Message, reason: &str) -> Result<(), BoxError> {
        let Some(dead_letter_url) = &self.dead_letter_url else {
            return Err(
                "the queue has no redrive policy, so there is no dead-letter queue to move the message to"
                    .into(),
            );
        };
        let request = self
            .sqs
            .send_message()
            .queue_url(dead_letter_url)
            .message_body(message.body().unwrap_or_default());
        // A standard queue has groups, too, where it is fair.
        let group = attribute(message, &MessageSystemAttributeName::MessageGroupId);
        // Not the deduplication id of the message itself: two messages may share it, and both belong here.
        let deduplication_id = message.message_id().filter(|_| self.channels == Channels::Fifo);
        request
            .set_message_group_id(group.map(str::to_owned))
            .set_message_deduplication_id(deduplication_id.map(str::to_owned))
            .set_message_attributes(Some(letter::attributes(message, reason, self.max_bytes)?))
            .send()
            .await?;
        let handle = message.receipt_handle().unwrap_or_default();
        self.sqs.delete_message().queue_url(&self.url).receipt_handle(handle).send().await?;
        Ok(())
    }
}

async fn url_of(sqs: &Client, name: &str) -> Result<String, Trouble> {
    let answer = sqs.get_queue_url().queue_name(name).send().await.map_err(Trouble::of)?;
    answer.queue_url.ok_or_else(|| Trouble::passing(format!("sqs gave no address for the queue {name}")))
}

/// What kept a queue from being opened.
#[derive(Debug)]
pub(super) struct Trouble {
    /// Whether it can pass by itself.
    pub(super) passes: bool,
    pub(super) source: BoxError,
}

impl Trouble {
    pub(super) fn passing(source: impl Into<BoxError>) -> Self {
        Self { passes: true, source: source.into() }
    }

    fn lasting(source: impl Into<BoxError>) -> Self {
        Self { passes: false, source: source.into() }
    }

    /// Only what somebody has to change lasts, and each code of that is named here: whatever else AWS may
    /// say, and silence, is waited out ("Amazon SQS API Reference, Common Errors"). Of the credentials,
    /// expired ones are not here: they are renewed.
    fn of<E>(error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        const LASTING: &[&str] = &[
            "AWS.SimpleQueueService.NonExistentQueue",
            "AccessDenied",
            "AccessDeniedException",
            "IncompleteSignature",
            "InvalidAddress",
            "InvalidClientTokenId",
            "InvalidSecurity",
            "MissingAuthenticationToken",
            "NotAuthorized",
            "OptInRequired",
            "QueueDoesNotExist",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
            "UnsupportedOperation",
        ];
        let lasts = error.code().is_some_and(|code| LASTING.contains(&code));
        Self { passes: !lasts, source: error.into() }
    }
}

/// When SQS moves a message to the dead-letter queue, and to which.
struct RedrivePolicy(serde_json::Value);

impl RedrivePolicy {
    fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).map(Self).ok()
    }

    fn target(&self) -> Option<&str> {
        self.0.get("deadLetterTargetArn")?.as_str()?.rsplit(':').next()
    }

    /// AWS takes and gives a number; emulators give a text.
    fn max_receives(&self) -> Option<u32> {
        let count = self.0.get("maxReceiveCount")?;
        count.as_u64().map_or_else(|| count.as_str()?.parse().ok(), |count| u32::try_from(count).ok())
    }
}

fn attribute<'a>(message: &'a Message, name: &MessageSystemAttributeName) -> Option<&'a str> {
    message.attributes()?.get(name).map(String::as_str)
}

/// How often this message was received, this time included.
pub(super) fn receive_count(message: &Message) -> u32 {
    let count = attribute(message, &MessageSystemAttributeName::ApproximateReceiveCount);
    count.and_then(|text| text.parse().ok()).unwrap_or(1)
}
