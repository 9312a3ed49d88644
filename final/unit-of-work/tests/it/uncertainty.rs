//! Lost answers, conflicts, throttling and server errors: the commit takes effect at most once, and its
//! result is never a guess.

use std::{collections::BTreeSet, error::Error as _, time::Duration};

use aws_sdk_dynamodb::Client;
use tokio::time::Instant;
use unit_of_work::{CommitError, DynamoDb, Update};

use crate::{
    bench::{Bench, Refused, insert, key, n, thing, things, work},
    wire::Fault,
};

pub(crate) const COMMIT: &str = "TransactWriteItems";

impl Bench {
    /// A commit that shows how often it was applied: an insert, and a count that grows.
    pub(crate) async fn count_up(&self, token: u128) -> Result<(), CommitError<Refused>> {
        let mut all = work(token);
        all.add(insert("new").or(Refused(0))).add(Update::new(&things(), key("counter")).add("Count", 1));
        self.commit(all).await
    }

    pub(crate) async fn counted(&self) -> Option<String> {
        Some(self.get(&things(), key("counter")).await?["Count"].as_n().unwrap().clone())
    }

    fn tokens(&self) -> BTreeSet<String> {
        let token =
            |body: &str| body.split(r#""ClientRequestToken":""#).nth(1).map(|rest| rest[..36].to_owned());
        self.wire.calls(COMMIT).iter().map(|call| token(&call.body).unwrap()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_whose_answer_was_lost_is_applied_once_and_succeeds() {
    for lost in [1, 2, 7] {
        let bench = Bench::new().await;
        bench.wire.inject(COMMIT, lost, Fault::AnswerLost);
        bench.count_up(1).await.unwrap();
        assert_eq!(bench.counted().await.as_deref(), Some("1"), "after {lost} lost answers");
        assert_eq!(bench.tokens().len(), 1, "every attempt has the same token");
        assert_eq!(
            bench.wire.count(COMMIT),
            lost + 1,
            "and every attempt is one call: the sdk adds none of its own"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_comes_ends_with_the_clients_time_out_and_is_asked_for_again() {
    let bench = Bench::new().await;
    bench.wire.inject(COMMIT, 1, Fault::Silence);
    let started = Instant::now();
    bench.count_up(1).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(30), "the attempt time-out of the test's client");
    assert_eq!(bench.counted().await.as_deref(), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn another_unit_of_work_has_another_token() {
    let bench = Bench::new().await;
    bench.count_up(1).await.unwrap();
    assert!(matches!(bench.count_up(2).await, Err(CommitError::Rejected(Refused(0)))));
    assert_eq!(bench.tokens().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_waited_out() {
    for fault in passing_faults() {
        let bench = Bench::new().await;
        bench.wire.inject(COMMIT, 3, fault);
        bench.count_up(1).await.unwrap();
        assert_eq!((bench.wire.count(COMMIT), bench.counted().await.as_deref()), (4, Some("1")));
    }
}

fn passing_faults() -> Vec<Fault> {
    vec![
        Fault::cancelled(&["None", "TransactionConflict"]),
        Fault::cancelled(&["ThrottlingError", "None"]),
        Fault::cancelled(&["None", "ProvisionedThroughputExceeded"]),
        Fault::code(400, "ThrottlingException"),
        Fault::code(400, "ProvisionedThroughputExceededException"),
        Fault::code(400, "RequestLimitExceeded"),
        Fault::code(400, "TransactionInProgressException"),
        Fault::code(500, "InternalServerError"),
        Fault::code(503, "ServiceUnavailable"),
        Fault::RequestLost,
    ]
}

#[tokio::test(start_paused = true)]
async fn contention_that_does_not_end_is_told_with_nothing_written() {
    let conflict = Fault::cancelled(&["None", "TransactionConflict"]);
    for (fault, expected) in
        [(conflict, "conflicts"), (Fault::code(400, "ThrottlingException"), "throttling")]
    {
        let bench = Bench::new().await;
        bench.wire.inject(COMMIT, usize::MAX, fault);
        let error = bench.count_up(1).await.unwrap_err();
        assert!(error.is_retryable());
        let CommitError::Contention { what, attempts } = error else { panic!("{error:?}") };
        assert_eq!((what, attempts as usize), (expected, bench.wire.count(COMMIT)));
        assert_eq!(bench.counted().await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_stays_unknown_is_told_as_such() {
    for fault in [Fault::AnswerLost, Fault::RequestLost, Fault::code(500, "InternalServerError")] {
        let bench = Bench::new().await;
        bench.wire.inject(COMMIT, usize::MAX, fault);
        let error = bench.count_up(1).await.unwrap_err();
        assert!(error.is_retryable());
        assert!(
            matches!(&error, CommitError::UnknownOutcome { attempts, .. } if *attempts as usize == bench.wire.count(COMMIT))
        );
        assert!(error.source().is_some());
    }
}

/// The first attempt was applied, and no later one gets through to hear so. "Nothing was written" would be a
/// lie.
#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_stays_unknown_whatever_keeps_later_attempts_away() {
    let later = [
        Fault::cancelled(&["None", "TransactionConflict"]),
        Fault::code(400, "ThrottlingException"),
        Fault::code(400, "AccessDeniedException"),
        Fault::code(400, "ExpiredTokenException"),
        Fault::code(400, "ResourceNotFoundException"),
    ];
    for fault in later {
        let bench = Bench::new().await;
        bench.wire.inject(COMMIT, 1, Fault::AnswerLost);
        bench.wire.inject(COMMIT, usize::MAX, fault);
        let error = bench.count_up(1).await.unwrap_err();
        assert!(matches!(error, CommitError::UnknownOutcome { .. }), "{error:?}");
        assert!(error.is_retryable());
        bench.wire.repair();
        assert_eq!(bench.counted().await.as_deref(), Some("1"));
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_request_the_condition_still_decides() {
    let bench = Bench::new().await;
    bench.count_up(1).await.unwrap();
    bench.wire.inject(COMMIT, 1, Fault::RequestLost);
    assert!(matches!(bench.count_up(2).await, Err(CommitError::Rejected(Refused(0)))));
}

#[tokio::test(start_paused = true)]
async fn a_failed_condition_outranks_the_conflict_beside_it() {
    let bench = Bench::new().await;
    bench.wire.inject(COMMIT, 1, Fault::cancelled(&["ConditionalCheckFailed", "TransactionConflict"]));
    assert!(matches!(bench.count_up(1).await, Err(CommitError::Rejected(Refused(0)))));
    assert_eq!(bench.wire.count(COMMIT), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_at_once_with_its_cause() {
    let refusals = [
        Fault::code(400, "AccessDeniedException"),
        Fault::code(400, "ValidationException"),
        Fault::code(400, "IdempotentParameterMismatchException"),
        Fault::cancelled(&["None", "ItemCollectionSizeLimitExceeded"]),
        Fault::cancelled(&["TransactionConflict", "ValidationError"]),
    ];
    for fault in refusals {
        let bench = Bench::new().await;
        bench.wire.inject(COMMIT, 1, fault);
        let error = bench.count_up(1).await.unwrap_err();
        assert!(matches!(error, CommitError::Refused(_)), "{error:?}");
        assert!(!error.is_retryable());
        assert!(error.source().is_some());
        assert_eq!(bench.wire.count(COMMIT), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_table_is_a_refusal_and_not_a_condition() {
    let bench = Bench::new().await;
    let nowhere = unit_of_work::Table::new("nowhere", "PK");
    let mut all = work(1);
    all.add(unit_of_work::Put::item(&nowhere, thing("x", 1)).unwrap().or(Refused(0)));
    assert!(matches!(bench.commit(all).await, Err(CommitError::Refused(_))));
}

/// Waiting costs no time of the machine, and the same token waits the same times in every run.
#[tokio::test(start_paused = true)]
async fn waits_are_on_tokios_clock_grow_and_depend_on_the_token_alone() {
    let conflict = || Fault::cancelled(&["None", "TransactionConflict"]);
    let waits = async |token| {
        let bench = Bench::new().await;
        bench.wire.inject(COMMIT, usize::MAX, conflict());
        bench.count_up(token).await.unwrap_err();
        let at: Vec<_> = bench.wire.calls(COMMIT).iter().map(|call| call.at).collect();
        at.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>()
    };
    let (one, again, other) = (waits(1).await, waits(1).await, waits(2).await);
    assert_eq!(one, again);
    assert_ne!(one, other);
    // The bound of the first wait, and of the longest.
    assert!(one[0] <= Duration::from_millis(26), "{one:?}");
    assert!(one.iter().max().unwrap() > &Duration::from_millis(100), "{one:?}");
}

/// DynamoDB may need more than 5 s to end a transaction that its coordinator left behind, and answers
/// `TransactionInProgress` at once in the meantime ("API Reference, TransactWriteItems").
#[tokio::test(start_paused = true)]
async fn the_attempts_last_longer_than_a_transaction_that_recovers() {
    for token in 0..40 {
        let bench = Bench::new().await;
        bench.wire.inject(COMMIT, usize::MAX, Fault::code(400, "TransactionInProgressException"));
        let started = Instant::now();
        bench.count_up(token).await.unwrap_err();
        let lasted = started.elapsed();
        assert!(lasted > Duration::from_secs(5), "{lasted:?}");
        assert!(lasted < Duration::from_secs(20), "{lasted:?}");
    }
}

/// What two processes do to one counter at the same time adds up.
#[tokio::test(start_paused = true)]
async fn two_commits_at_once_take_effect_one_after_the_other() {
    let bench = Bench::new().await;
    let other = DynamoDb::new(Client::new(&bench.wire.sdk_config()));
    let add = |token, amount| {
        let mut all = work(token);
        all.add(Update::new(&things(), key("counter")).add("Count", amount));
        all
    };
    let (one, two) = tokio::join!(bench.commit(add(1, 3)), add(2, 4).commit(&other));
    one.and(two).unwrap();
    assert_eq!(bench.get(&things(), key("counter")).await.unwrap()["Count"], n(7));
}
