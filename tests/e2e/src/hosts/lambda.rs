//! The relay as a Lambda function: the same program, stripped and zipped as `bootstrap`, behind an event
//! source mapping.
//!
//! Plain requests and not the SDK's Lambda client, which alone would cost more to compile than everything
//! else here.

use std::{path::Path, process::Command};

use anyhow::{Context as _, ensure};
use aws_types::SdkConfig;
use reqwest::Client;
use serde_json::{Value, json};
use transactional_messaging::provision::ensure_sent_table;

use super::settings;
use crate::eventually::eventually;

/// The program without its symbols, in a zip as Lambda wants it.
///
/// # Errors
///
/// When `strip` or `python3` is missing.
pub(super) fn zip(program: &Path, work: &Path) -> anyhow::Result<Vec<u8>> {
    let (bootstrap, zip) = (work.join("bootstrap"), work.join("function.zip"));
    run(Command::new("strip").arg("-o").arg(&bootstrap).arg(program))?;
    run(Command::new("python3").args(["-m", "zipfile", "-c"]).arg(&zip).arg(&bootstrap))?;
    Ok(std::fs::read(zip)?)
}

/// Creates the function of one service and its mapping, and waits until both are active.
///
/// # Errors
///
/// When Lambda refuses.
pub(super) async fn deploy(service: &str, zip: &[u8], endpoint: &str, sdk: &SdkConfig) -> anyhow::Result<()> {
    let (name, http) = (format!("outbox-relay--{service}"), Client::new());
    // Lambda itself sets the region and the keys, and refuses functions that want to.
    let own = |name: &str| !matches!(name, "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY");
    let variables = settings::variables(service, endpoint).into_iter().filter(|(name, _)| own(name));
    let function = json!({
        "FunctionName": name,
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "Role": "arn:aws:iam::000000000000:role/outbox-relay",
        "Timeout": 60,
        "MemorySize": 256,
        "Environment": {"Variables": variables.map(|(k, v)| (k, Value::from(v))).collect::<serde_json::Map<_, _>>()},
        "Code": {"ZipFile": aws_smithy_types::base64::encode(zip)},
    });
    call(&http, &format!("{endpoint}/2015-03-31/functions"), function).await?;
    let address = format!("{endpoint}/2015-03-31/functions/{name}/configuration");
    active(&http, &address, "Active").await?;

    let dynamodb = aws_sdk_dynamodb::Client::new(sdk);
    // A function makes nothing itself.
    ensure_sent_table(&dynamodb, &format!("{service}-sent")).await?;
    let described = dynamodb.describe_table().table_name(format!("{service}-outbox")).send().await?;
    let stream = described.table.and_then(|table| table.latest_stream_arn).context("there is no stream")?;
    let mapping = json!({
        "FunctionName": name,
        "EventSourceArn": stream,
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 100,
        "FilterCriteria": {"Filters": [{"Pattern": super::STREAM_FILTER}]},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BisectBatchOnFunctionError": true,
        "MaximumRetryAttempts": 10,
    });
    let made = call(&http, &format!("{endpoint}/2015-03-31/event-source-mappings"), mapping).await?;
    let id = made["UUID"].as_str().context("the mapping has no id")?;
    active(&http, &format!("{endpoint}/2015-03-31/event-source-mappings/{id}"), "Enabled").await
}

async fn call(http: &Client, address: &str, body: Value) -> anyhow::Result<Value> {
    let answer = http.post(address).json(&body).send().await?;
    let (status, body) = (answer.status(), answer.text().await?);
    ensure!(status.is_success(), "{address} answers {status}: {body}");
    Ok(serde_json::from_str(&body)?)
}

async fn active(http: &Client, address: &str, wanted: &str) -> anyhow::Result<()> {
    eventually(|| async move {
        let answer: Value = http.get(address).send().await?.error_for_status()?.json().await?;
        ensure!(answer["State"] == wanted, "{address} is {}", answer["State"]);
        Ok(())
    })
    .await
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("{command:?} cannot be started"))?;
    ensure!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
