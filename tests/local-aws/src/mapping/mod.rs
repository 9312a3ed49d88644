//! The event source mapping: how AWS Lambda reads a DynamoDB stream ([`EventSourceMapping`]) or receives from
//! an SQS queue ([`QueueMapping`]), and calls a function.
//!
//! No emulator that runs in process has one, so this is our own, written from the AWS Lambda Developer Guide
//! ("with-ddb", "services-ddb-params", "services-ddb-batchfailurereporting", "services-dynamodb-errors"). It
//! reads through the real SDK client, so it works against the embedded AWS, LocalStack and AWS alike.
//!
//! The rules are pure code (retries, filters, checkpoints, shard order) and tested as such; the rest is a
//! reader for each shard and a lane for each batch in flight.
//!
//! Not simulated: tumbling windows, function timeouts, throttled invocations, and the destination AWS calls
//! "Kafka".

mod context;
mod destination;
mod error;
mod filter;
mod lane;
mod lineage;
mod policy;
mod queue;
mod queue_record;
mod queue_rules;
mod queue_settings;
mod record;
mod sequence;
mod settings;
mod shard;
mod stream;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use aws_sdk_dynamodbstreams::Client;
use tokio_util::sync::CancellationToken;

pub use destination::{
    BatchInfo, Condition, Destination, InvocationRecord, OnFailure, RequestContext, ResponseContext,
};
pub use error::MappingError;
pub use filter::{Filter, FilterError};
pub use queue::QueueMapping;
pub use queue_settings::QueueSettings;
pub use settings::{MappingSettings, StartingPosition};

use context::{Context, Handler, Memory, lock};

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

    /// Calls the handler with the records of the stream until it is cancelled, or the stream is disabled and
    /// read to its end.
    ///
    /// When cancelled, it waits for calls in flight and starts no more. Dropping the future is the crash:
    /// calls in flight are dropped too. Either way the next `run` goes on at the checkpoint, so unfinished
    /// batches come again. (A mapping at LATEST that has seen no record begins at LATEST once more.) A second
    /// `run` waits for the first.
    ///
    /// # Errors
    ///
    /// [`MappingError`] for settings that AWS would refuse, and if the stream does not exist. Other failed
    /// reads are tried again for ever, with a warning.
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
        stream::run(context).await
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
