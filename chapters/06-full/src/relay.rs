//! The relay: publishes what waits for a subject, in sequence, and deletes what was sent. Stream and sweeper
//! only say which subject may have news.

use std::collections::BTreeMap;

use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use aws_sdk_dynamodb::types::{Get, TransactGetItem};
use aws_sdk_sns::error::ProvideErrorMetadata;
use fault_engine::{Ambient, BoxError};
use local_aws::{ACCOUNT_ID, REGION};
use serde::Deserialize;

use crate::App;
use crate::error::Error;
use crate::outbox::{Row, delete, park, text};
use crate::unit_of_work::retry;

/// All that is read of a record.
#[derive(Deserialize)]
struct Key {
    #[serde(rename = "PK")]
    subject: String,
}

// ANCHOR: handle
/// Wakes the subjects of which a batch has rows. In which sequence the records come does not matter.
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
        first_records.entry(key.subject).or_insert(record.change.sequence_number.unwrap_or_default());
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
/// Publishes what waits for a subject. A message that SNS will never take is marked, and those behind it
/// wait.
///
/// # Errors
///
/// [`Error::LostRace`] and [`Error::Aws`]: wake the subject again.
pub async fn dispatch(app: &App, table: &str, subject: &str) -> Result<(), Error> {
    retry(app, || send_rows(app, table, subject)).await
}

async fn send_rows(app: &App, table: &str, subject: &str) -> Result<(), Error> {
    let request = app.dynamodb.query().table_name(table).consistent_read(true);
    let request = request.key_condition_expression("PK = :subject");
    let request = request.expression_attribute_values(":subject", text(subject));
    let mut rows = request.into_paginator().items().send();
    let mut sent = None;
    while let Some(row) = rows.next().await {
        let row: Row = serde_dynamo::from_item(row.map_err(Error::aws)?).map_err(Error::aws)?;
        if row.parked.is_some() {
            return Ok(());
        }
        // The first of its subject is sent, and one behind one just sent. Of others it must be proven.
        if row.predecessor != sent
            && let Some(predecessor) = &row.predecessor
        {
            prove_turn(app, table, &row, predecessor).await?;
        }
        match publish(app, &row).await {
            Err(Error::Refused(reason)) => return park(app, table, &row, &reason).await,
            published => published?,
        }
        delete(app, table, &row).await?;
        sent = Some(row.sequence);
    }
    Ok(())
}
// ANCHOR_END: dispatch

// ANCHOR: prove_turn
/// It is a row's turn when its predecessor was sent: the row is there, and its predecessor is gone. A query
/// cannot tell, because it may show a row without one that was committed before. Only this call reads both at
/// one moment.
async fn prove_turn(app: &App, table: &str, row: &Row, predecessor: &str) -> Result<(), Error> {
    let get = |sequence: &str| {
        let get = Get::builder().table_name(table).key("PK", text(&row.subject)).key("SK", text(sequence));
        Ok(TransactGetItem::builder().get(get.build().map_err(Error::aws)?).build())
    };
    let request = app.dynamodb.transact_get_items().transact_items(get(predecessor)?);
    match request.transact_items(get(&row.sequence)?).send().await {
        Ok(answer) => match answer.responses() {
            [predecessor, row] if predecessor.item.is_none() && row.item.is_some() => Ok(()),
            _ => Err(Error::LostRace),
        },
        // A commit is becoming visible, or is taken back: nobody can tell yet.
        Err(error) if error.code() == Some("TransactionCanceledException") => Err(Error::LostRace),
        Err(error) => Err(Error::aws(error)),
    }
}
// ANCHOR_END: prove_turn

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
