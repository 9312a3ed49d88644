//! What the readers and lanes of one run share.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use aws_sdk_dynamodbstreams::Client;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use tokio_util::sync::CancellationToken;

use super::destination::{BatchInfo, Condition, InvocationRecord, RequestContext, ResponseContext};
use super::lineage::Lineage;
use super::policy::RetryPolicy;
use super::record::{StreamRecord, event_json};
use super::sequence::Checkpoint;
use super::settings::MappingSettings;
use crate::sdk::{ACCOUNT_ID, REGION};

type Answer = Pin<Box<dyn Future<Output = Result<DynamoDbEventResponse, String>> + Send>>;

/// The function, with its error turned into text.
pub(crate) type Handler = Box<dyn Fn(Event) -> Answer + Send + Sync>;

/// What a mapping remembers from one run to the next.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) lineage: Lineage,
    pub(crate) checkpoints: BTreeMap<String, Checkpoint>,
}

pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) stream_arn: String,
    pub(crate) settings: MappingSettings,
    pub(crate) policy: RetryPolicy,
    pub(crate) handler: Handler,
    pub(crate) cancel: CancellationToken,
    pub(crate) clock: SharedTimeSource,
    pub(crate) memory: Arc<Mutex<Memory>>,
    pub(crate) discards: AtomicU64,
}

/// Records that go to the function together.
pub(crate) struct Batch {
    pub(crate) records: Vec<StreamRecord>,
    /// Retries used up so far.
    pub(crate) failures: u32,
    pub(crate) invocations: u32,
    /// Whether the last invocation ended in an error, and not in an answer.
    pub(crate) errored: bool,
}

/// A panic elsewhere cannot leave the memory half changed, so a poisoned lock is as good as any.
pub(crate) fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Context {
    /// Changes the checkpoint of a shard.
    pub(crate) fn checkpoint<T>(&self, shard_id: &str, change: impl FnOnce(&mut Checkpoint) -> T) -> T {
        change(lock(&self.memory).checkpoints.entry(shard_id.to_owned()).or_default())
    }

    /// The records need no more work.
    pub(crate) fn done(&self, shard_id: &str, records: &[StreamRecord]) {
        self.checkpoint(shard_id, |checkpoint| {
            records.iter().for_each(|record| checkpoint.done(&record.number));
        });
    }

    pub(crate) fn is_expired(&self, record: &StreamRecord) -> bool {
        let oldest = Duration::from_secs(self.settings.oldest_record_seconds());
        self.clock.now().duration_since(record.created).is_ok_and(|age| age > oldest)
    }

    /// Gives up on a batch: the destination is told, and the checkpoint moves past it.
    pub(crate) async fn discard(&self, shard_id: &str, batch: &Batch, condition: Condition) {
        let (Some(first), Some(last)) = (batch.records.first(), batch.records.last()) else { return };
        tracing::error!(
            shard_id,
            ?condition,
            from = %first.number,
            to = %last.number,
            "records discarded: read them again from the table, or from the stream within 24 hours"
        );
        if let Some(on_failure) = &self.settings.on_failure {
            let record = self.invocation_record(shard_id, batch, (first, last), condition);
            on_failure.send(record, || event_json(&batch.records)).await;
        }
        self.done(shard_id, &batch.records);
    }

    fn invocation_record(
        &self,
        shard_id: &str,
        batch: &Batch,
        (first, last): (&StreamRecord, &StreamRecord),
        condition: Condition,
    ) -> InvocationRecord {
        let number = self.discards.fetch_add(1, Ordering::Relaxed) + 1;
        InvocationRecord {
            request_context: RequestContext {
                request_id: format!("00000000-0000-4000-8000-{number:012}"),
                function_arn: format!("arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:local-mapping"),
                condition,
                approximate_invoke_count: batch.invocations,
            },
            response_context: (batch.invocations > 0).then(|| ResponseContext {
                status_code: 200,
                executed_version: "$LATEST".to_owned(),
                function_error: batch.errored.then(|| "Unhandled".to_owned()),
            }),
            version: "1.0".to_owned(),
            timestamp: rfc3339(self.clock.now()),
            batch: BatchInfo {
                shard_id: shard_id.to_owned(),
                start_sequence_number: first.number.to_string(),
                end_sequence_number: last.number.to_string(),
                approximate_arrival_of_first_record: rfc3339(first.created),
                approximate_arrival_of_last_record: rfc3339(last.created),
                batch_size: batch.records.len(),
                stream_arn: self.stream_arn.clone(),
            },
            payload: None,
        }
    }
}

/// Empty for a year beyond 9999, which no clock here shows.
fn rfc3339(at: SystemTime) -> String {
    DateTime::from(at).fmt(Format::DateTime).unwrap_or_default()
}
