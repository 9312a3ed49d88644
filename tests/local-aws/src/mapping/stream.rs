//! Follows a stream from shard to shard: finds them, and reads each when its turn has come.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodbstreams::operation::describe_stream::DescribeStreamError;
use aws_sdk_dynamodbstreams::types::StreamStatus;
use tokio::task::{JoinError, JoinSet};

use super::context::{Context, lock};
use super::error::MappingError;
use super::settings::StartingPosition;
use super::shard::{self, Position};

/// How often to look for shards that are still to come.
const DISCOVERY_INTERVAL: Duration = Duration::from_secs(1);

/// Starts shards as they may be read, and looks for new ones when one ends.
pub(crate) async fn run(context: Arc<Context>) -> Result<(), MappingError> {
    let mut readers: JoinSet<Result<Option<String>, MappingError>> = JoinSet::new();
    let mut enabled = true;
    loop {
        if lock(&context.memory).lineage.expects_more() {
            let looked = context.cancel.run_until_cancelled(discover(&context)).await;
            let Some(still_enabled) = looked.transpose()? else { break };
            enabled = still_enabled;
        }
        let ready = lock(&context.memory).lineage.take_ready();
        for (shard_id, from_the_start) in ready {
            let start = start_of(&context, &shard_id, from_the_start);
            let context = context.clone();
            readers.spawn(async move {
                let ended = shard::run(context, shard_id.clone(), start).await?;
                Ok(ended.then_some(shard_id))
            });
        }
        if readers.is_empty() && !enabled {
            return Ok(());
        }
        tokio::select! {
            biased;
            Some(ended) = readers.join_next() => finish(&context, ended)?,
            () = context.cancel.cancelled() => break,
            () = tokio::time::sleep(DISCOVERY_INTERVAL), if lock(&context.memory).lineage.expects_more() => {}
        }
    }
    while let Some(ended) = readers.join_next().await {
        finish(&context, ended)?;
    }
    Ok(())
}

fn start_of(context: &Context, shard_id: &str, from_the_start: bool) -> Position {
    match context.checkpoint(shard_id, |checkpoint| checkpoint.position().cloned()) {
        Some(number) => Position::After(number),
        None if from_the_start => Position::Start(context.settings.starting_position),
        // It came after the mapping did, so all of it is new.
        None => Position::Start(StartingPosition::TrimHorizon),
    }
}

fn finish(
    context: &Context,
    ended: Result<Result<Option<String>, MappingError>, JoinError>,
) -> Result<(), MappingError> {
    match ended {
        Ok(read) => {
            if let Some(shard_id) = read? {
                lock(&context.memory).lineage.finished(&shard_id);
            }
        }
        Err(ended) => shard::panic_on(ended),
    }
    Ok(())
}

/// Learns the stream's shards. Returns whether the stream is still written to.
async fn discover(context: &Context) -> Result<bool, MappingError> {
    let mut shards = Vec::new();
    let mut page_after = None;
    loop {
        let call = context.client.describe_stream().stream_arn(&context.stream_arn);
        let page = match call.set_exclusive_start_shard_id(page_after).send().await {
            Ok(output) => output.stream_description,
            Err(error) => match error.into_service_error() {
                error @ DescribeStreamError::ResourceNotFoundException(_) => {
                    let stream_arn = context.stream_arn.clone();
                    return Err(MappingError::StreamNotFound { stream_arn, source: error.into() });
                }
                error => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "could not describe the stream");
                    return Ok(true);
                }
            },
        };
        let Some(page) = page else { return Ok(true) };
        shards.extend(page.shards().iter().filter_map(|shard| {
            Some((shard.shard_id()?.to_owned(), shard.parent_shard_id().map(str::to_owned)))
        }));
        if page.last_evaluated_shard_id.is_some() {
            page_after = page.last_evaluated_shard_id;
            continue;
        }
        let skip_past = context.settings.starting_position == StartingPosition::Latest;
        lock(&context.memory).lineage.learn(shards, skip_past);
        return Ok(page.stream_status != Some(StreamStatus::Disabled));
    }
}
