//! The event source mapping: how AWS Lambda reads a DynamoDB stream and calls a function.
//!
//! No emulator that runs in process has one, so this is our own, written from the AWS Lambda Developer Guide
//! ("with-ddb", "services-ddb-params", "services-ddb-batchfailurereporting", "services-dynamodb-errors"). It reads
//! through the real SDK client, so it works against the embedded AWS, LocalStack and AWS alike.
//!
//! The rules are pure code (retries, filters, checkpoints, shard order) and tested as such; the rest is a reader for
//! each shard and a lane for each batch in flight.
//!
//! Not simulated: tumbling windows, function timeouts, throttled invocations, and the destination AWS calls "Kafka".

mod context;
mod destination;
mod error;
mod filter;
mod lane;
mod lineage;
mod policy;
mod record;
mod sequence;
mod settings;
mod shard;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::operation::describe_stream::DescribeStreamError;
use aws_sdk_dynamodbstreams::types::StreamStatus;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

pub use destination::{
    BatchInfo, Condition, Destination, InvocationRecord, OnFailure, RequestContext, ResponseContext,
};
pub use error::MappingError;
pub use filter::{Filter, FilterError};
pub use settings::{MappingSettings, StartingPosition};

use context::{Context, Handler, Memory, lock};
use shard::Position;

/// How often to look for shards that are still to come.
const DISCOVERY_INTERVAL: Duration = Duration::from_secs(1);

/// A mapping from a DynamoDB stream to a function in this process.
///
/// ```no_run
/// # async fn example(streams: aws_sdk_dynamodbstreams::Client, stream_arn: &str) -> Result<(), Box<dyn std::error::Error>> {
/// use aws_lambda_events::event::dynamodb::Event;
/// use aws_lambda_events::event::streams::DynamoDbEventResponse;
/// use local_aws::mapping::{EventSourceMapping, MappingSettings};
/// use tokio_util::sync::CancellationToken;
///
/// let settings = MappingSettings { report_batch_item_failures: true, ..MappingSettings::default() };
/// let mapping = EventSourceMapping::new(streams, stream_arn, settings);
/// let handler = |event: Event| async move {
///     println!("{} records", event.records.len());
///     Ok::<_, std::io::Error>(DynamoDbEventResponse::default())
/// };
/// mapping.run(handler, CancellationToken::new()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct EventSourceMapping {
    client: Client,
    stream_arn: String,
    settings: MappingSettings,
    memory: Arc<Mutex<Memory>>,
    running: tokio::sync::Mutex<()>,
}

impl EventSourceMapping {
    /// A mapping that has read nothing yet. Ages of records are measured on the client's time source.
    pub fn new(client: Client, stream_arn: impl Into<String>, settings: MappingSettings) -> Self {
        let (memory, running) = Default::default();
        Self { client, stream_arn: stream_arn.into(), settings, memory, running }
    }

    /// Calls the handler with the records of the stream until it is cancelled, or the stream is disabled and read to
    /// its end.
    ///
    /// When cancelled, it waits for calls in flight and starts no more. Dropping the future is the crash: calls in
    /// flight are dropped too. Either way the next `run` goes on at the checkpoint, so unfinished batches come again.
    /// (A mapping at LATEST that has seen no record begins at LATEST once more.) A second `run` waits for the first.
    ///
    /// # Errors
    ///
    /// [`MappingError`] for settings that AWS would refuse, and if the stream does not exist. Other failed reads are
    /// tried again for ever, with a warning.
    pub async fn run<H, F, E>(&self, handler: H, cancel: CancellationToken) -> Result<(), MappingError>
    where
        H: Fn(Event) -> F + Send + Sync + 'static,
        F: Future<Output = Result<DynamoDbEventResponse, E>> + Send + 'static,
        E: fmt::Display,
    {
        if let Some((setting, range)) = self.settings.first_invalid() {
            return Err(MappingError::InvalidSetting { setting, range });
        }
        let _only_one = self.running.lock().await;
        let handler = Arc::new(handler);
        let handler: Handler = Box::new(move |event| {
            let handler = handler.clone();
            // Called inside the future, so that a panic of the handler stays in the invocation's own task.
            Box::pin(async move { handler(event).await.map_err(|error| error.to_string()) })
        });
        {
            let mut memory = lock(&self.memory);
            memory.lineage.restart();
            memory.checkpoints.values_mut().for_each(sequence::Checkpoint::restart);
        }
        let context = Arc::new(Context {
            client: self.client.clone(),
            stream_arn: self.stream_arn.clone(),
            policy: self.settings.retry_policy(),
            settings: self.settings.clone(),
            handler,
            clock: self.client.config().time_source().unwrap_or_default(),
            cancel,
            memory: self.memory.clone(),
            discards: AtomicU64::new(0),
        });
        run_shards(context).await
    }

    /// The last sequence number of each shard up to which every record is processed, skipped or discarded.
    pub fn checkpoints(&self) -> BTreeMap<String, String> {
        let memory = lock(&self.memory);
        let positions = memory.checkpoints.iter();
        positions
            .filter_map(|(id, checkpoint)| Some((id.clone(), checkpoint.position()?.to_string())))
            .collect()
    }
}

/// Starts shards as they may be read, and looks for new ones when one ends.
async fn run_shards(context: Arc<Context>) -> Result<(), MappingError> {
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
