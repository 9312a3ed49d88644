//! A code of SNS decides what becomes of a message: not where the code stands, and not whose fault SNS says
//! it is.

use std::time::Duration;

use transactional_messaging::relay::{Outcome, RelayError};

use crate::{
    bench::{Bench, subject, texts},
    partly::{Not, partly},
    wire::Fault,
};

/// What passes, or what somebody mends for all messages at once.
const PASSING: [&str; 13] = [
    "KMSThrottling",
    "KMSDisabled",
    "KMSAccessDenied",
    "KMSInvalidState",
    "KMSNotFound",
    "KMSOptInRequired",
    "Throttled",
    "ThrottledException",
    "RequestThrottled",
    "AuthorizationError",
    "InternalError",
    "NotFound",
    "NobodyKnowsThis",
];
const BLAMING: [&str; 5] = [
    "InvalidParameter",
    "InvalidParameterValue",
    "ParameterValueInvalid",
    "ValidationException",
    "BatchRequestTooLong",
];

/// The same code at each place where SNS can say it.
fn everywhere(code: &'static str) -> [Fault; 4] {
    let whole = |status, fault| {
        let error =
            format!("<Error><Type>{fault}</Type><Code>{code}</Code><Message>injected</Message></Error>");
        Fault::Refusal(status, format!("<ErrorResponse>{error}</ErrorResponse>"))
    };
    [
        partly(Not::With(code, true), "note"),
        partly(Not::With(code, false), "note"),
        whole(400, "Sender"),
        whole(500, "Receiver"),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_code_that_does_not_blame_the_message_never_parks_wherever_it_stands() {
    for code in PASSING {
        for (place, fault) in everywhere(code).into_iter().enumerate() {
            let bench = Bench::new().await;
            bench.store_all(&subject(1), 0..2).await;
            bench.wire.inject("PublishBatch", usize::MAX, fault);
            let error = bench.wake(&subject(1)).await.expect_err(code);
            assert!(
                matches!(error, RelayError::Publish { .. } | RelayError::NoTopic { .. }),
                "{code} at {place}: {error}"
            );
            assert_eq!(bench.parked(&subject(1), 0).await, None, "{code} at {place} left a mark");
            bench.wire.repair();
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Dispatched(2), "{code} at {place}");
            assert_eq!(bench.texts(&subject(1)).await, texts(0..2));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_code_that_blames_the_message_parks_wherever_it_stands() {
    for code in BLAMING {
        for (place, fault) in everywhere(code).into_iter().enumerate() {
            let bench = Bench::new().await;
            bench.store_all(&subject(1), 0..1).await;
            bench.wire.inject("PublishBatch", usize::MAX, fault);
            assert_eq!(bench.wake(&subject(1)).await.unwrap(), Outcome::Parked, "{code} at {place}");
            assert_eq!(bench.parked(&subject(1), 0).await.as_deref(), Some(code));
        }
    }
}

/// Each minute SNS refuses everything with another of the codes.
#[tokio::test(start_paused = true)]
async fn a_minute_of_refusals_parks_nothing_and_a_minute_later_everything_is_sent() {
    for code in PASSING {
        let bench = Bench::new().await;
        for number in 0..12 {
            bench.store_all(&subject(number), 0..2).await;
        }
        bench.wire.inject("PublishBatch", usize::MAX, partly(Not::With(code, true), "note"));
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_secs(15)).await;
            bench.relay.sweep(time::Duration::SECOND).await.unwrap();
        }
        bench.wire.repair();
        tokio::time::sleep(Duration::from_secs(60)).await;
        bench.relay.sweep(time::Duration::SECOND).await.unwrap();
        assert_eq!((bench.delivered().await.len(), bench.pending().await), (24, 0), "{code}");
    }
}
