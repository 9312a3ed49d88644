//! The relay as a Lambda function.
//!
//! Its event source mapping must report batch item failures (`FunctionResponseTypes: ReportBatchItemFailures`), or Lambda ignores the
//! response and takes every batch for a success. Lambda goes back to the *lowest* failed sequence number and delivers everything from
//! there again; what was dispatched lies below its subject's watermark and is not published twice.

use aws_lambda_events::event::{
    dynamodb::{Event, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_dynamo::AttributeValue;
use transactional_messaging::relay::Relay;

use crate::wake::{WakeUp, wake_all};

/// Serves the Lambda runtime until the environment is frozen for good.
///
/// # Errors
///
/// When the runtime API cannot be reached.
pub async fn run(relay: Relay) -> Result<(), Error> {
    lambda_runtime::run(service_fn(|event: LambdaEvent<Event>| {
        let relay = relay.clone();
        async move { Ok::<_, Error>(handle(&relay, event.payload).await) }
    }))
    .await
}

/// Handles one batch of stream records and names those that must come again.
pub async fn handle(relay: &Relay, event: Event) -> DynamoDbEventResponse {
    let wake_ups = event.records.iter().filter_map(wake_up).collect();
    let mut response = DynamoDbEventResponse::default();
    for failed in wake_all(relay, wake_ups).await {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(failed.record);
        response.batch_item_failures.push(failure);
    }
    response
}

/// Only new rows are news. The mapping filters for them too, but a filter is a setting that somebody can lose.
fn wake_up(record: &EventRecord) -> Option<WakeUp> {
    if record.event_name != "INSERT" {
        return None;
    }
    let sequence_number = record.change.sequence_number.clone();
    match (record.change.keys.get("PK"), sequence_number) {
        (Some(AttributeValue::S(partition)), Some(record)) => {
            Some(WakeUp { partition: partition.clone(), record })
        }
        _ => {
            tracing::error!(
                event_id = record.event_id,
                "record_of_another_table; check the event source mapping"
            );
            None
        }
    }
}
