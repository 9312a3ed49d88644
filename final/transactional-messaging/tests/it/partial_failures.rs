//! SNS takes some messages of a call and not others: only their own subjects are concerned, and these keep
//! their order.

use transactional_messaging::relay::{Outcome, Relay, RelayError, SnsPublisher, TopicDirectory};
use unit_of_work::DynamoDb;

use crate::{
    bench::{Bench, OUTBOX, subject, texts},
    partly::{Not, partly},
    wire::{Fault, Wire},
};

const PUBLISH: &str = "PublishBatch";

/// Three subjects with three messages each; the second message of subject 2 has a word in it.
async fn with_a_marked_message() -> (Bench, [transactional_messaging::message::Subject; 3]) {
    let bench = Bench::new().await;
    let subjects = [subject(1), subject(2), subject(3)];
    for (number, subject) in subjects.iter().enumerate() {
        for version in 0..3 {
            let mark = if (number, version) == (1, 1) { " marked" } else { "" };
            bench.store(subject, version, &bench.noted(&format!("{version}{mark}"))).await;
        }
    }
    (bench, subjects)
}

#[tokio::test(start_paused = true)]
async fn a_message_that_sns_refuses_parks_its_own_subject_and_nothing_else() {
    let (bench, subjects) = with_a_marked_message().await;
    bench.wire.inject(PUBLISH, usize::MAX, partly(Not::Taken, "marked"));
    let outcomes = bench.wake_all(&subjects).await;
    assert!(matches!(
        outcomes.as_slice(),
        [Ok(Outcome::Dispatched(3)), Ok(Outcome::Parked), Ok(Outcome::Dispatched(3))]
    ));
    let arrived = bench.delivered().await;
    let of_two: Vec<_> =
        arrived.iter().filter(|e| e.subject == subject(2).as_str()).map(crate::bench::text_of).collect();
    assert_eq!((arrived.len(), of_two), (7, texts(0..1)), "what is behind the refused message waits");

    assert_eq!(bench.parked(&subject(2), 1).await.as_deref(), Some("InvalidParameter"));
    assert_eq!((bench.pending().await, bench.parked(&subject(2), 2).await), (2, None));
}

