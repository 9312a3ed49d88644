//! The relay: publishes what waits for a subject, in sequence. Stream and sweeper only say which subject may have news.

use std::collections::BTreeMap;

use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use aws_sdk_sns::error::ProvideErrorMetadata;
use fault_engine::{Ambient, BoxError};
use local_aws::{ACCOUNT_ID, REGION};
use serde::Deserialize;

use crate::App;
use crate::error::Error;
use crate::outbox::{HEAD, Row};
use crate::unit_of_work::retry;
use crate::watermark::{advance, head, park, pending};

/// All that is read of a record.
#[derive(Deserialize)]
struct Key {
    #[serde(rename = "PK")]
    subject: String,
    #[serde(rename = "SK")]
    sequence: String,
}

// ANCHOR: handle
/// Wakes the subjects of which a batch has rows. The order of the records does not matter.
///
/// # Errors
///
/// None: what was not published is named in the answer (`ReportBatchItemFailures`).
pub async fn handle(ambient: Ambient, table: &str, event: Event) -> Result<DynamoDbEventResponse, BoxError> {
    let app = App::new(ambient);
    let mut response = DynamoDbEventResponse::default();
    let mut first_records: BTreeMap<String, String> = BTreeMap::new();
    for record in event.records {
        let key: Key = serde_dynamo::from_item(record.change.keys)?;
        if key.sequence != HEAD {
            first_records.entry(key.subject).or_insert(record.change.sequence_number.unwrap_or_default());
        }
    }
    for (subject, number) in first_records {
        if let Err(error) = dispatch(&app, table, &subject).await {
            tracing::warn!(subject, error = error.in_full(), "publishing failed");
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(number);
            response.batch_item_failures.push(failure);
        }
    }
    Ok(response)
}
// ANCHOR_END: handle

// ANCHOR: dispatch
/// Publishes what waits for a subject, and moves its watermark. A message that SNS will never take parks its own
/// subject and nothing else.
///
/// # Errors
///
/// [`Error::Aws`]: wake the subject again.
pub async fn dispatch(app: &App, table: &str, subject: &str) -> Result<(), Error> {
    while retry(app, || dispatch_page(app, table, subject)).await? > 0 {}
    Ok(())
}

async fn dispatch_page(app: &App, table: &str, subject: &str) -> Result<usize, Error> {
    let head = head(app, table, subject).await?;
    if head.parked.is_some() {
        return Ok(0);
    }
    let rows = pending(app, table, subject, &head).await?;
    for (sent, row) in rows.iter().enumerate() {
        if let Err(error) = publish(app, row).await {
            advance(app, table, &head, &rows[..sent]).await?;
            let Error::Refused(reason) = error else { return Err(error) };
            park(app, table, subject, &reason).await?;
            return Ok(0);
        }
    }
    advance(app, table, &head, &rows).await?;
    Ok(rows.len())
}
// ANCHOR_END: dispatch

async fn publish(app: &App, row: &Row) -> Result<(), Error> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that publishes")]
    let request = app.sns.publish().topic_arn(arn(&row.topic)).message(&row.message);
    match request.send().await {
        Ok(_) => Ok(()),
        // This blames the message. Throttling or a missing permission would not.
        Err(error) if error.code() == Some("InvalidParameter") => Err(Error::Refused(error.to_string())),
        Err(error) => Err(Error::aws(error)),
    }
}

fn arn(topic: &str) -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT_ID}:{topic}")
}
