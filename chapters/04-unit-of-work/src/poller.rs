//! The poller: publishes what is in an outbox, oldest first.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use fault_engine::Ambient;
use local_aws::{ACCOUNT_ID, REGION};

use crate::App;
use crate::error::Error;
use crate::outbox::{PENDING, PENDING_INDEX, Row};

/// How long to wait before looking again: shorter is sooner, and costs more.
const INTERVAL: Duration = Duration::from_secs(5);

/// How many rows are read at once.
const PAGE: i32 = 25;

/// Publishes the rows of an outbox for ever.
pub async fn poll(ambient: Ambient, table: &str) {
    let app = App::new(ambient);
    loop {
        match publish_pending(&app, table).await {
            Ok(published) if published > 0 => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(table, error = error.in_full(), "publishing failed"),
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Publishes the oldest rows. It stops at the first failure: a later event must not overtake an earlier one.
async fn publish_pending(app: &App, table: &str) -> Result<usize, Error> {
    let request = app.dynamodb.query().table_name(table).index_name(PENDING_INDEX).limit(PAGE);
    let request = request.key_condition_expression("Pending = :pending");
    let request = request.expression_attribute_values(":pending", AttributeValue::S(PENDING.to_owned()));
    let answer = request.send().await.map_err(Error::aws)?;
    let rows: Vec<Row> = serde_dynamo::from_items(answer.items.unwrap_or_default()).map_err(Error::aws)?;
    for row in &rows {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that publishes")]
        let request = app.sns.publish().topic_arn(arn(&row.topic)).message(&row.message);
        request.send().await.map_err(Error::aws)?;
        mark_published(app, table, row).await?;
    }
    Ok(rows.len())
}

async fn mark_published(app: &App, table: &str, row: &Row) -> Result<(), Error> {
    #[expect(clippy::disallowed_methods, reason = "this chapter shows what comes of it")]
    let request = app.dynamodb.update_item().table_name(table);
    let request = request.key("PK", AttributeValue::S(row.key.clone()));
    let request = request.update_expression("REMOVE Pending SET PublishedAt = :now");
    let request = request.expression_attribute_values(":now", AttributeValue::S(app.ambient.timestamp()));
    request.send().await.map_err(Error::aws)?;
    Ok(())
}

fn arn(topic: &str) -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT_ID}:{topic}")
}
