//! Stream records as the relay reads them: keys and sequence number, and nothing else. What is odd in a
//! member that nobody needs, such as an image or a time, must not make a batch fail.

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use serde::{Deserialize, Deserializer};
use serde_dynamo::AttributeValue;
use serde_json::Value;

/// A batch of records, as an event source mapping hands it over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Batch {
    /// The records, in their order.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// What is read of a record; each part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// `INSERT`, `MODIFY` or `REMOVE`.
    pub event_name: Option<String>,
    /// The text of the partition key.
    pub partition: Option<String>,
    /// The text of the sort key.
    pub sort_key: Option<String>,
    /// What names the record in the answer.
    pub sequence_number: Option<String>,
}

/// One at a time: four texts are needed of each record, and all members of a thousand would lie in memory.
impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|record| Self::from(&record))
    }
}

impl From<&Value> for Record {
    fn from(record: &Value) -> Self {
        // A member that is missing or of another type is null.
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let change = &record["dynamodb"];
        Self {
            event_name: text(&record["eventName"]),
            partition: text(&change["Keys"]["PK"]["S"]),
            sort_key: text(&change["Keys"]["SK"]["S"]),
            sequence_number: text(&change["SequenceNumber"]),
        }
    }
}

impl From<Event> for Batch {
    fn from(event: Event) -> Self {
        Self { records: event.records.iter().map(Record::from).collect() }
    }
}

impl From<&EventRecord> for Record {
    fn from(record: &EventRecord) -> Self {
        let key = |name| match record.change.keys.get(name) {
            Some(AttributeValue::S(text)) => Some(text.clone()),
            _ => None,
        };
        Self {
            event_name: Some(record.event_name.clone()),
            partition: key("PK"),
            sort_key: key("SK"),
            sequence_number: record.change.sequence_number.clone(),
        }
    }
}
