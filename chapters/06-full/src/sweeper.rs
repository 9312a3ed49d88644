//! The sweeper: finds rows that no stream record ever brought to the relay, and wakes their subjects.
//!
//! A stream record lives 24 hours, and Lambda gives up on it sooner. The row is still there.

use std::collections::BTreeSet;
use std::time::Duration;

use fault_engine::Ambient;

use crate::App;
use crate::error::Error;
use crate::outbox::{Row, text};
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
    let request = app.dynamodb.scan().table_name(table).consistent_read(true);
    let request = request.filter_expression("CreatedAt < :before");
    let mut pages = request.expression_attribute_values(":before", text(&before)).into_paginator().send();
    while let Some(page) = pages.next().await {
        let rows = page.map_err(Error::aws)?.items.unwrap_or_default();
        let rows: Vec<Row> = serde_dynamo::from_items(rows).map_err(Error::aws)?;
        let subjects: BTreeSet<_> = rows.into_iter().map(|row| row.subject).collect();
        for subject in subjects {
            if let Err(error) = dispatch(app, table, &subject).await {
                tracing::warn!(subject, error = error.in_full(), "publishing failed");
            }
        }
    }
    Ok(())
}
// ANCHOR_END: sweep_once
