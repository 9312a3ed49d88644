//! From a message of the SQS API to the record that a Lambda function receives.

use std::collections::HashMap;

use aws_sdk_sqs::types::Message;
use aws_smithy_types::base64;
use serde_json::{Value, json};

use crate::sdk::REGION;

/// The event of an invocation, as JSON.
pub(crate) fn event(batch: &[Message], queue_arn: &str) -> Value {
    json!({ "Records": batch.iter().map(|message| record(message, queue_arn)).collect::<Vec<_>>() })
}

fn record(message: &Message, queue_arn: &str) -> Value {
    let attributes = message.attributes().into_iter().flatten();
    let attributes: HashMap<_, _> = attributes.map(|(name, value)| (name.as_str(), value)).collect();
    let own = message.message_attributes().into_iter().flatten().map(|(name, value)| {
        let binary = value.binary_value().map(base64::encode);
        let value = json!({
            "stringValue": value.string_value(), "binaryValue": binary, "stringListValues": [],
            "binaryListValues": [], "dataType": value.data_type(),
        });
        (name, value)
    });
    json!({
        "messageId": message.message_id(), "receiptHandle": message.receipt_handle(), "body": message.body(),
        "attributes": attributes, "messageAttributes": own.collect::<HashMap<_, _>>(),
        "md5OfBody": message.md5_of_body(), "eventSource": "aws:sqs", "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    })
}
