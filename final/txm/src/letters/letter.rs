//! What lies in a queue beside a queue, and what it says of why.

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use serde::Deserialize;
use time::OffsetDateTime;
use transactional_messaging::channels::Channels;
use uuid::Uuid;

/// Which of the queues beside a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What the consumer could not handle.
    Dead,
    /// What SNS could not deliver.
    Undelivered,
}

/// A message that lies there.
#[derive(Clone, Debug)]
pub struct Letter {
    /// As SQS gives it.
    pub message: Message,
    /// Why it lies there.
    pub reason: String,
    /// The envelope, as far as there is one.
    pub envelope: Option<Head>,
    /// When it came.
    pub sent_at: Option<OffsetDateTime>,
}

/// What is shown of an envelope; the data are not.
#[derive(Clone, Debug, Deserialize)]
pub struct Head {
    /// The message's id.
    pub id: Uuid,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is about.
    #[serde(default)]
    pub subject: String,
    /// One id for everything that one request set off.
    pub correlationid: Option<Uuid>,
}

impl Side {
    /// The queue beside this one, with its prefix and its end.
    pub fn of(self, queue: &str) -> String {
        let plain = queue.strip_suffix(".fifo").unwrap_or(queue);
        match self {
            Self::Dead => Channels::dead_letter_queue_of(queue),
            Self::Undelivered => Channels::of_name(queue).name(&format!("{plain}--undelivered")),
        }
    }
}

impl Letter {
    /// What a message says of why it is there.
    pub fn of(message: Message) -> Self {
        let text = |name: &str| message.message_attributes()?.get(name)?.string_value().map(str::to_owned);
        let system = |name| message.attributes()?.get(&name).map(String::as_str);
        let receives = system(MessageSystemAttributeName::ApproximateReceiveCount).unwrap_or("several");
        // SNS tells why it could not deliver ("Amazon SNS Developer Guide, Dead-letter queues").
        let undelivered =
            || Some(format!("{}: {}", text("ErrorCode")?, text("ErrorMessage").unwrap_or_default()));
        let unknown = || {
            format!("no reason: received {receives} times and never finished; look for a process that dies")
        };
        let milliseconds =
            system(MessageSystemAttributeName::SentTimestamp).and_then(|text| text.parse::<i128>().ok());
        let sent_at =
            milliseconds.and_then(|ms| OffsetDateTime::from_unix_timestamp_nanos(ms * 1_000_000).ok());
        let reason = text("reason").or_else(undelivered).unwrap_or_else(unknown);
        let envelope = message.body().and_then(head);
        Self { reason, envelope, sent_at, message }
    }

    /// The id of the message that it is, whichever way it came here.
    pub fn id(&self) -> Uuid {
        let of_body =
            || Uuid::new_v5(&Uuid::NAMESPACE_OID, self.message.body().unwrap_or_default().as_bytes());
        self.envelope.as_ref().map_or_else(of_body, |head| head.id)
    }

    /// Its message group: those of one are handed out one behind the other.
    pub fn group(&self) -> Option<&str> {
        self.message.attributes()?.get(&MessageSystemAttributeName::MessageGroupId).map(String::as_str)
    }

    /// Whether the text stands in it somewhere.
    pub fn mentions(&self, text: &str) -> bool {
        self.message.body().is_some_and(|body| body.contains(text))
    }
}

/// The envelope in a body, with or without the wrapping of SNS.
fn head(body: &str) -> Option<Head> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Wrapped {
        message: String,
    }
    let wrapped = serde_json::from_str::<Wrapped>(body).map(|wrapped| wrapped.message);
    serde_json::from_str(&wrapped.unwrap_or_else(|_| body.to_owned())).ok()
}

/// A body without what SNS wraps around it, for people.
pub fn unwrapped(body: &str) -> String {
    let inner = serde_json::from_str::<serde_json::Value>(body).ok();
    let inner = inner.and_then(|value| value.get("Message")?.as_str().map(str::to_owned));
    inner.unwrap_or_else(|| body.to_owned())
}
