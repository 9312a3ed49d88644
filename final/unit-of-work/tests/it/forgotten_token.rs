//! An answer that is lost for longer than DynamoDB remembers a token: what lies in the tables tells whether
//! the commit took effect.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_smithy_runtime_api::client::result::ConnectorError;
use unit_of_work::{CommitError, Condition, Put, Update};

use crate::{
    bench::{Bench, Refused, key, text, thing, things, work},
    uncertainty::COMMIT,
    wire::Fault,
};

/// The process is frozen for longer than DynamoDB remembers a token: AWS carries the request out or not, and
/// nobody hears of it in time.
fn frozen(carried_out: bool) -> Fault {
    Fault::instead(move |aws, request| async move {
        if carried_out {
            aws.call(request).await?;
        }
        tokio::time::advance(Duration::from_secs(11 * 60)).await;
        Err(ConnectorError::io("the connection broke".into()))
    })
}

#[tokio::test(start_paused = true)]
async fn a_token_that_dynamodb_forgot_is_not_sent_again_and_the_commit_is_found_by_its_rows() {
    let bench = Bench::new().await;
    bench.wire.inject(COMMIT, 1, frozen(true));
    bench.count_up(1).await.unwrap();
    assert_eq!((bench.wire.count(COMMIT), bench.counted().await.as_deref()), (1, Some("1")));
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_marked_the_row_meanwhile_hides_nothing() {
    let bench = Bench::new().await;
    let mark = |aws: local_aws::InMemoryAws, request| async move {
        aws.call(request).await?;
        let update = Client::new(&aws.sdk_config()).update_item().table_name("things");
        let update = update.set_key(Some(key("new"))).update_expression("SET Parked = :why");
        update.expression_attribute_values(":why", text("why")).send().await.unwrap();
        tokio::time::advance(Duration::from_secs(11 * 60)).await;
        Err(ConnectorError::io("the connection broke".into()))
    };
    bench.wire.inject(COMMIT, 1, Fault::instead(mark));
    let mut all = work(1);
    all.add(Put::item(&things(), thing("new", 1)).unwrap().when(Condition::not_exists("PK")).or(Refused(0)));
    bench.commit(all).await.unwrap();
    assert_eq!(bench.wire.count(COMMIT), 1);
}

#[tokio::test(start_paused = true)]
async fn a_commit_of_which_no_row_is_found_after_that_time_is_told_as_not_written() {
    let bench = Bench::new().await;
    bench.wire.inject(COMMIT, 1, frozen(false));
    let error = bench.count_up(1).await.unwrap_err();
    assert!(matches!(error, CommitError::Contention { what: "no answer", attempts: 1 }), "{error:?}");
    assert!(error.is_retryable());
    assert_eq!((bench.wire.count(COMMIT), bench.counted().await), (1, None));
}

/// Sending it again would count twice: the embedded DynamoDB has forgotten the token, too.
#[tokio::test(start_paused = true)]
async fn a_commit_that_inserts_nothing_is_not_written_twice_either() {
    let bench = Bench::new().await;
    bench.wire.inject(COMMIT, 1, frozen(true));
    let mut all = work(1);
    all.add(Update::new(&things(), key("counter")).add("Count", 1));
    let error = bench.commit(all).await.unwrap_err();
    assert!(matches!(error, CommitError::UnknownOutcome { .. }), "{error:?}");
    assert_eq!((bench.wire.count(COMMIT), bench.counted().await.as_deref()), (1, Some("1")));
}

/// Puts these, the first of which others may take away, while the process is frozen; and this one is taken
/// away meanwhile, or never was.
async fn with_an_item_of_others(names: &[&str], carried_out: bool) -> Result<(), CommitError<Refused>> {
    let bench = Bench::new().await;
    let taken = move |aws: local_aws::InMemoryAws, request| async move {
        if carried_out {
            aws.call(request).await?;
        }
        let delete = Client::new(&aws.sdk_config()).delete_item().table_name("things");
        delete.set_key(Some(key("row"))).send().await.unwrap();
        tokio::time::advance(Duration::from_secs(11 * 60)).await;
        Err(ConnectorError::io("the connection broke".into()))
    };
    bench.wire.inject(COMMIT, 1, Fault::instead(taken));
    let mut all = work(1);
    for (index, name) in names.iter().enumerate() {
        let put = Put::item(&things(), thing(name, 1)).unwrap().when(Condition::not_exists("PK"));
        all.add(if index == 0 { put.taken_by_others() } else { put });
    }
    bench.commit(all).await
}

#[tokio::test(start_paused = true)]
async fn a_row_that_a_relay_has_sent_and_deleted_proves_nothing() {
    let unknown = with_an_item_of_others(&["row"], true).await;
    assert!(matches!(unknown, Err(CommitError::UnknownOutcome { .. })), "{unknown:?}");
    with_an_item_of_others(&["row", "memory"], true).await.unwrap();
    let not_written = with_an_item_of_others(&["row", "memory"], false).await;
    assert!(matches!(not_written, Err(CommitError::Contention { .. })), "{not_written:?}");
}

#[tokio::test(start_paused = true)]
async fn somebody_else_s_row_in_the_place_is_no_evidence() {
    let bench = Bench::new().await;
    let other = |aws: local_aws::InMemoryAws, _| async move {
        let put = Client::new(&aws.sdk_config()).put_item().table_name("things");
        put.set_item(Some(thing("new", 5))).send().await.unwrap();
        tokio::time::advance(Duration::from_secs(11 * 60)).await;
        Err(ConnectorError::io("the connection broke".into()))
    };
    bench.wire.inject(COMMIT, 1, Fault::instead(other));
    assert!(matches!(bench.count_up(1).await, Err(CommitError::UnknownOutcome { .. })));
    assert_eq!(bench.counted().await, None);
}

#[tokio::test(start_paused = true)]
async fn rows_that_cannot_be_read_leave_the_outcome_unknown() {
    let bench = Bench::new().await;
    bench.wire.inject(COMMIT, 1, frozen(true));
    bench.wire.inject("GetItem", 3, Fault::code(400, "AccessDeniedException"));
    assert!(matches!(bench.count_up(1).await, Err(CommitError::UnknownOutcome { .. })));
}
