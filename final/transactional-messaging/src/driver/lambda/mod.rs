//! The relay as a Lambda function.
//!
//! Its event source mapping must report batch item failures (`FunctionResponseTypes:
//! ReportBatchItemFailures`), or Lambda ignores the response and takes every batch for a success. Lambda goes
//! back to the *lowest* failed sequence number and delivers everything from there again; what was dispatched
//! is not in the outbox any more and is not published twice.

mod record;
mod wake;

use std::{collections::HashMap, time::Duration};

use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny},
};
use serde_json::{Value, json};
use waiting::Deadline;

pub use self::record::{Batch, Record};
use self::wake::{WakeUp, wake_all};
use super::{scheduled::move_once, sweep};
use crate::{
    ambient::Ambient,
    outbox::RowKey,
    relay::{Relay, Swept},
    scheduled::Mover,
};

/// What is kept of an invocation's time for its answer.
const FOR_THE_ANSWER: Duration = Duration::from_secs(3);

/// What the function is invoked with: an object with one of these. What is neither is refused, with the
/// reason: an invocation that is acknowledged does not come again.
#[derive(Debug)]
pub enum Invocation {
    /// By the schedule of the sweeper: `{"sweep": {"older_than_seconds": 300}}`.
    Sweep {
        /// What to sweep.
        sweep: Sweep,
    },
    /// By the event source mapping: a batch of stream records.
    Stream(Batch),
}

impl<'de> Deserialize<'de> for Invocation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Members { sweep, records, others } = Members::deserialize(deserializer)?;
        match (sweep, records) {
            (Some(sweep @ Value::Object(_)), None) if others.is_empty() => {
                let read = Sweep::deserialize(sweep).map(|sweep| Self::Sweep { sweep });
                read.map_err(de::Error::custom)
            }
            (Some(_), _) => {
                Err(de::Error::custom("a sweep is an object, and all there is in its invocation"))
            }
            (None, Some(records)) => Ok(Self::Stream(Batch { records })),
            (None, None) => Err(de::Error::missing_field("Records")),
        }
    }
}

#[derive(Deserialize)]
struct Members {
    sweep: Option<Value>,
    #[serde(rename = "Records")]
    records: Option<Vec<Record>>,
    #[serde(flatten)]
    others: HashMap<String, IgnoredAny>,
}

/// What to sweep.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Sweep {
    /// Rows younger than this are left alone: they are on their way by the stream.
    pub older_than_seconds: u32,
}

/// Serves the Lambda runtime until the environment is frozen for good. Each invocation ends before Lambda
/// would end it: what was not done by then is named as failed.
///
/// # Errors
///
/// When the runtime API cannot be reached.
pub async fn run(relay: Relay, mover: Option<Mover>, ambient: Ambient) -> Result<(), Error> {
    run_and(relay, mover, ambient, async || ()).await
}

/// The same, with something that is done at the end of each invocation, before Lambda is answered and may
/// freeze the environment: what telemetry has gathered is sent. It should take no longer than the 3 s that
/// are kept for the answer.
///
/// # Errors
///
/// As [`run`].
pub async fn run_and(
    relay: Relay,
    mover: Option<Mover>,
    ambient: Ambient,
    at_the_end: impl AsyncFn(),
) -> Result<(), Error> {
    let at_the_end = &at_the_end;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Invocation>| {
        let (relay, mover, now) = (relay.clone(), mover.clone(), ambient.now());
        let deadline = deadline(event.context.deadline, now);
        async move {
            let work = async {
                match event.payload {
                    Invocation::Sweep { sweep } => {
                        Box::pin(move_and_sweep(&relay, mover.as_ref(), sweep)).await
                    }
                    Invocation::Stream(batch) => Ok::<_, Error>(json!(handle(&relay, batch).await)),
                }
            };
            let answer = deadline.scope(work).await;
            at_the_end().await;
            answer
        }
    }))
    .await
}

/// Moves scheduled messages that are due, if there are any at all, and sweeps. Both are tried before the
/// failure of one is told.
async fn move_and_sweep(relay: &Relay, mover: Option<&Mover>, sweep: Sweep) -> Result<Value, Error> {
    let moved = match mover {
        Some(mover) => move_once(mover).await.map(Some),
        None => Ok(None),
    };
    let swept = sweep_once(relay, sweep).await?;
    Ok(json!({"swept": swept, "moved": moved?}))
}

/// What an invocation gets that was over before it began, by what it was told: an emulator may tell a time of
/// its own, and clocks may differ. It is the time that the function is deployed with.
const UNLESS_TOLD: Duration = Duration::from_secs(120);

