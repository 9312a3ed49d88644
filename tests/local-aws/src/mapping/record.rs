//! From a record of the Streams API to the record that a Lambda function receives.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::SystemTime;

use aws_lambda_events::event::dynamodb::EventRecord;
use aws_sdk_dynamodbstreams::types::{AttributeValue, Record, StreamRecord as SdkStreamRecord};
use aws_smithy_types::DateTime;
use aws_smithy_types::base64;
use serde_json::{Map, Value, json};

use super::sequence::SequenceNumber;

/// A record on its way to the function.
#[derive(Clone, Debug)]
pub(crate) struct StreamRecord {
    pub(crate) number: SequenceNumber,
    /// As the function's event holds it.
    pub(crate) json: Value,
    pub(crate) event: EventRecord,
    pub(crate) created: SystemTime,
    /// The size of `json` as text, in bytes.
    pub(crate) bytes: usize,
    item: u64,
}

impl StreamRecord {
    /// Fails only if the stream left out a member that every record has.
    pub(crate) fn from_sdk(record: &Record, stream_arn: &str) -> Result<Self, serde_json::Error> {
        let change = record.dynamodb();
        let json = to_json(record, change, stream_arn);
        let created = change.and_then(SdkStreamRecord::approximate_creation_date_time);
        let mut item = DefaultHasher::new();
        json["dynamodb"]["Keys"].to_string().hash(&mut item);
        Ok(Self {
            number: SequenceNumber::new(
                change.and_then(|change| change.sequence_number()).unwrap_or_default(),
            ),
            event: serde_json::from_value(json.clone())?,
            created: created.and_then(|at| SystemTime::try_from(*at).ok()).unwrap_or(SystemTime::UNIX_EPOCH),
            bytes: json.to_string().len(),
            item: item.finish(),
            json,
        })
    }

    /// Which of `lanes` takes this record: the same one for all records of an item.
    pub(crate) fn lane(&self, lanes: usize) -> usize {
        (self.item % lanes.max(1) as u64) as usize
    }
}

/// The event of an invocation, as JSON.
pub(crate) fn event_json(records: &[StreamRecord]) -> Value {
    json!({ "Records": records.iter().map(|record| &record.json).collect::<Vec<_>>() })
}

fn to_json(record: &Record, change: Option<&SdkStreamRecord>, stream_arn: &str) -> Value {
    let mut json = json!({
        "eventID": record.event_id(),
        "eventName": record.event_name().map(|name| name.as_str()),
        "eventVersion": record.event_version(),
        "eventSource": record.event_source(),
        "awsRegion": record.aws_region(),
        "eventSourceARN": stream_arn,
        "dynamodb": change.map(change_to_json),
    });
    if let Some(identity) = record.user_identity() {
        // The Streams API writes these two with capitals, the function's event without.
        json["userIdentity"] = json!({ "type": identity.r#type(), "principalId": identity.principal_id() });
    }
    json
}

fn change_to_json(change: &SdkStreamRecord) -> Value {
    let mut json = json!({
        "Keys": change.keys().map(item_to_json).unwrap_or_else(|| json!({})),
        "SequenceNumber": change.sequence_number(),
        "SizeBytes": change.size_bytes().unwrap_or_default(),
        "StreamViewType": change.stream_view_type().map(|view| view.as_str()),
    });
    if let Some(at) = change.approximate_creation_date_time() {
        json["ApproximateCreationDateTime"] = seconds(at);
    }
    for (name, image) in [("NewImage", change.new_image()), ("OldImage", change.old_image())] {
        if let Some(image) = image {
            json[name] = item_to_json(image);
        }
    }
    json
}

fn seconds(at: &DateTime) -> Value {
    if at.subsec_nanos() == 0 { json!(at.secs()) } else { json!(at.as_secs_f64()) }
}

fn item_to_json(item: &HashMap<String, AttributeValue>) -> Value {
    Value::Object(
        item.iter().map(|(name, value)| (name.clone(), value_to_json(value))).collect::<Map<_, _>>(),
    )
}

fn value_to_json(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(is_true) => json!({ "BOOL": is_true }),
        AttributeValue::Null(is_null) => json!({ "NULL": is_null }),
        AttributeValue::B(bytes) => json!({ "B": base64::encode(bytes) }),
        AttributeValue::Ss(texts) => json!({ "SS": texts }),
        AttributeValue::Ns(numbers) => json!({ "NS": numbers }),
        AttributeValue::Bs(blobs) => json!({ "BS": blobs.iter().map(base64::encode).collect::<Vec<_>>() }),
        AttributeValue::L(values) => json!({ "L": values.iter().map(value_to_json).collect::<Vec<_>>() }),
        AttributeValue::M(members) => json!({ "M": item_to_json(members) }),
        // A type that DynamoDB adds later: the record goes on without its value.
        _ => json!({ "NULL": true }),
    }
}
