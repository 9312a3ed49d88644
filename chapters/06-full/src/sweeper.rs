//! The sweeper: finds rows that no stream record ever brought to the relay, and wakes their subjects.
//!
//! A stream record lives 24 hours, and Lambda gives up on it sooner. The row is still there.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use fault_engine::Ambient;

use crate::App;
use crate::error::Error;
use crate::outbox::{PENDING_INDEX, PENDING_SHARDS, Row};
use crate::relay::dispatch;

/// How often to look, and how old a row must be: younger ones are left to the stream.
const INTERVAL: Duration = Duration::from_secs(60);

/// Sweeps an outbox for ever.
pub async fn sweep(ambient: Ambient, table: &str) {
    let app = App::new(ambient);
    loop {
        tokio::time::sleep(INTERVAL).await;
        if let Err(error) = sweep_once(&app, table).await {
            tracing::warn!(table, error = error.in_full(), "sweeping failed");
        }
    }
}

// ANCHOR: sweep_once
async fn sweep_once(app: &App, table: &str) -> Result<(), Error> {
    let before = app.ambient.timestamp_ago(INTERVAL);
    let mut subjects = BTreeSet::new();
    for shard in 0..PENDING_SHARDS {
        let request = app.dynamodb.query().table_name(table).index_name(PENDING_INDEX);
        let request = request.key_condition_expression("PendingShard = :shard AND CreatedAt < :before");
        let request = request.expression_attribute_values(":shard", AttributeValue::S(shard.to_string()));
        let request = request.expression_attribute_values(":before", AttributeValue::S(before.clone()));
        // One page at most: what is behind it comes with the next sweep.
        let answer = request.send().await.map_err(Error::aws)?;
        let rows: Vec<Row> =
            serde_dynamo::from_items(answer.items.unwrap_or_default()).map_err(Error::aws)?;
        subjects.extend(rows.into_iter().map(|row| row.subject));
    }
    for subject in subjects {
        dispatch(app, table, &subject).await?;
    }
    Ok(())
}
// ANCHOR_END: sweep_once