/// Lambda tells the end of an invocation in milliseconds since 1970.
pub(super) fn deadline(ends_at: u64, now: time::OffsetDateTime) -> Deadline {
    let now = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    let left = ends_at.checked_sub(now).map_or(UNLESS_TOLD, Duration::from_millis);
    Deadline::after(left.saturating_sub(FOR_THE_ANSWER))
}

/// Dispatches what has been pending for too long and returns the number of messages. It ends before the
/// invocation does; what is left is found by the next one.
///
/// # Errors
///
/// When the outbox could not be read to its end, or a subject could not be dispatched: the schedule tries
/// again, and an alarm counts it.
pub async fn sweep_once(relay: &Relay, sweep: Sweep) -> Result<usize, Error> {
    let swept = sweep::once(relay, time::Duration::seconds(sweep.older_than_seconds.into())).await?;
    match swept {
        Swept { failed: 0, is_unfinished: false, messages, .. } => Ok(messages),
        Swept { failed: 0, messages, .. } => {
            Err(format!("there was no time to read all of the outbox; {messages} messages were sent").into())
        }
        Swept { failed, subjects, .. } => {
            Err(format!("{failed} of {subjects} subjects could not be dispatched").into())
        }
    }
}

// ANCHOR: handle
/// Handles one batch of stream records and names those that must come again. A record without a sequence
/// number cannot be named: then an empty name stands for it, which Lambda takes for a failure of the whole
/// batch ("AWS Lambda Developer Guide, Using AWS Lambda with Amazon DynamoDB, Batch item failures"). What was
/// dispatched is not published twice.
pub async fn handle(relay: &Relay, batch: impl Into<Batch>) -> DynamoDbEventResponse {
    let wake_ups = batch.into().records.iter().filter_map(wake_up).collect();
    let mut response = DynamoDbEventResponse::default();
    for failed in wake_all(relay, wake_ups).await {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(failed.record.unwrap_or_default());
        response.batch_item_failures.push(failure);
    }
    response
}
// ANCHOR_END: handle

// ANCHOR: wake_up
/// Only new messages are news. The mapping filters for them too, but a filter is a setting that somebody can
/// lose. Only the key is needed; a record of which nobody says what happened costs a read. What else lies in
/// the table, such as a tailer's notes, is no news.
fn wake_up(record: &Record) -> Option<WakeUp> {
    if matches!(record.event_name.as_deref(), Some("MODIFY" | "REMOVE")) {
        return None;
    }
    let (Some(partition), Some(sort_key)) = (&record.partition, &record.sort_key) else {
        tracing::error!(sequence_number = record.sequence_number, "record_of_another_table");
        return None;
    };
    let key = RowKey::of_subject(partition, sort_key)?;
    Some(WakeUp { key, record: record.sequence_number.clone() })
}
// ANCHOR_END: wake_up

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Subject;

    #[test]
    fn a_schedule_and_a_stream_are_told_apart() {
        let read = |text: &str| serde_json::from_str::<Invocation>(text).unwrap();
        let sweep = read(r#"{"sweep": {"older_than_seconds": 300}}"#);
        assert!(matches!(sweep, Invocation::Sweep { sweep } if sweep.older_than_seconds == 300));
        let refused = |text: &str| serde_json::from_str::<Invocation>(text).unwrap_err().to_string();
        assert!(refused("{}").contains("missing field `Records`"));
        assert!(refused(r#"{"sweep": {"older_than_seconds": "300"}}"#).contains("expected u32"));
        assert!(refused(r#"{"sweep": {}, "Records": []}"#).contains("all there is"));
        refused("[[]]");
        let batch = read(
            r#"{"Records": [{"eventID": "1", "eventName": "INSERT", "awsRegion": "us-east-1", "dynamodb": {
                "ApproximateCreationDateTime": 1479499740, "SequenceNumber": "111", "SizeBytes": 26,
                "StreamViewType": "KEYS_ONLY", "Keys": {"PK": {"S": "SUBJECT#order/1"}, "SK": {"S": "0"}}}}]}"#,
        );
        let Invocation::Stream(batch) = batch else { panic!("not a batch of records") };
        let key = RowKey { subject: Subject::named("order/1"), sequence: "0".to_owned() };
        let expected = WakeUp { key, record: Some("111".to_owned()) };
        assert_eq!(wake_up(&batch.records[0]), Some(expected));
    }

    #[test]
    fn an_invocation_ends_before_lambda_ends_it() {
        let now = time::OffsetDateTime::from_unix_timestamp(1_767_225_600).unwrap();
        let left = |ends_at| deadline(ends_at, now).left().as_secs_f64().round() as u64;
        assert_eq!((left(1_767_225_720_000), left(1_767_225_601_000), left(0)), (117, 0, 117));
    }
}
