//! What consumers saw: a queue of the laboratory's own that is subscribed to every topic, and the queues that
//! are left.

use aws_fault_lab::BoxError;
use aws_fault_lab::parts::Raw;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::facts::EventKind;

/// The probe's queue.
pub(crate) const PROBE: &str = "laboratory";

/// How many characters an id has.
const UUID: usize = 36;

/// An event as it was delivered.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) kind: EventKind,
    pub(crate) order_id: Option<String>,
    pub(crate) customer_id: Option<String>,
    pub(crate) order_total: Option<i64>,
}

/// Reads the probe's queue.
#[derive(Debug)]
pub(crate) struct Probe {
    raw: Raw,
    /// All deliveries, duplicates too, in the order in which they came.
    pub(crate) seen: Vec<Seen>,
}

impl Probe {
    pub(crate) fn new(raw: Raw) -> Self {
        Self { raw, seen: Vec::new() }
    }

    /// Reads what is new.
    pub(crate) async fn read(&mut self) -> Result<(), BoxError> {
        loop {
            let request = json!({ "MaxNumberOfMessages": 10 });
            let answer = self.raw.sqs("ReceiveMessage", PROBE, request).await?;
            let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                return Ok(());
            }
            for message in &messages {
                self.seen.push(seen(message["Body"].as_str().unwrap_or_default())?);
            }
        }
    }
}

/// What was published and cannot be read cannot be judged: an event that is skipped would be taken for one
/// that never came.
fn seen(body: &str) -> Result<Seen, BoxError> {
    let notification: Value = serde_json::from_str(body)?;
    let message = notification["Message"].as_str().ok_or("no notification of SNS was received")?;
    let envelope: Value = serde_json::from_str(message)?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let data = &envelope["data"];
    Ok(Seen {
        id: text(&envelope["id"]).ok_or("an event has no id")?,
        kind: EventKind::deserialize(&envelope["type"])?,
        order_id: text(&data["order_id"]),
        customer_id: text(&data["customer_id"]),
        order_total: data["order_total"].as_i64(),
    })
}

/// What lies in the program's queues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Leftovers {
    /// Queues with messages, and how many.
    pub(crate) waiting: Vec<(String, u64)>,
    /// Dead-letter queues with messages that say no reason, and how many.
    pub(crate) unexplained: Vec<(String, u64)>,
}

impl Leftovers {
    pub(crate) async fn look(raw: &Raw, queues: &[String]) -> Result<Self, BoxError> {
        let mut leftovers = Self::default();
        for queue in queues.iter().filter(|queue| *queue != PROBE) {
            let wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
            let answer = raw.sqs("GetQueueAttributes", queue, json!({ "AttributeNames": wanted })).await?;
            let count = |name: &str| {
                answer["Attributes"][name].as_str().and_then(|count| count.parse::<u64>().ok()).unwrap_or(0)
            };
            match (wanted.map(count).iter().sum(), queue.ends_with("--dlq")) {
                (0, _) => {}
                (count, false) => leftovers.waiting.push((queue.clone(), count)),
                (_, true) => match unexplained(raw, queue).await? {
                    0 => {}
                    count => leftovers.unexplained.push((queue.clone(), count)),
                },
            }
        }
        Ok(leftovers)
    }
}

/// The ids of aggregates that are parked in this table, with a reason.
pub(crate) async fn parked(raw: &Raw, table: &str) -> Result<Vec<String>, BoxError> {
    let answer = raw.call("DynamoDB_20120810.Scan", json!({ "TableName": table })).await?;
    let items = answer["Items"].as_array().into_iter().flatten();
    let is_parked = |item: &&Value| item["Parked"]["S"].as_str().is_some_and(|reason| !reason.is_empty());
    let key = |item: &Value| item["PK"]["S"].as_str().unwrap_or_default().to_owned();
    let keys = items.filter(is_parked).map(key);
    Ok(keys.map(|key| key.chars().skip(key.chars().count().saturating_sub(UUID)).collect()).collect())
}

/// A look that leaves the messages visible.
async fn unexplained(raw: &Raw, queue: &str) -> Result<u64, BoxError> {
    let request =
        json!({ "MaxNumberOfMessages": 10, "VisibilityTimeout": 0, "MessageAttributeNames": ["All"] });
    let answer = raw.sqs("ReceiveMessage", queue, request).await?;
    let messages = answer["Messages"].as_array().into_iter().flatten();
    let without = messages.filter(|message| message["MessageAttributes"]["reason"]["StringValue"].is_null());
    Ok(without.count() as u64)
}
