//! Reads one shard from its checkpoint to its end and deals its records out to the lanes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodbstreams::error::SdkError;
use aws_sdk_dynamodbstreams::operation::get_records::{GetRecordsError, GetRecordsOutput};
use aws_sdk_dynamodbstreams::operation::get_shard_iterator::GetShardIteratorError;
use aws_sdk_dynamodbstreams::types::ShardIteratorType;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::{JoinError, JoinSet};

use super::context::Context;
use super::error::MappingError;
use super::lane::Lane;
use super::record::StreamRecord;
use super::sequence::SequenceNumber;
use super::settings::StartingPosition;

/// How long to wait after a read that failed although the SDK has tried it three times.
const READ_RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Where to read on.
#[derive(Clone, Debug)]
pub(crate) enum Position {
    Start(StartingPosition),
    After(SequenceNumber),
}

/// What one read of the stream led to.
enum Read {
    Page(GetRecordsOutput),
    /// The iterator is no good any more: take another at the position.
    NewIterator,
    Cancelled,
}

/// Reads the shard to its end and waits until all its records are done. Returns false if cancelled before.
pub(crate) async fn run(
    context: Arc<Context>,
    shard_id: String,
    start: Position,
) -> Result<bool, MappingError> {
    let mut lanes = JoinSet::new();
    let mut inboxes = Vec::new();
    for _ in 0..context.settings.parallelization_factor {
        let (sender, inbox) = unbounded_channel();
        let lane =
            Lane { context: context.clone(), shard_id: shard_id.clone(), inbox, buffer: VecDeque::new() };
        lanes.spawn(lane.run());
        inboxes.push(sender);
    }
    let reader = Reader { context: context.clone(), shard_id, position: start };
    tokio::select! {
        read = reader.run(&inboxes) => read?,
        // A lane ends before its reader when cancelled, or because the destination panicked.
        Some(Err(ended)) = lanes.join_next() => panic_on(ended),
    }
    drop(inboxes);
    while let Some(lane) = lanes.join_next().await {
        lane.unwrap_or_else(panic_on);
    }
    Ok(!context.cancel.is_cancelled())
}

/// Takes over the panic of a task. (No task here is aborted while somebody waits for it.)
pub(crate) fn panic_on(ended: JoinError) {
    if let Ok(panic) = ended.try_into_panic() {
        std::panic::resume_unwind(panic);
    }
}

struct Reader {
    context: Arc<Context>,
    shard_id: String,
    position: Position,
}

impl Reader {
    async fn run(mut self, lanes: &[UnboundedSender<Vec<StreamRecord>>]) -> Result<(), MappingError> {
        while let Some(mut iterator) = self.iterator().await? {
            loop {
                let page = match self.read(&iterator).await? {
                    Read::Page(page) => page,
                    Read::NewIterator => break,
                    Read::Cancelled => return Ok(()),
                };
                let was_empty = page.records().is_empty();
                self.deal_out(&page, lanes)?;
                let Some(next) = page.next_shard_iterator else { return Ok(()) };
                iterator = next;
                if was_empty && !self.pause(self.context.settings.poll_interval).await {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Sends each lane its records of the page at once, so that a batch does not depend on how tasks are
    /// scheduled.
    fn deal_out(
        &mut self,
        page: &GetRecordsOutput,
        lanes: &[UnboundedSender<Vec<StreamRecord>>],
    ) -> Result<(), MappingError> {
        let filters = &self.context.settings.filter_criteria;
        let mut shares = vec![Vec::new(); lanes.len()];
        for record in page.records() {
            let record =
                StreamRecord::from_sdk(record, &self.context.stream_arn).map_err(MappingError::Record)?;
            self.position = Position::After(record.number.clone());
            self.context.checkpoint(&self.shard_id, |checkpoint| checkpoint.opened(record.number.clone()));
            if filters.is_empty() || filters.iter().any(|filter| filter.matches(&record.json)) {
                shares[record.lane(lanes.len())].push(record);
            } else {
                self.context.done(&self.shard_id, std::slice::from_ref(&record));
            }
        }
        for (lane, share) in lanes.iter().zip(shares).filter(|(_, share)| !share.is_empty()) {
            // A lane ends before its reader only when the mapping is cancelled; what it did not do is read
            // again.
            lane.send(share).ok();
        }
        Ok(())
    }

    /// An iterator at the position; `None` if cancelled.
    async fn iterator(&mut self) -> Result<Option<String>, MappingError> {
        loop {
            let (kind, number) = match &self.position {
                Position::Start(StartingPosition::TrimHorizon) => (ShardIteratorType::TrimHorizon, None),
                Position::Start(StartingPosition::Latest) => (ShardIteratorType::Latest, None),
                Position::After(number) => (ShardIteratorType::AfterSequenceNumber, Some(number.to_string())),
            };
            let call = self
                .context
                .client
                .get_shard_iterator()
                .stream_arn(&self.context.stream_arn)
                .shard_id(&self.shard_id)
                .shard_iterator_type(kind)
                .set_sequence_number(number)
                .send();
            let Some(answer) = self.context.cancel.run_until_cancelled(call).await else { return Ok(None) };
            match answer.map_err(SdkError::into_service_error) {
                Ok(output) => return Ok(output.shard_iterator),
                Err(GetShardIteratorError::TrimmedDataAccessException(_)) => self.continue_at_horizon(),
                Err(error @ GetShardIteratorError::ResourceNotFoundException(_)) => {
                    return Err(self.gone(error));
                }
                Err(error) => {
                    self.warn(&error);
                    if !self.pause(READ_RETRY_PAUSE).await {
                        return Ok(None);
                    }
                }
            }
        }
    }

    async fn read(&mut self, iterator: &str) -> Result<Read, MappingError> {
        loop {
            let call = self.context.client.get_records().shard_iterator(iterator).send();
            let Some(answer) = self.context.cancel.run_until_cancelled(call).await else {
                return Ok(Read::Cancelled);
            };
            match answer.map_err(SdkError::into_service_error) {
                Ok(page) => return Ok(Read::Page(page)),
                // An iterator lives for 15 minutes.
                Err(GetRecordsError::ExpiredIteratorException(_)) => return Ok(Read::NewIterator),
                Err(GetRecordsError::TrimmedDataAccessException(_)) => {
                    self.continue_at_horizon();
                    return Ok(Read::NewIterator);
                }
                Err(error @ GetRecordsError::ResourceNotFoundException(_)) => return Err(self.gone(error)),
                Err(error) => {
                    self.warn(&error);
                    if !self.pause(READ_RETRY_PAUSE).await {
                        return Ok(Read::Cancelled);
                    }
                }
            }
        }
    }

    fn continue_at_horizon(&mut self) {
        tracing::error!(
            shard_id = self.shard_id,
            position = ?self.position,
            "records left the stream before they were read: compare the table with what its consumers know"
        );
        self.position = Position::Start(StartingPosition::TrimHorizon);
    }

    fn warn(&self, error: &(dyn std::error::Error + 'static)) {
        tracing::warn!(shard_id = self.shard_id, error, "could not read the stream; trying again");
    }

    fn gone(&self, error: impl Into<aws_sdk_dynamodbstreams::error::BoxError>) -> MappingError {
        MappingError::StreamNotFound { stream_arn: self.context.stream_arn.clone(), source: error.into() }
    }

    /// Returns false if cancelled meanwhile.
    async fn pause(&self, pause: Duration) -> bool {
        self.context.cancel.run_until_cancelled(tokio::time::sleep(pause)).await.is_some()
    }
}
