//! What the measured programs are given: stream records, outbox rows, queue messages, a customer. All of it
//! follows from numbers.

use serde_json::{Value, json};
use transactional_messaging::message::Sequence;
use uuid::Uuid;

/// Rows of a subject from this version on are in the outbox.
pub const FIRST_THERE: u64 = 50;

/// The topic of every message.
pub const TOPIC: &str = "order--created";

/// The customer of this message; each has another.
fn customer_of(number: u64) -> Uuid {
    Uuid::from_u128(0xC0_0000_0000 + u128::from(number))
}

const PARTITION: &str = "SUBJECT#order/";
const FIRST_ORDER: u128 = 0x0D_0000_0000;

fn order(number: u64) -> Uuid {
    Uuid::from_u128(FIRST_ORDER + u128::from(number))
}

/// The envelope of an order that was placed, about 500 bytes.
fn envelope(number: u64) -> String {
    let id = order(number);
    json!({
        "specversion": "1.0", "id": Uuid::from_u128(u128::from(number) + 1), "source": "/orders", "type": "OrderCreated",
        "subject": format!("order/{id}"), "time": "2026-01-01T00:00:00+00:00", "datacontenttype": "application/json",
        "sequence": format!("{number:020}"), "correlationid": Uuid::from_u128(8),
        "data": {
            "event_id": Uuid::from_u128(u128::from(number) + 1), "correlation_id": Uuid::from_u128(8), "order_id": id,
            "customer_id": customer_of(number), "order_total": 100, "state": "PENDING",
            "created_at": "2026-01-01T00:00:00+00:00",
        },
    })
    .to_string()
}

/// A queue message as SNS delivers it.
pub fn body(number: u64) -> String {
    json!({ "Type": "Notification", "TopicArn": format!("arn:aws:sns:us-east-1:000000000000:{TOPIC}"), "Message": envelope(number) })
        .to_string()
}

/// The customer with this key; an item with another key is not there.
pub fn customer(key: &Value) -> Option<Value> {
    let key = key["PK"]["S"].as_str()?;
    let id = key.strip_prefix("CUSTOMER#").filter(|id| !id.contains('#'))?;
    Some(json!({
        "PK": { "S": key }, "CustomerId": { "S": id }, "Name": { "S": "Ada" }, "CreditLimit": { "N": "1000000" },
        "CreditReserved": { "N": "0" }, "Version": { "N": "0" },
        "AnnouncedVersion": { "N": "0" }, "CreatedAt": { "S": "2026-01-01T00:00:00+00:00" },
    }))
}

/// The key of the one row that this subject has in the outbox: a row that is old, and the first that is
/// there.
pub fn only_key(number: u64) -> Value {
    json!({ "PK": { "S": partition(number) }, "SK": { "S": sequence(FIRST_THERE) } })
}

fn partition(number: u64) -> String {
    format!("{PARTITION}{}", order(number))
}

/// The number of the subject with this partition.
pub fn number_of(partition: &str) -> Option<u64> {
    let id: Uuid = partition.strip_prefix(PARTITION)?.parse().ok()?;
    u64::try_from(id.as_u128().checked_sub(FIRST_ORDER)?).ok()
}

fn sequence(version: u64) -> String {
    Sequence::of(version, 0).to_string()
}

/// The outbox row with this key, if it is there.
pub fn row(key: &Value) -> Option<Value> {
    let (partition, sort) = (key["PK"]["S"].as_str()?, key["SK"]["S"].as_str()?);
    let number: u64 = sort.parse().ok()?;
    // The sequence itself says which version it is of: a version has room for a hundred messages.
    let version = number / 100;
    if version < FIRST_THERE {
        return None;
    }
    Some(json!({
        "PK": { "S": partition }, "SK": { "S": sort }, "Predecessor": { "S": sequence(version - 1) },
        "MessageId": { "S": Uuid::from_u128(number.into()) }, "CorrelationId": { "S": Uuid::from_u128(8) },
        "Kind": { "S": "OrderCreated" }, "Topic": { "S": TOPIC }, "Message": { "S": envelope(number) },
        "CreatedAt": { "S": "2026-01-01T00:00:00.000000Z" },
    }))
}

/// A batch of stream records as Lambda hands it over: so many, with so many rows of each subject, with the
/// image of each row.
pub fn event(records: u64, of_a_subject: u64) -> String {
    let records: Vec<_> = (0..records)
        .map(|number| {
            let (subject, place) = (number / of_a_subject, number % of_a_subject);
            let keys = json!({ "PK": { "S": partition(subject) }, "SK": { "S": sequence(FIRST_THERE + place) } });
            json!({
                "eventID": Uuid::from_u128(number.into()), "eventName": "INSERT", "eventSource": "aws:dynamodb",
                "awsRegion": "us-east-1", "eventVersion": "1.1",
                "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/orders-outbox/stream/2026",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1_767_225_600, "SequenceNumber": format!("{:021}", number + 1),
                    "SizeBytes": 1300, "StreamViewType": "NEW_IMAGE", "NewImage": row(&keys), "Keys": keys,
                },
            })
        })
        .collect();
    json!({ "Records": records }).to_string()
}
