//! Many subjects share calls, and none waits for another's failure.

use transactional_messaging::{
    outbox::partition_of,
    relay::{Outcome, RelayError},
};

use crate::{
    bench::{Bench, key, subject, texts},
    partly::half_read,
    wire::Fault,
};

#[tokio::test(start_paused = true)]
async fn a_hundred_subjects_of_one_topic_are_ten_calls() {
    let bench = Bench::new().await;
    let subjects: Vec<_> = (0..100).map(subject).collect();
    for subject in &subjects {
        bench.store_all(subject, 0..1).await;
    }
    let outcomes = bench.wake_all(&subjects).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(Outcome::Dispatched(1)))));
    assert_eq!((bench.wire.count("PublishBatch"), bench.wire.count("ListTopics")), (10, 1));
    assert_eq!(bench.delivered().await.len(), 100);
}

/// A call may carry 256 KiB in all; five messages of 100 KiB are three calls.
#[tokio::test(start_paused = true)]
async fn large_messages_share_calls_only_as_far_as_they_fit() {
    let bench = Bench::new().await;
    let subjects: Vec<_> = (0..5).map(subject).collect();
    for subject in &subjects {
        bench.store(subject, 0, &bench.noted(&"x".repeat(100 * 1024))).await;
    }
    bench.wake_all(&subjects).await;
    assert_eq!((bench.wire.count("PublishBatch"), bench.delivered().await.len()), (3, 5));
}

#[tokio::test(start_paused = true)]
async fn a_subject_that_cannot_be_read_holds_up_nobody() {
    let bench = Bench::new().await;
    let subjects = [subject(1), subject(2), subject(3)];
    for subject in &subjects {
        bench.store_all(subject, 0..2).await;
    }
    bench.wire.inject_where(
        "Query",
        &partition_of(&subject(2)),
        usize::MAX,
        Fault::code(500, "InternalServerError"),
    );
    let outcomes = bench.wake_all(&subjects).await;
    assert!(matches!(outcomes[1], Err(RelayError::Read(_))));
    assert!(outcomes[1].is_err());
    assert!(matches!((&outcomes[0], &outcomes[2]), (Ok(Outcome::Dispatched(2)), Ok(Outcome::Dispatched(2)))));
    bench.wire.repair();
    assert_eq!(bench.wake(&subject(2)).await.unwrap(), Outcome::Dispatched(2));
    assert_eq!(bench.texts(&subject(2)).await, texts(0..2));
}

#[tokio::test(start_paused = true)]
async fn rows_that_cannot_be_read_together_are_read_for_each_subject() {
    let bench = Bench::new().await;
    let keys: Vec<_> =
        (1..=3).flat_map(|number| [0, 1].map(|version| key(&subject(number), version))).collect();
    for number in 1..=3 {
        bench.store_all(&subject(number), 0..2).await;
    }
    let two = partition_of(&subject(2));
    for operation in ["BatchGetItem", "Query"] {
        bench.wire.inject_where(operation, &two, usize::MAX, Fault::code(500, "InternalServerError"));
    }
    let mut outcomes = bench.relay.wake_rows(keys.clone()).await;
    assert!(matches!(outcomes.remove(&subject(2)), Some(Err(RelayError::Read(_)))));
    assert!(outcomes.len() == 2 && outcomes.into_values().all(|o| matches!(o, Ok(Outcome::Dispatched(2)))));
    bench.wire.repair();
    assert_eq!(
        bench.relay.wake_rows(keys).await.remove(&subject(2)).unwrap().unwrap(),
        Outcome::Dispatched(2)
    );
    assert_eq!(bench.delivered().await.len(), 6, "each once");
}

/// As it may when it is throttled, or when the rows have more than 16 MB.
#[tokio::test(start_paused = true)]
async fn rows_that_dynamodb_leaves_out_of_an_answer_are_read_subject_by_subject_and_no_others() {
    let bench = Bench::new().await;
    let keys = (1..=4).flat_map(|number| [0, 1].map(|version| key(&subject(number), version))).collect();
    for number in 1..=4 {
        bench.store_all(&subject(number), 0..2).await;
    }
    bench.wire.inject("BatchGetItem", 1, half_read());
    let outcomes = bench.relay.wake_rows(keys).await;
    assert!(outcomes.len() == 4 && outcomes.into_values().all(|o| matches!(o, Ok(Outcome::Dispatched(2)))));
    assert_eq!((bench.wire.count("BatchGetItem"), bench.wire.count("Query")), (1, 2));
    assert_eq!((bench.delivered().await.len(), bench.pending().await), (8, 0), "each once");
}

#[tokio::test(start_paused = true)]
async fn a_subject_of_which_nobody_can_tell_whose_turn_it_is_holds_up_nobody() {
    let bench = Bench::new().await;
    let subjects = [subject(1), subject(2), subject(3)];
    for subject in &subjects {
        bench.store_all(subject, 1..2).await;
    }
    let (refusal, two) = (Fault::code(400, "ValidationException"), partition_of(&subject(2)));
    bench.wire.inject_where("TransactGetItems", &two, usize::MAX, refusal);
    let outcomes = bench.wake_all(&subjects).await;
    assert!(matches!(
        outcomes.as_slice(),
        [Ok(Outcome::Dispatched(1)), Err(RelayError::Read(_)), Ok(Outcome::Dispatched(1))]
    ));
    bench.wire.repair();
    assert_eq!(bench.wake(&subject(2)).await.unwrap(), Outcome::Dispatched(1));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_cannot_be_deleted_is_an_error_of_its_subject_alone_and_comes_again() {
    let bench = Bench::new().await;
    for number in [1, 2] {
        bench.store_all(&subject(number), 0..1).await;
    }
    let refusal = Fault::code(400, "AccessDeniedException");
    bench.wire.inject_where("BatchWriteItem", &partition_of(&subject(1)), 2, refusal);
    let outcomes = bench.wake_all(&[subject(1), subject(2)]).await;
    assert!(matches!((&outcomes[0], &outcomes[1]), (Err(RelayError::Settle(_)), Ok(Outcome::Dispatched(1)))));
    assert_eq!(bench.pending().await, 1);
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(1));
    assert_eq!(bench.pending().await, 0);
}
