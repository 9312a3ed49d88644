//! The relay as a Lambda function.
//!
//! Its event source mapping must report batch item failures (`FunctionResponseTypes: ReportBatchItemFailures`), or Lambda ignores the
//! response and takes every batch for a success. Lambda goes back to the *lowest* failed sequence number and delivers everything from
//! there again; what was dispatched lies below its subject's watermark and is not published twice.

use aws_lambda_events::event::{
    dynamodb::{Event, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::{Deserialize, Deserializer, de};
use serde_dynamo::AttributeValue;
use serde_json::{Map, Value, json};
use transactional_messaging::{outbox::is_head, relay::Relay};

use crate::wake::{WakeUp, wake_all};

/// What the function is invoked with: an object with one of these. What is neither is refused, with the reason: an invocation that is
/// acknowledged does not come again.
#[derive(Debug)]
pub enum Invocation {
    /// By the schedule of the sweeper: `{"sweep": {"older_than_seconds": 300}}`.
    Sweep {
        /// What to sweep.
        sweep: Sweep,
    },
    /// By the event source mapping: a batch of stream records.
    Stream(Event),
}

impl<'de> Deserialize<'de> for Invocation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Map::deserialize(deserializer)?;
        let read = match members.remove("sweep") {
            Some(sweep @ Value::Object(_)) if members.is_empty() => {
                Sweep::deserialize(sweep).map(|sweep| Self::Sweep { sweep })
            }
            Some(_) => {
                return Err(de::Error::custom("a sweep is an object, and all there is in its invocation"));
            }
            None => Event::deserialize(Value::Object(members)).map(Self::Stream),
        };
        read.map_err(de::Error::custom)
    }
}

/// What to sweep.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Sweep {
    /// Rows younger than this are left alone: they are on their way by the stream.
    pub older_than_seconds: u32,
}

/// Serves the Lambda runtime until the environment is frozen for good.
///
/// # Errors
///
/// When the runtime API cannot be reached.
pub async fn run(relay: Relay) -> Result<(), Error> {
    lambda_runtime::run(service_fn(|event: LambdaEvent<Invocation>| {
        let relay = relay.clone();
        async move {
            match event.payload {
                Invocation::Sweep { sweep } => Ok(json!({"swept": sweep_once(&relay, sweep).await?})),
                Invocation::Stream(event) => Ok::<_, Error>(json!(handle(&relay, event).await)),
            }
        }
    }))
    .await
}

/// Dispatches what has been pending for too long and returns the number of subjects that were woken.
///
/// # Errors
///
/// When the pending index could not be read, or a subject could not be dispatched: the schedule tries again, and an alarm counts it.
pub async fn sweep_once(relay: &Relay, sweep: Sweep) -> Result<usize, Error> {
    let results = relay.sweep(time::Duration::seconds(sweep.older_than_seconds.into())).await?;
    let failed = results.values().filter(|result| result.is_err()).count();
    if failed > 0 {
        return Err(format!("{failed} of {} subjects could not be dispatched", results.len()).into());
    }
    Ok(results.len())
}

// ANCHOR: handle
/// Handles one batch of stream records and names those that must come again.
pub async fn handle(relay: &Relay, event: Event) -> DynamoDbEventResponse {
    let wake_ups = event.records.iter().filter_map(wake_up).collect();
    let mut response = DynamoDbEventResponse::default();
    for failed in wake_all(relay, wake_ups).await {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(failed.record);
        response.batch_item_failures.push(failure);
    }
    response
}
// ANCHOR_END: handle

// ANCHOR: wake_up
/// Only new messages are news. The mapping filters for them too, but a filter is a setting that somebody can lose.
fn wake_up(record: &EventRecord) -> Option<WakeUp> {
    if record.event_name != "INSERT" {
        return None;
    }
    let key = |name| record.change.keys.get(name);
    match (key("PK"), key("SK"), &record.change.sequence_number) {
        (_, Some(AttributeValue::S(sort_key)), _) if is_head(sort_key) => None,
        (Some(AttributeValue::S(partition)), _, Some(record)) => {
            Some(WakeUp { partition: partition.clone(), record: record.clone() })
        }
        _ => {
            // The event source mapping reads the stream of a table that is no outbox.
            tracing::error!(event_id = record.event_id, "record_of_another_table");
            None
        }
    }
}
// ANCHOR_END: wake_up

#[cfg(test)]
mod tests {
    use super::*;

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
        let Invocation::Stream(event) = batch else { panic!("not a batch of records") };
        let expected = WakeUp { partition: "SUBJECT#order/1".to_owned(), record: "111".to_owned() };
        assert_eq!(wake_up(&event.records[0]), Some(expected));
    }
}
