//! What the stand-in for AWS answers: it keeps no state, everything follows from the request.
//!
//! An outbox row is there if its version is [`load::FIRST_THERE`] or more, and what is before it was sent.
//! Writes succeed. A queue never runs out of messages. A scan finds as many subjects as it was told, each
//! with one row.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::load;

/// Rows in a page of a scan: DynamoDB ends a page at 1 MB, and a row of ours has about 1 KB.
const PAGE: u64 = 1_000;

/// What is left to be taken.
#[derive(Debug)]
pub struct Answers {
    /// Put in front of the names of queues.
    address: String,
    next_message: AtomicU64,
    /// Subjects that a scan finds.
    pending: u64,
}

impl Answers {
    /// Queues are found at this address; this many subjects are pending.
    pub fn new(address: &str, pending: u64) -> Self {
        Self { address: address.to_owned(), next_message: AtomicU64::new(0), pending }
    }

    /// The answer to a request of the JSON protocols.
    pub fn json(&self, operation: &str, body: &Value) -> String {
        let answer = match operation {
            "BatchGetItem" => rows_of_tables(&body["RequestItems"]),
            "TransactGetItems" => {
                let gets = body["TransactItems"].as_array().into_iter().flatten();
                let answers = gets.map(|get| load::row(&get["Get"]["Key"]));
                let answers = answers.map(|row| row.map_or(json!({}), |row| json!({ "Item": row })));
                json!({ "Responses": answers.collect::<Vec<_>>() })
            }
            "GetItem" => load::customer(&body["Key"]).map_or(json!({}), |item| json!({ "Item": item })),
            "BatchWriteItem" => json!({ "UnprocessedItems": {} }),
            "Scan" => self.page(&body["ExclusiveStartKey"]),
            "Query" => json!({ "Items": [], "Count": 0, "ScannedCount": 0 }),
            "GetQueueUrl" => {
                let name = body["QueueName"].as_str().unwrap_or_default();
                json!({ "QueueUrl": format!("{}/0/{name}", self.address) })
            }
            "GetQueueAttributes" => json!({ "Attributes": { "VisibilityTimeout": "30" } }),
            "ReceiveMessage" => self.messages(body["MaxNumberOfMessages"].as_u64().unwrap_or(1)),
            "DeleteMessageBatch" => {
                let entries = body["Entries"].as_array().into_iter().flatten();
                let deleted: Vec<_> = entries.map(|entry| json!({ "Id": entry["Id"] })).collect();
                json!({ "Successful": deleted, "Failed": [] })
            }
            _ => json!({}),
        };
        answer.to_string()
    }

    fn messages(&self, at_most: u64) -> Value {
        let first = self.next_message.fetch_add(at_most, Ordering::Relaxed);
        let messages: Vec<_> = (first..first + at_most)
            .map(|number| {
                json!({
                    "MessageId": Uuid::from_u128(number.into()), "ReceiptHandle": number.to_string(),
                    "Body": load::body(number), "Attributes": { "ApproximateReceiveCount": "1" },
                })
            })
            .collect();
        json!({ "Messages": messages })
    }

    /// A page of the outbox, one row of each subject, as far as a scan that begins behind this key.
    fn page(&self, behind: &Value) -> Value {
        let begin = behind["PK"]["S"].as_str().and_then(load::number_of).map_or(0, |number| number + 1);
        let end = (begin + PAGE).min(self.pending);
        let items: Vec<_> = (begin..end).filter_map(|number| load::row(&load::only_key(number))).collect();
        let mut page = json!({ "Count": items.len(), "ScannedCount": items.len(), "Items": items });
        if end < self.pending {
            page["LastEvaluatedKey"] = load::only_key(end - 1);
        }
        page
    }
}

fn rows_of_tables(tables: &Value) -> Value {
    let rows = |keys: &Value| -> Vec<_> {
        keys["Keys"].as_array().into_iter().flatten().filter_map(load::row).collect()
    };
    let tables = tables.as_object().into_iter().flatten();
    let responses: serde_json::Map<_, _> =
        tables.map(|(table, keys)| (table.clone(), json!(rows(keys)))).collect();
    json!({ "Responses": responses, "UnprocessedKeys": {} })
}

/// The answer to a PublishBatch, whose form this is: everything in it was taken.
pub fn published(form: &[u8]) -> String {
    let ids = form_urlencoded::parse(form).filter(|(name, _)| name.ends_with(".Id"));
    let taken =
        ids.map(|(_, id)| format!("<member><Id>{id}</Id><MessageId>{}</MessageId></member>", Uuid::nil()));
    let taken: String = taken.collect();
    format!(
        "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult>\
         <Successful>{taken}</Successful></PublishBatchResult></PublishBatchResponse>"
    )
}
