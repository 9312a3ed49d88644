//! What the page tells: facts about messages, and the messages themselves.

use serde::Serialize;
use serde_json::Value;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// An order or a customer was written.
    Changed,
    /// A message was written into an outbox.
    Stored,
    /// A message was written down for later.
    Scheduled,
    /// A relay has read from a stream that there is a message.
    Woken,
    /// A topic has taken a message.
    Published,
    /// A topic refused a message.
    Refused,
    /// What was sent has left the outbox.
    Cleared,
    /// A message cannot be sent as it is; it and those behind it wait.
    Parked,
    /// It may go on.
    Unparked,
    /// A message is in a queue.
    Delivered,
    /// A consumer has it.
    Received,
    /// It had its effect.
    Handled,
    /// A consumer knows it already: no effect.
    Duplicate,
    /// A consumer failed; the message comes again.
    GivenBack,
    /// It lies in a dead-letter queue.
    DeadLettered,
    /// Somebody else was faster; nothing was written.
    LostRace,
    /// Something about the system itself, such as a part that died.
    Note,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fact {
    /// Counts from 1.
    pub seq: u64,
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// What happened.
    pub what: What,
    /// To which message; none where it concerns no message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// In which conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// The table, topic or queue.
    pub place: String,
    /// In words, what the kind of fact does not say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The message, where it is told of for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<Message>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    /// Its id, the same in every copy.
    pub id: String,
    /// Such as `OrderCreated`; `unreadable` when it is no envelope.
    pub kind: String,
    /// The service that it comes from, such as `orders`.
    pub source: String,
    /// The correlation id; where the envelope has none, the order, or else the customer, that it is about.
    pub conversation: String,
    /// The message that caused it; none when a client did. Where the envelope does not say, the message that
    /// the service had in hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The order that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The customer that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// An order's total, where the message tells it.
    #[serde(skip)]
    pub total: Option<i64>,
    /// As it was sent.
    pub envelope: Value,
}

impl Message {
    /// Reads an envelope. What is none gets an id that follows from its text, so that it is known again.
    pub(crate) fn read(text: &str) -> Self {
        let envelope: Value = serde_json::from_str(text).unwrap_or_default();
        let get = |value: &Value| value.as_str().map(str::to_owned);
        let data = &envelope["data"];
        let (order, customer) = (get(&data["order_id"]), get(&data["customer_id"]));
        let Some(id) = get(&envelope["id"]) else { return Self::unreadable(text) };
        Self {
            kind: get(&envelope["type"]).unwrap_or_default(),
            source: get(&envelope["source"]).unwrap_or_default().trim_start_matches('/').to_owned(),
            conversation: get(&envelope["correlationid"])
                .or_else(|| order.clone())
                .or_else(|| customer.clone())
                .unwrap_or_else(|| id.clone()),
            cause: get(&envelope["causationid"]),
            total: data["order_total"].as_i64(),
            id,
            order,
            customer,
            envelope,
        }
    }

    fn unreadable(text: &str) -> Self {
        use std::hash::{DefaultHasher, Hash, Hasher as _};
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let id = format!("unreadable-{:016x}", hasher.finish());
        Self {
            kind: "unreadable".to_owned(),
            source: String::new(),
            conversation: id.clone(),
            cause: None,
            order: None,
            customer: None,
            total: None,
            envelope: Value::String(text.chars().take(2_000).collect()),
            id,
        }
    }

    /// Reads the body of a queue message, which SNS has wrapped.
    pub(crate) fn in_body(body: &str) -> Self {
        let notification: Value = serde_json::from_str(body).unwrap_or_default();
        Self::read(notification["Message"].as_str().unwrap_or(body))
    }
}

/// The name of the service in front of a topic or queue: `order` of `order--created`.
pub(crate) fn stem(name: &str) -> &str {
    name.split_once("--").map_or(name, |(stem, _)| stem)
}

/// Whether a queue takes what others could not handle.
pub(crate) fn is_dead_letter_queue(queue: &str) -> bool {
    queue.trim_end_matches(".fifo").ends_with("--dlq")
}
