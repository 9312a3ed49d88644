//! The settings of an event source mapping, under AWS's names and with AWS's defaults.

use std::time::Duration;

use super::destination::OnFailure;
use super::filter::Filter;
use super::policy::RetryPolicy;

/// Where a mapping begins to read a stream it has not read before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartingPosition {
    /// The oldest record that is still there; the stream keeps records for 24 hours.
    TrimHorizon,
    /// Records written from now on. What is written before the mapping's first poll is never seen.
    Latest,
}

/// The settings of an event source mapping for a DynamoDB stream.
///
/// Defaults and ranges are from the AWS Lambda Developer Guide, "services-ddb-params"; the rules from
/// "with-ddb" and "services-dynamodb-errors" there.
#[derive(Clone, Debug)]
pub struct MappingSettings {
    /// Where to begin. AWS has no default; this is [`StartingPosition::TrimHorizon`], which loses nothing.
    pub starting_position: StartingPosition,
    /// The most records in one invocation, 1 to 10,000. Default 100. A batch is also cut before its event
    /// passes 6 MB.
    pub batch_size: usize,
    /// How long to gather records for a batch that is not full, 0 to 300 seconds. Default 0: whatever is
    /// there.
    pub maximum_batching_window_seconds: u32,
    /// A record passes if any filter matches it, or if there are none (the default). Others are checkpointed
    /// unseen. AWS allows 5 filters, and 10 on request.
    pub filter_criteria: Vec<Filter>,
    /// How many batches of one shard may be in flight, 1 to 10. Default 1. Records of one item stay in order.
    pub parallelization_factor: usize,
    /// Whether `batchItemFailures` in the answer count (`ReportBatchItemFailures`). Default false: they are
    /// ignored, and only an error of the function fails the batch.
    pub report_batch_item_failures: bool,
    /// Whether a failed batch is split in two before it is tried again. Default false. Splitting uses up no
    /// retry.
    pub bisect_batch_on_function_error: bool,
    /// How often a failed batch is tried again before its records are discarded, 0 to 10,000; -1, the
    /// default, is until they expire.
    pub maximum_retry_attempts: i32,
    /// The age in seconds at which a record is discarded, 60 to 604,800; -1, the default, is never. The
    /// stream itself forgets records after 24 hours whatever is set here.
    pub maximum_record_age_seconds: i32,
    /// How long to wait after a read that brought nothing. No setting of AWS: Lambda polls a shard four times
    /// a second, and so does this by default. A test that lets hours of virtual time pass may poll less
    /// often.
    pub poll_interval: Duration,
    /// Who is told about discarded records. Default nobody.
    pub on_failure: Option<OnFailure>,
}

impl Default for MappingSettings {
    fn default() -> Self {
        Self {
            starting_position: StartingPosition::TrimHorizon,
            batch_size: 100,
            maximum_batching_window_seconds: 0,
            filter_criteria: Vec::new(),
            parallelization_factor: 1,
            report_batch_item_failures: false,
            bisect_batch_on_function_error: false,
            maximum_retry_attempts: -1,
            maximum_record_age_seconds: -1,
            poll_interval: Duration::from_millis(250),
            on_failure: None,
        }
    }
}

/// DynamoDB Streams keeps records for 24 hours.
const RETENTION_SECONDS: u64 = 24 * 60 * 60;

impl MappingSettings {
    /// The name and range of the first setting that AWS would refuse.
    pub(crate) fn first_invalid(&self) -> Option<(&'static str, &'static str)> {
        let age = self.maximum_record_age_seconds;
        let checks = [
            ("batch_size", "1 to 10000", (1..=10_000).contains(&self.batch_size)),
            ("maximum_batching_window_seconds", "0 to 300", self.maximum_batching_window_seconds <= 300),
            ("filter_criteria", "at most 10 filters", self.filter_criteria.len() <= 10),
            ("parallelization_factor", "1 to 10", (1..=10).contains(&self.parallelization_factor)),
            ("maximum_retry_attempts", "-1 to 10000", (-1..=10_000).contains(&self.maximum_retry_attempts)),
            ("maximum_record_age_seconds", "-1 or 60 to 604800", age == -1 || (60..=604_800).contains(&age)),
        ];
        checks.iter().find(|(_, _, valid)| !valid).map(|(name, range, _)| (*name, *range))
    }

    pub(crate) fn retry_policy(&self) -> RetryPolicy {
        RetryPolicy {
            report_batch_item_failures: self.report_batch_item_failures,
            bisect: self.bisect_batch_on_function_error,
            maximum_retries: self.maximum_retry_attempts.try_into().ok(),
        }
    }

    /// The age in seconds beyond which a record is gone.
    pub(crate) fn oldest_record_seconds(&self) -> u64 {
        self.maximum_record_age_seconds
            .try_into()
            .map_or(RETENTION_SECONDS, |age: u64| age.min(RETENTION_SECONDS))
    }
}
