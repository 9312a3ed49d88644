//! The events of a release: one of each kind, as a run has sent it, with the schema of its data. Later
//! releases are tested against them, so none is ever written again.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{Context as _, bail};
use serde_json::Value;
use shop::{SERVICES, contracts::pretty};
use tokio::time::Instant;

use crate::system::System;

/// How long the relay may take to send what the sample requests have brought about, and to note it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Adds to the folder the events that it does not have yet. The sample requests have been made.
pub(crate) async fn write(system: &System, folder: &Path) -> anyhow::Result<()> {
    let schemas: BTreeMap<_, _> = SERVICES
        .iter()
        .flat_map(|service| {
            let contract = (service.contract)();
            contract.sent().map(|(kind, data)| (kind.to_owned(), data.clone())).collect::<Vec<_>>()
        })
        .collect();
    let deadline = Instant::now() + PATIENCE;
    let events = loop {
        let events = sent(system).await?;
        match schemas.keys().find(|kind| !events.contains_key(*kind)) {
            None => break events,
            Some(kind) if Instant::now() > deadline => bail!("the sample requests send no {kind}"),
            Some(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for (kind, schema) in &schemas {
        for (name, document) in
            [(format!("{kind}.json"), &events[kind]), (format!("{kind}.schema.json"), schema)]
        {
            let file = folder.join(name);
            if !file.exists() {
                std::fs::write(&file, pretty(document)).with_context(|| format!("{}", file.display()))?;
                println!("  = {}", file.display());
            }
        }
    }
    Ok(())
}

/// One envelope of each kind, out of the tables in which the relays keep what was sent.
async fn sent(system: &System) -> anyhow::Result<BTreeMap<String, Value>> {
    let dynamodb = aws_sdk_dynamodb::Client::new(&system.sdk);
    let mut events = BTreeMap::new();
    for service in SERVICES.iter().filter(|service| service.publishes()) {
        let table = format!("{}-sent", service.name);
        let mut pages = dynamodb.scan().table_name(&table).into_paginator().items().send();
        while let Some(row) = pages.next().await {
            let row = row.with_context(|| format!("{table} cannot be read"))?;
            let text =
                row.get("Message").and_then(|text| text.as_s().ok()).context("a row without a message")?;
            let envelope: Value = serde_json::from_str(text)?;
            let kind = envelope["type"].as_str().unwrap_or_default().to_owned();
            events.entry(kind).or_insert(envelope);
        }
    }
    Ok(events)
}