#[tokio::test(start_paused = true)]
async fn a_parked_subject_is_left_alone_until_it_is_unparked_and_then_goes_on_in_order() {
    let (bench, subjects) = with_a_marked_message().await;
    bench.wire.inject(PUBLISH, usize::MAX, partly(Not::Taken, "marked"));
    bench.wake_all(&subjects).await;
    bench.wire.repair();
    bench.store_all(&subject(2), 3..5).await;
    let calls = bench.wire.count(PUBLISH);
    assert_eq!(bench.wake(&subject(2)).await.unwrap(), Outcome::Parked);
    assert_eq!(bench.wire.count(PUBLISH), calls, "nothing is sent past the refused message");

    assert_eq!(bench.relay.unpark(&subject(2)).await.unwrap(), Outcome::Dispatched(4));
    assert_eq!(bench.texts(&subject(2)).await, ["0", "1 marked", "2", "3", "4"]);
    assert_eq!(
        bench.relay.unpark(&subject(2)).await.unwrap(),
        Outcome::Dispatched(0),
        "a second time is harmless"
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_refused_again_parks_its_subject_again() {
    let (bench, subjects) = with_a_marked_message().await;
    bench.wire.inject(PUBLISH, usize::MAX, partly(Not::Taken, "marked"));
    bench.wake_all(&subjects).await;
    assert_eq!(bench.relay.unpark(&subject(2)).await.unwrap(), Outcome::Parked);
    assert_eq!(bench.texts(&subject(2)).await, texts(0..1));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_fails_or_is_not_mentioned_fails_its_own_subject_and_comes_again_in_order() {
    for not in [Not::ThisTime, Not::Mentioned] {
        let (bench, subjects) = with_a_marked_message().await;
        bench.wire.inject(PUBLISH, usize::MAX, partly(not, "marked"));
        let outcomes = bench.wake_all(&subjects).await;
        assert!(matches!(
            (&outcomes[0], &outcomes[2]),
            (Ok(Outcome::Dispatched(3)), Ok(Outcome::Dispatched(3)))
        ));
        assert!(matches!(&outcomes[1], Err(RelayError::Publish { .. })), "{outcomes:?}");
        assert_eq!((bench.pending().await, bench.parked(&subject(2), 1).await), (2, None));

        bench.wire.repair();
        assert_eq!(bench.wake(&subject(2)).await.unwrap(), Outcome::Dispatched(2));
        assert_eq!(bench.texts(&subject(2)).await, ["0", "1 marked", "2"], "each once, in order");
    }
}

/// SNS may refuse a whole call because of one message in it, without saying which.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_refused_as_a_whole_is_taken_apart_to_find_the_culprit() {
    let (bench, subjects) = with_a_marked_message().await;
    let refusal = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidParameter</Code><Message>injected</Message></Error></ErrorResponse>";
    bench.wire.inject_where(PUBLISH, "marked", usize::MAX, Fault::Refusal(400, refusal.to_owned()));
    let outcomes = bench.wake_all(&subjects).await;
    assert!(matches!(
        outcomes.as_slice(),
        [Ok(Outcome::Dispatched(3)), Ok(Outcome::Parked), Ok(Outcome::Dispatched(3))]
    ));
    assert_eq!(bench.delivered().await.len(), 7);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_message_s_fault_parks_nothing() {
    let code = |status, code: &str| {
        Fault::Refusal(status, format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>"))
    };
    let faults = [
        code(400, "Throttling"),
        code(403, "AuthorizationError"),
        code(403, "ExpiredToken"),
        code(500, "InternalFailure"),
        Fault::RequestLost,
    ];
    for fault in faults {
        let bench = Bench::new().await;
        bench.store_all(&subject(1), 0..2).await;
        bench.wire.inject(PUBLISH, usize::MAX, fault);
        let error = bench.wake(&subject(1)).await.unwrap_err();
        assert_eq!(bench.parked(&subject(1), 0).await, None, "{error}: no mark");
        bench.wire.repair();
        assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(2));
        assert_eq!(bench.texts(&subject(1)).await, texts(0..2));
    }
}

/// SNS took the messages, and its answer got lost. They come twice, and are never forgotten.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_of_sns_can_double_messages_and_loses_none() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..2).await;
    bench.wire.inject(PUBLISH, 1, Fault::AnswerLost);
    bench.wake(&subject(1)).await.ok();
    bench.wake(&subject(1)).await.unwrap();
    assert_eq!(bench.texts(&subject(1)).await, ["0", "0", "1"]);
}

#[tokio::test(start_paused = true)]
async fn topics_that_cannot_be_listed_park_nothing() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..1).await;
    let throttled = "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>";
    bench.wire.inject("ListTopics", usize::MAX, Fault::Refusal(400, throttled.to_owned()));
    assert!(
        matches!(bench.wake(&subject(1)).await, Err(RelayError::Publish { code }) if code == "Throttling")
    );
    bench.wire.repair();
    assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(1));
}

#[tokio::test(start_paused = true)]
async fn with_an_arn_prefix_no_topic_is_looked_up() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..1).await;
    let wire = Wire::to(bench.wire.aws());
    let config = wire.sdk_config();
    let directory = TopicDirectory::ArnPrefix("arn:aws:sns:us-east-1:000000000000:".to_owned());
    let publisher = SnsPublisher::new(aws_sdk_sns::Client::new(&config), directory);
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config));
    let relay = Relay::new(database, OUTBOX, publisher, bench.ambient.clone());
    relay.wake(vec![subject(1)]).await;
    assert_eq!((wire.count("ListTopics"), bench.texts(&subject(1)).await), (0, texts(0..1)));
}
