//! The relay: a Lambda function that is called with the rows that were stored in an outbox, and publishes
//! them.

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use fault_engine::{Ambient, BoxError};
use local_aws::{ACCOUNT_ID, REGION};

use crate::App;
use crate::error::Error;
use crate::outbox::Row;

// ANCHOR: handle
/// Publishes the rows of a batch, in the sequence in which they come.
///
/// # Errors
///
/// None: what was not published is named in the answer (`ReportBatchItemFailures`).
pub async fn handle(ambient: Ambient, event: Event) -> Result<DynamoDbEventResponse, BoxError> {
    let app = App::new(ambient);
    let mut response = DynamoDbEventResponse::default();
    for record in event.records {
        let number = record.change.sequence_number.clone().unwrap_or_default();
        if let Err(error) = publish(&app, record).await {
            tracing::warn!(error = error.in_full(), "publishing failed");
            // Lambda goes back to the lowest record that failed: those behind it come again in any case.
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(number);
            response.batch_item_failures.push(failure);
            break;
        }
    }
    Ok(response)
}
// ANCHOR_END: handle

async fn publish(app: &App, record: EventRecord) -> Result<(), Error> {
    let row: Row = serde_dynamo::from_item(record.change.new_image).map_err(Error::aws)?;
    #[expect(clippy::disallowed_methods, reason = "this is the one place that publishes")]
    let request = app.sns.publish().topic_arn(arn(&row.topic)).message(row.message);
    request.send().await.map_err(Error::aws)?;
    Ok(())
}

fn arn(topic: &str) -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT_ID}:{topic}")
}
