//! The event source mapping between a table's stream and a function, and the faults of this way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use local_aws::InMemoryAws;
use local_aws::mapping::{EventSourceMapping, Filter, MappingSettings};

use crate::ambient::Ambient;
use crate::components::invoke;
use crate::fault::Fault;
use crate::program::{BoxError, Function};
use crate::session::Session;
use crate::world::World;

/// New items only: changes and deletions of rows are no news.
const INSERTS: &str = r#"{ "eventName": ["INSERT"] }"#;

/// How long a stream reader waits for something to be written.
const PATIENCE: Duration = Duration::from_secs(20);

/// Marks a plan's fault that strikes at every invocation.
pub const EVERY_INVOCATION: usize = usize::MAX;

/// How a function is mapped to its stream.
pub(crate) fn settings(function: &Function) -> Result<MappingSettings, BoxError> {
    Ok(MappingSettings {
        filter_criteria: vec![Filter::parse(INSERTS)?],
        maximum_batching_window_seconds: 1,
        report_batch_item_failures: true,
        maximum_retry_attempts: function.maximum_retry_attempts,
        ..MappingSettings::default()
    })
}

/// Runs the mapping of a function until dropped.
pub(crate) async fn map(
    world: &World,
    function: Function,
) -> Result<impl Future<Output = ()> + Send + 'static, BoxError> {
    let stream_arn = world.raw.stream_arn(function.table).await?;
    let reader = Patient {
        aws: world.aws.clone(),
        session: world.session.clone(),
        known_writes: Arc::default(),
        table: function.table,
    };
    let config = world.aws.sdk_config().into_builder().http_client(reader).build();
    let client = aws_sdk_dynamodbstreams::Client::new(&config);
    let mapping = EventSourceMapping::new(client, stream_arn, settings(&function)?);
    let component: Arc<str> = function.name.into();
    let ambient = world.ambient(&component);
    let session = world.session.clone();
    let handler =
        move |event: Event| deliver(session.clone(), component.clone(), ambient.clone(), function, event);
    Ok(async move {
        if let Err(error) = mapping.run(handler, tokio_util::sync::CancellationToken::new()).await {
            tracing::error!(%error, "the mapping stopped");
        }
    })
}

async fn deliver(
    session: Session,
    component: Arc<str>,
    ambient: Ambient,
    function: Function,
    mut event: Event,
) -> Result<DynamoDbEventResponse, BoxError> {
    let number = session.next_invocation();
    let strikes = |fault| session.plan().at_invocation(fault, number);
    if strikes(Fault::StreamReorder) {
        reverse_but_keep_items(&mut event.records);
    }
    let _working = session.restarting();
    let invoke = |event| invoke(&session, &component, ambient.clone(), &function, event);
    if strikes(Fault::SplitShard) {
        let (one, other) = split(event);
        return both(futures::join!(invoke(one), invoke(other)));
    }
    if strikes(Fault::ConcurrentRelays) {
        return both(futures::join!(invoke(event.clone()), invoke(event)));
    }
    let answer = invoke(event.clone()).await?;
    if strikes(Fault::StreamRedelivery) && answer.batch_item_failures.is_empty() {
        return invoke(event).await;
    }
    Ok(answer)
}

/// What failed in either of two invocations comes again.
fn both(
    answers: (Result<DynamoDbEventResponse, BoxError>, Result<DynamoDbEventResponse, BoxError>),
) -> Result<DynamoDbEventResponse, BoxError> {
    let (mut one, other) = (answers.0?, answers.1?);
    one.batch_item_failures.extend(other.batch_item_failures);
    Ok(one)
}

/// Each item's records go one way, as in the children of a shard.
fn split(mut event: Event) -> (Event, Event) {
    let mut other = event.clone();
    let mut items = Vec::new();
    let mut goes_first = |record: &EventRecord| {
        let known = items.iter().position(|keys| *keys == record.change.keys);
        let number = known.unwrap_or_else(|| {
            items.push(record.change.keys.clone());
            items.len() - 1
        });
        number % 2 == 0
    };
    (event.records, other.records) = event.records.into_iter().partition(&mut goes_first);
    (event, other)
}

/// Items change places, the records of each item do not: that much AWS promises.
fn reverse_but_keep_items(records: &mut Vec<EventRecord>) {
    let mut items: Vec<Vec<EventRecord>> = Vec::new();
    for record in records.drain(..) {
        match items.iter_mut().find(|item| item[0].change.keys == record.change.keys) {
            Some(item) => item.push(record),
            None => items.push(vec![record]),
        }
    }
    records.extend(items.into_iter().rev().flatten());
}

/// A stream reader that asks again only when something was written. Lambda asks four times a second, which changes
/// nothing but how long a run takes.
#[derive(Clone)]
struct Patient {
    aws: InMemoryAws,
    session: Session,
    table: &'static str,
    known_writes: Arc<AtomicUsize>,
}

impl std::fmt::Debug for Patient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Patient").finish_non_exhaustive()
    }
}

impl HttpConnector for Patient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let reader = self.clone();
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target");
            if target.is_some_and(|target| target.ends_with("GetRecords")) {
                let known = reader.known_writes.load(Ordering::Relaxed);
                // Shorter than the time-out of an attempt.
                let waited =
                    tokio::time::timeout(PATIENCE, reader.session.writes_beyond(reader.table, known)).await;
                reader.known_writes.store(waited.unwrap_or(known), Ordering::Relaxed);
            }
            reader.aws.call(request).await
        })
    }
}

impl HttpClient for Patient {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
