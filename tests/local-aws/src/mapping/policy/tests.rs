//! The rules about a failed batch, each on its own and then as properties over any batch.

use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use proptest::prelude::*;

use super::{Decision, RetryPolicy};
use crate::mapping::sequence::SequenceNumber;

const REPORT: RetryPolicy =
    RetryPolicy { report_batch_item_failures: true, bisect: false, maximum_retries: Some(2) };

fn numbers(len: usize) -> Vec<SequenceNumber> {
    (0..len).map(|index| SequenceNumber::new(&format!("{}", 100 + index))).collect()
}

fn failed(identifiers: &[&str]) -> DynamoDbEventResponse {
    let mut response = DynamoDbEventResponse::default();
    for identifier in identifiers {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some((*identifier).to_owned());
        response.batch_item_failures.push(failure);
    }
    response
}

fn first_failure(policy: RetryPolicy, answer: Option<&DynamoDbEventResponse>) -> Option<usize> {
    let numbers = numbers(5);
    policy.first_failure(&numbers.iter().collect::<Vec<_>>(), answer)
}

#[test]
fn an_error_fails_the_whole_batch() {
    assert_eq!(first_failure(REPORT, None), Some(0));
    assert_eq!(first_failure(RetryPolicy { report_batch_item_failures: false, ..REPORT }, None), Some(0));
}

#[test]
fn an_empty_list_is_success() {
    assert_eq!(first_failure(REPORT, Some(&failed(&[]))), None);
}

#[test]
fn the_lowest_number_counts() {
    assert_eq!(first_failure(REPORT, Some(&failed(&["104", "102", "103"]))), Some(2));
}

#[test]
fn an_unknown_or_empty_identifier_fails_the_whole_batch() {
    assert_eq!(first_failure(REPORT, Some(&failed(&["103", "999"]))), Some(0));
    assert_eq!(first_failure(REPORT, Some(&failed(&["103", ""]))), Some(0));
    let mut without = failed(&["103"]);
    without.batch_item_failures[0].item_identifier = None;
    assert_eq!(first_failure(REPORT, Some(&without)), Some(0));
}

#[test]
fn reports_are_ignored_unless_switched_on() {
    let ignoring = RetryPolicy { report_batch_item_failures: false, ..REPORT };
    assert_eq!(first_failure(ignoring, Some(&failed(&["103"]))), None);
}

#[test]
fn retries_run_out_and_the_rest_is_discarded() {
    assert_eq!(REPORT.decide(5, 0, Some(3)), Decision::Retry { from: 3, cut: None, failures: 1 });
    assert_eq!(REPORT.decide(2, 2, Some(1)), Decision::Discard { from: 1 });
}

#[test]
fn minus_one_never_discards() {
    let for_ever = RetryPolicy { maximum_retries: None, ..REPORT };
    assert_eq!(
        for_ever.decide(1, u32::MAX, Some(0)),
        Decision::Retry { from: 0, cut: None, failures: u32::MAX }
    );
}

#[test]
fn bisecting_spends_no_retry_until_one_record_is_left() {
    let bisect = RetryPolicy { bisect: true, maximum_retries: Some(0), ..REPORT };
    assert_eq!(bisect.decide(5, 0, Some(0)), Decision::Retry { from: 0, cut: Some(3), failures: 0 });
    assert_eq!(bisect.decide(5, 0, Some(2)), Decision::Retry { from: 2, cut: None, failures: 0 });
    assert_eq!(bisect.decide(1, 0, Some(0)), Decision::Discard { from: 0 });
}

/// Runs a batch to its end with a handler that fails on the given records; returns which were done, which
/// discarded and how often the handler was called.
fn run(policy: RetryPolicy, len: usize, poison: &[usize]) -> (Vec<usize>, Vec<usize>, usize) {
    let (mut done, mut discarded, mut calls) = (vec![], vec![], 0);
    let mut work = vec![((0..len).collect::<Vec<_>>(), 0)];
    while let Some((batch, failures)) = work.pop() {
        calls += 1;
        let all = numbers(len);
        let batch_numbers: Vec<&SequenceNumber> = batch.iter().map(|record| &all[*record]).collect();
        let failed: Vec<&str> = poison
            .iter()
            .filter(|record| batch.contains(record))
            .map(|record| all[*record].as_str())
            .collect();
        let answer = self::failed(&failed);
        let answer = (policy.report_batch_item_failures || failed.is_empty()).then_some(&answer);
        match policy.decide(batch.len(), failures, policy.first_failure(&batch_numbers, answer)) {
            Decision::Checkpoint => done.extend(batch),
            Decision::Discard { from } => {
                done.extend(&batch[..from]);
                discarded.extend(&batch[from..]);
            }
            Decision::Retry { from, cut, failures } => {
                done.extend(&batch[..from]);
                let cut = cut.unwrap_or(batch.len());
                for part in [&batch[cut..], &batch[from..cut]] {
                    if !part.is_empty() {
                        work.push((part.to_vec(), failures));
                    }
                }
            }
        }
    }
    (done, discarded, calls)
}

proptest! {
    #[test]
    fn every_record_is_done_or_discarded_once_and_in_order(
        report: bool, bisect: bool, retries in 0..4_u32, len in 1..12_usize, poison in prop::collection::vec(0..12_usize, 0..4),
    ) {
        let policy = RetryPolicy { report_batch_item_failures: report, bisect, maximum_retries: Some(retries) };
        let (done, discarded, calls) = run(policy, len, &poison);
        let mut all: Vec<usize> = done.iter().chain(&discarded).copied().collect();
        prop_assert!(done.is_sorted() && discarded.is_sorted());
        all.sort_unstable();
        prop_assert_eq!(all, (0..len).collect::<Vec<_>>());
        let poisoned = poison.iter().any(|record| *record < len);
        prop_assert_eq!(discarded.is_empty(), !poisoned);
        // Bisecting costs at most two calls for each record, and each record its own retries.
        prop_assert!(calls <= 2 * len + len * (retries as usize + 1));
    }

    #[test]
    fn bisecting_discards_the_poisoned_records_and_no_others(
        report: bool, retries in 0..3_u32, len in 1..12_usize, poison in prop::collection::btree_set(0..12_usize, 1..4),
    ) {
        let policy = RetryPolicy { report_batch_item_failures: report, bisect: true, maximum_retries: Some(retries) };
        let poison: Vec<usize> = poison.into_iter().filter(|record| *record < len).collect();
        let (_, discarded, _) = run(policy, len, &poison);
        prop_assert_eq!(discarded, poison);
    }
}
