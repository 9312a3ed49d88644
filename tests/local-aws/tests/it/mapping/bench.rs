//! A table with a stream, a handler that remembers its calls, and a mapping between them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use aws_sdk_dynamodb::types::StreamViewType;
use local_aws::InMemoryAws;
use local_aws::mapping::{EventSourceMapping, InvocationRecord, MappingSettings};
use tokio_util::sync::CancellationToken;

use support::tables;

pub(crate) type Answer = Result<DynamoDbEventResponse, String>;

pub(crate) struct Bench {
    pub(crate) aws: InMemoryAws,
    pub(crate) db: aws_sdk_dynamodb::Client,
    pub(crate) stream_arn: String,
    calls: Arc<Mutex<Vec<Vec<String>>>>,
    discarded: Arc<Mutex<Vec<InvocationRecord>>>,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let aws = InMemoryAws::new().unwrap();
        let db = aws_sdk_dynamodb::Client::new(&aws.sdk_config());
        let stream_arn = tables::create_table(&db, "outbox", StreamViewType::NewImage).await;
        Self { aws, db, stream_arn, calls: Arc::default(), discarded: Arc::default() }
    }

    pub(crate) async fn put(&self, id: &str) {
        tables::put(&self.db, "outbox", id, "1").await;
    }

    pub(crate) async fn put_all(&self, ids: &str) {
        for id in ids.split_whitespace() {
            self.put(id).await;
        }
    }

    pub(crate) fn mapping(&self, settings: MappingSettings) -> EventSourceMapping {
        let streams = aws_sdk_dynamodbstreams::Client::new(&self.aws.sdk_config());
        EventSourceMapping::new(streams, self.stream_arn.clone(), settings)
    }

    /// Runs the mapping for some virtual seconds with a handler that gives the answer for the call's number.
    pub(crate) async fn run(
        &self,
        mapping: &EventSourceMapping,
        seconds: u64,
        answer: impl Fn(usize, &Event) -> Answer + Send + Sync + 'static,
    ) {
        let calls = self.calls.clone();
        let handler = move |event: Event| {
            let call = {
                let mut calls = calls.lock().unwrap();
                calls.push(ids(&event));
                calls.len() - 1
            };
            let answer = answer(call, &event);
            async move { answer }
        };
        let cancel = CancellationToken::new();
        let stop = async {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            cancel.cancel();
        };
        let (ran, ()) = tokio::join!(mapping.run(handler, cancel.clone()), stop);
        ran.unwrap();
    }

    /// The ids of the records of each call so far, separated by spaces.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().iter().map(|ids| ids.join(" ")).collect()
    }

    /// A destination that keeps what it is sent.
    pub(crate) fn destination(&self) -> Arc<dyn local_aws::mapping::Destination> {
        let discarded = self.discarded.clone();
        Arc::new(move |record| discarded.lock().unwrap().push(record))
    }

    pub(crate) fn discarded(&self) -> Vec<InvocationRecord> {
        self.discarded.lock().unwrap().clone()
    }
}

pub(crate) fn id(record: &EventRecord) -> String {
    let keys = serde_json::to_value(&record.change.keys).unwrap();
    keys["id"]["S"].as_str().unwrap().to_owned()
}

pub(crate) fn ids(event: &Event) -> Vec<String> {
    event.records.iter().map(id).collect()
}

pub(crate) fn ok() -> Answer {
    Ok(DynamoDbEventResponse::default())
}

/// An answer that reports the given sequence numbers.
pub(crate) fn failed<'a>(identifiers: impl IntoIterator<Item = &'a str>) -> Answer {
    let mut response = DynamoDbEventResponse::default();
    for identifier in identifiers {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(identifier.to_owned());
        response.batch_item_failures.push(failure);
    }
    Ok(response)
}

/// An answer that reports the records with the given ids.
pub(crate) fn failed_ids(event: &Event, poison: &[&str]) -> Answer {
    let records = event.records.iter().filter(|record| poison.contains(&id(record).as_str()));
    failed(records.map(|record| record.change.sequence_number.as_deref().unwrap()))
}
