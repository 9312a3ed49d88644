//! What a mapping of a queue does after an invocation: pure rules, no input or output.
//!
//! From the AWS Lambda Developer Guide, "services-sqs-errorhandling" (partial batch responses) and
//! "services-sqs-scaling". The guide says that Lambda starts with five batches in flight, adds up to sixty a
//! minute while there are messages, and takes away when the function fails or the queue runs dry; by how much
//! it takes away it does not say, and here that is one at a time.

use serde_json::Value;

/// With how many batches in flight Lambda starts.
const AT_FIRST: usize = 5;

/// More than so many batches are never in flight.
const MOST: usize = 1_000;

/// Which messages of a batch are deleted. `answer` is `None` when the function returned an error: then none
/// is.
///
/// No answer, and one that names no failures, count as complete success; one that names a failure without an
/// id, with an empty one or with one of no message in the batch counts as complete failure.
pub(crate) fn done_with<'a>(
    batch: &[&'a str],
    answer: Option<&Value>,
    report_batch_item_failures: bool,
) -> Vec<&'a str> {
    let Some(answer) = answer else { return Vec::new() };
    let failures = answer["batchItemFailures"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !report_batch_item_failures || failures.is_empty() {
        return batch.to_vec();
    }
    let failed = failures.iter().map(|failure| failure["itemIdentifier"].as_str());
    match failed.collect::<Option<Vec<_>>>() {
        Some(failed) if failed.iter().all(|id| batch.contains(id)) => {
            batch.iter().copied().filter(|id| !failed.contains(id)).collect()
        }
        _ => Vec::new(),
    }
}

/// How many batches may be in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Concurrency {
    allowed: usize,
    most: usize,
}

impl Concurrency {
    pub(crate) fn new(maximum: Option<usize>) -> Self {
        let most = maximum.unwrap_or(MOST);
        Self { allowed: AT_FIRST.min(most), most }
    }

    pub(crate) fn allowed(&self) -> usize {
        self.allowed
    }

    pub(crate) fn succeeded(&mut self) {
        self.allowed = (self.allowed + 1).min(self.most);
    }

    pub(crate) fn failed(&mut self) {
        self.allowed = (self.allowed - 1).max(1);
    }

    /// Back to where it began.
    pub(crate) fn found_nothing(&mut self) {
        if self.allowed > AT_FIRST {
            self.allowed -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BATCH: [&str; 3] = ["1", "2", "3"];

    fn naming(failed: &[&str]) -> Value {
        let failures: Vec<_> = failed.iter().map(|id| json!({ "itemIdentifier": id })).collect();
        json!({ "batchItemFailures": failures })
    }

    #[test]
    fn what_is_not_named_is_deleted() {
        assert_eq!(done_with(&BATCH, Some(&naming(&["2"])), true), ["1", "3"]);
        for nothing in [naming(&[]), json!({}), Value::Null, json!({"batchItemFailures": null})] {
            assert_eq!(done_with(&BATCH, Some(&nothing), true), BATCH, "{nothing}");
        }
        assert!(done_with(&BATCH, Some(&naming(&["1", "2", "3"])), true).is_empty());
    }

    #[test]
    fn without_the_setting_nobody_reads_which_failed() {
        assert_eq!(done_with(&BATCH, Some(&naming(&["2"])), false), BATCH);
    }

    #[test]
    fn an_error_and_a_name_that_means_nothing_fail_the_whole_batch() {
        assert!(done_with(&BATCH, None, true).is_empty());
        for odd in ["", "4"] {
            assert!(done_with(&BATCH, Some(&naming(&["2", odd])), true).is_empty(), "{odd:?}");
        }
        for odd in [json!({}), json!({"itemIdentifier": null}), json!({"messageId": "2"}), json!("2")] {
            let answer = json!({ "batchItemFailures": [odd] });
            assert!(done_with(&BATCH, Some(&answer), true).is_empty(), "{answer}");
        }
    }

    #[test]
    fn batches_in_flight_follow_the_work_within_their_bounds() {
        let mut of = Concurrency::new(Some(7));
        assert_eq!(of.allowed(), 5);
        (0..9).for_each(|_| of.succeeded());
        assert_eq!(of.allowed(), 7);
        (0..9).for_each(|_| of.found_nothing());
        assert_eq!(of.allowed(), 5);
        (0..9).for_each(|_| of.failed());
        assert_eq!(of.allowed(), 1);
        assert_eq!(Concurrency::new(Some(2)).allowed(), 2);
    }
}
