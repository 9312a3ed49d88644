//! What happens to a batch after its invocation: pure rules, no input or output.
//!
//! From the AWS Lambda Developer Guide, "with-ddb" (partial batch responses) and "services-dynamodb-errors".
//! Two points the guide leaves open are settled here as strictly as its words allow: a checkpoint that moves
//! forward does not give the rest of the batch new retries, and a batch bisected into halves passes on the
//! retries it had left.

use aws_lambda_events::event::streams::DynamoDbEventResponse;

use super::sequence::SequenceNumber;

/// The part of the settings that decides about a failed batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPolicy {
    pub(crate) report_batch_item_failures: bool,
    pub(crate) bisect: bool,
    /// `None` is for ever.
    pub(crate) maximum_retries: Option<u32>,
}

/// What to do next. `from` is an index into the batch: the records before it are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// All records are done.
    Checkpoint,
    /// Call again with the records from `from` on: in one batch, or in two that are cut at index `cut`.
    Retry { from: usize, cut: Option<usize>, failures: u32 },
    /// Give up on the records from `from` on.
    Discard { from: usize },
}

impl RetryPolicy {
    /// The index of the first record that has to be processed again, or `None` if the whole batch succeeded.
    /// `answer` is `None` when the function returned an error.
    pub(crate) fn first_failure(
        &self,
        batch: &[&SequenceNumber],
        answer: Option<&DynamoDbEventResponse>,
    ) -> Option<usize> {
        let Some(answer) = answer else { return Some(0) };
        if !self.report_batch_item_failures || answer.batch_item_failures.is_empty() {
            return None;
        }
        let positions = answer.batch_item_failures.iter().map(|failure| {
            let identifier = failure.item_identifier.as_deref()?;
            batch.iter().position(|number| number.as_str() == identifier)
        });
        // One identifier that is missing, empty or unknown makes the whole batch fail.
        let known: Option<Vec<usize>> = positions.collect();
        Some(known.and_then(|known| known.into_iter().min()).unwrap_or(0))
    }

    /// Decides about a batch of `len` records that has used up `failures` retries so far.
    pub(crate) fn decide(&self, len: usize, failures: u32, first_failure: Option<usize>) -> Decision {
        let Some(from) = first_failure else { return Decision::Checkpoint };
        if self.bisect && from > 0 {
            // The batch is cut at the number that was reported, and the part before it has succeeded.
            return Decision::Retry { from, cut: None, failures };
        }
        if self.bisect && len > 1 {
            return Decision::Retry { from, cut: Some(len.div_ceil(2)), failures };
        }
        if self.maximum_retries.is_some_and(|most| failures >= most) {
            return Decision::Discard { from };
        }
        Decision::Retry { from, cut: None, failures: failures.saturating_add(1) }
    }
}

#[cfg(test)]
mod tests;
