//! A commit and a read end with the deadline of whoever asked for them, and what passes by itself is tried
//! again.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use local_aws::LocalAws;
use tokio::time::Instant;
use unit_of_work::{CommitError, Database as _, DynamoDb};
use waiting::Deadline;

use crate::{
    bench::{Bench, insert, key, things, work},
    uncertainty::COMMIT,
    wire::Fault,
};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_commit_that_gets_no_answer_ends_with_the_deadline_and_its_outcome_is_unknown() {
    let bench = Bench::new().await;
    bench.wire.inject(COMMIT, usize::MAX, Fault::Silence);
    let begun = Instant::now();
    let ended = Deadline::after(9 * SECOND).scope(bench.count_up(1)).await;
    assert!(matches!(ended, Err(CommitError::UnknownOutcome { .. })), "{ended:?}");
    assert_eq!(begun.elapsed().as_secs(), 9);
}

#[tokio::test(start_paused = true)]
async fn attempts_and_the_pauses_between_them_fit_into_the_deadline() {
    for (fault, seconds) in [
        (Fault::AnswerLost, 3),
        (Fault::code(500, "InternalServerError"), 3),
        (Fault::cancelled(&["None", "TransactionConflict"]), 1),
    ] {
        let bench = Bench::new().await;
        bench.wire.inject(COMMIT, usize::MAX, fault);
        let begun = Instant::now();
        let ended = Deadline::after(seconds * SECOND).scope(bench.count_up(1)).await;
        assert!(ended.unwrap_err().is_retryable());
        assert!(begun.elapsed() <= seconds * SECOND, "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_when_the_time_is_up_already() {
    let bench = Bench::new().await;
    let ended = Deadline::after(Duration::ZERO).scope(bench.count_up(1)).await;
    assert!(matches!(ended, Err(CommitError::Contention { attempts: 0, .. })), "{ended:?}");
    assert_eq!(bench.wire.count(COMMIT), 0);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_gets_no_answer_ends_with_the_deadline() {
    let bench = Bench::new().await;
    bench.wire.inject("GetItem", usize::MAX, Fault::Silence);
    let begun = Instant::now();
    let ended = Deadline::after(4 * SECOND).scope(bench.database.get(&things(), key("a"))).await;
    assert!(ended.unwrap_err().retryable);
    assert_eq!(begun.elapsed().as_secs(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_passes_by_itself_is_no_end() {
    for (status, code) in [
        (400, "ExpiredTokenException"),
        (400, "UnrecognizedClientException"),
        (429, "SlowDown"),
        (403, "RequestTimeTooSkewed"),
        (408, "RequestTimeout"),
    ] {
        let bench = Bench::new().await;
        bench.wire.inject(COMMIT, 2, Fault::code(status, code));
        bench.count_up(1).await.unwrap();
        assert_eq!(bench.counted().await.as_deref(), Some("1"), "{code}");
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_written_and_that_is_known() {
    let aws = LocalAws::start().await.unwrap();
    let config = aws.sdk_config().into_builder().endpoint_url("http://127.0.0.1:1").build();
    let database = DynamoDb::new(Client::new(&config));
    let mut all = work(1);
    all.add(insert("new"));
    let ended = Deadline::after(SECOND).scope(all.commit(&database)).await;
    assert!(matches!(ended, Err(CommitError::Contention { .. })), "{ended:?}");
}
