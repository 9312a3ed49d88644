//! A batch as Lambda hands it over, and what it is answered: read by our own types, because those of
//! `aws_lambda_events` for SQS bring `serde_with` with a dozen crates behind it, and what is odd in a member
//! that nobody needs must not make a batch fail.
//!
//! The form is that of the AWS Lambda Developer Guide, "Using Lambda with Amazon SQS".

use std::collections::HashMap;

use aws_sdk_sqs::{
    primitives::Blob,
    types::{Message, MessageAttributeValue, MessageSystemAttributeName},
};
use aws_smithy_types::base64;
use serde::{Deserialize, Serialize};

/// A batch of messages, all from one queue.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Batch {
    /// The messages, in their sequence.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// A message that Lambda has received.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Record {
    /// The id that SQS gave it; what names it in the answer.
    pub message_id: String,
    /// By what it is hidden or deleted.
    pub receipt_handle: String,
    /// What was sent.
    pub body: String,
    /// What SQS says of it, such as how often it was received.
    pub attributes: HashMap<String, String>,
    /// What its sender says of it.
    pub message_attributes: HashMap<String, Attribute>,
    /// The ARN of its queue.
    #[serde(rename = "eventSourceARN")]
    pub event_source_arn: String,
}

/// An attribute that a sender gave to a message.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Attribute {
    /// The text of a string or number.
    pub string_value: Option<String>,
    /// The Base64 of bytes.
    pub binary_value: Option<String>,
    /// Of which type it is; SQS has none without.
    pub data_type: String,
}

/// What Lambda is answered: which messages must come again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// Those, in no sequence.
    pub batch_item_failures: Vec<Failure>,
}

/// A message that must come again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Its id.
    pub item_identifier: String,
}

impl Record {
    /// The message as a receiver would have it. An attribute that cannot be one is left out.
    pub(super) fn message(&self) -> Message {
        let mut message = Message::builder()
            .message_id(&self.message_id)
            .receipt_handle(&self.receipt_handle)
            .body(&self.body);
        for (name, value) in &self.attributes {
            message = message.attributes(MessageSystemAttributeName::from(name.as_str()), value);
        }
        for (name, value) in &self.message_attributes {
            if let Some(value) = value.of_sqs() {
                message = message.message_attributes(name, value);
            }
        }
        message.build()
    }
}

impl Attribute {
    fn of_sqs(&self) -> Option<MessageAttributeValue> {
        let bytes = self.binary_value.as_ref().and_then(|text| base64::decode(text).ok());
        MessageAttributeValue::builder()
            .data_type(&self.data_type)
            .set_string_value(self.string_value.clone())
            .set_binary_value(bytes.map(Blob::new))
            .build()
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_on_the_way_to_a_dead_letter_queue() {
        // The example of the AWS Lambda Developer Guide, with attributes of the message.
        let batch: Batch = serde_json::from_str(
            r#"{"Records": [{
                "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d", "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": "Test message.",
                "attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1545082649183", "MessageGroupId": "g"},
                "messageAttributes": {
                    "kind": {"stringValue": "x", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
                    "raw": {"binaryValue": "AQID", "dataType": "Binary"}
                },
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3", "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue", "awsRegion": "us-east-2"}]}"#,
        )
        .unwrap();
        let message = batch.records[0].message();
        assert_eq!(message.body(), Some("Test message."));
        let count = &MessageSystemAttributeName::ApproximateReceiveCount;
        assert_eq!(message.attributes().unwrap()[count], "3");
        let attributes = message.message_attributes().unwrap();
        assert_eq!(attributes["kind"].string_value(), Some("x"));
        assert_eq!(attributes["raw"].binary_value().unwrap().as_ref(), [1, 2, 3]);
    }

    #[test]
    fn the_answer_is_spelled_as_lambda_reads_it() {
        let failure = Failure { item_identifier: "7".to_owned() };
        let response = Response { batch_item_failures: vec![failure] };
        let text = serde_json::to_string(&response).unwrap();
        assert_eq!(text, r#"{"batchItemFailures":[{"itemIdentifier":"7"}]}"#);
    }
}
