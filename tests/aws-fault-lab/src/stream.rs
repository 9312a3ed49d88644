//! The event source mapping between a table's stream and a function, and the faults of this way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use local_aws::mapping::EventSourceMapping;
use local_aws::tap;

use crate::ambient::Ambient;
use crate::error::BoxError;
use crate::fault::Fault;
use crate::program::Function;
use crate::session::Session;
use crate::surroundings::Surroundings;

/// How long a stream reader waits for something to be written.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs the mapping of a function until dropped.
pub(crate) async fn map(
    around: &Surroundings,
    function: Function,
) -> Result<impl Future<Output = ()> + Send + 'static, BoxError> {
    let stream_arn = around.raw.stream_arn(&function.table).await?;
    let reader = patient(around, function.table.clone());
    let config = around.aws.sdk_config().into_builder().http_client(reader).build();
    let client = aws_sdk_dynamodbstreams::Client::new(&config);
    let mapping = EventSourceMapping::new(client, stream_arn, function.mapping.clone());
    let component = function.name.clone();
    let ambient = around.of(&component);
    let session = around.session.clone();
    let handler = move |event: Event| {
        deliver(session.clone(), component.clone(), ambient.clone(), function.clone(), event)
    };
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

/// One invocation of a function: a crash is an error of the invocation.
async fn invoke(
    session: &Session,
    component: &Arc<str>,
    ambient: Ambient,
    function: &Function,
    event: Event,
) -> Result<DynamoDbEventResponse, BoxError> {
    let crash = session.crash_signal(component);
    tokio::select! {
        biased;
        () = crash.notified() => Err("the function crashed".into()),
        answer = (function.handle)(ambient, event) => answer,
    }
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

/// A stream reader that asks again only when something was written. Lambda asks four times a second, which
/// changes nothing but how long a run takes.
fn patient(around: &Surroundings, table: String) -> SharedHttpClient {
    let (aws, session, known) = (around.aws.clone(), around.session.clone(), Arc::new(AtomicUsize::new(0)));
    tap::new(move |request| {
        let (aws, session, known, table) = (aws.clone(), session.clone(), known.clone(), table.clone());
        async move {
            if tap::operation(&request) == "GetRecords" {
                let so_far = known.load(Ordering::Relaxed);
                // Shorter than the time-out of an attempt.
                let waited = tokio::time::timeout(PATIENCE, session.writes_beyond(&table, so_far)).await;
                known.store(waited.unwrap_or(so_far), Ordering::Relaxed);
            }
            aws.call(request).await
        }
    })
}
