//! Trouble with the stream itself, which the embedded AWS never makes: a connector makes it.

use std::fmt;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::config::RuntimeComponents;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use local_aws::InMemoryAws;
use local_aws::mapping::{EventSourceMapping, MappingSettings, StartingPosition};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::bench::{Bench, ok};

type Script = dyn Fn(&str, Value) -> Option<(u16, Value)> + Send + Sync;

/// Answers an operation itself if the script has an answer, and passes it on if not.
#[derive(Clone)]
struct Scripted {
    aws: InMemoryAws,
    script: Arc<Script>,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

impl HttpConnector for Scripted {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let me = self.clone();
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
            let body = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap();
            match (me.script)(target.split('.').next_back().unwrap(), body) {
                Some((status, answer)) => {
                    Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(answer.to_string())))
                }
                None => me.aws.call(request).await,
            }
        })
    }
}

impl HttpClient for Scripted {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn mapping(
    bench: &Bench,
    settings: MappingSettings,
    script: impl Fn(&str, Value) -> Option<(u16, Value)> + Send + Sync + 'static,
) -> EventSourceMapping {
    let scripted = Scripted { aws: bench.aws.clone(), script: Arc::new(script) };
    let config = bench.aws.sdk_config().to_builder().http_client(scripted).build();
    EventSourceMapping::new(Client::new(&config), bench.stream_arn.clone(), settings)
}

/// A script that fails GetRecords in the given way, once the stream has been read the given number of times.
fn fail_read(
    at: usize,
    times: usize,
    status: u16,
    error: &'static str,
) -> impl Fn(&str, Value) -> Option<(u16, Value)> {
    let reads = Mutex::new(0);
    move |operation, _| {
        if operation != "GetRecords" {
            return None;
        }
        let mut reads = reads.lock().unwrap();
        *reads += 1;
        let failing = at..at + times;
        failing.contains(&*reads).then(|| (status, json!({ "__type": error, "message": "on purpose" })))
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_iterator_loses_and_repeats_nothing() {
    let bench = Bench::new().await;
    bench.put_all("a b").await;
    let mapping =
        mapping(&bench, MappingSettings::default(), fail_read(2, 1, 400, "ExpiredIteratorException"));
    let later = async {
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        bench.put("c").await;
    };
    tokio::join!(bench.run(&mapping, 10, |_, _| ok()), later);
    assert_eq!(bench.calls(), ["a b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn trimmed_data_goes_on_at_the_oldest_record() {
    let bench = Bench::new().await;
    bench.put_all("a b").await;
    let mapping =
        mapping(&bench, MappingSettings::default(), fail_read(2, 1, 400, "TrimmedDataAccessException"));
    bench.run(&mapping, 10, |_, _| ok()).await;
    assert_eq!(bench.calls(), ["a b", "a b"], "here nothing was really trimmed, so all of it comes again");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_cannot_be_read_is_tried_until_it_can() {
    let bench = Bench::new().await;
    bench.put_all("a").await;
    let mapping = mapping(&bench, MappingSettings::default(), fail_read(1, 20, 500, "InternalServerError"));
    bench.run(&mapping, 150, |_, _| ok()).await;
    assert_eq!(bench.calls(), ["a"]);
}

/// A stream with a shard that has ended and its two children, one record each.
fn split_stream(operation: &str, body: Value) -> Option<(u16, Value)> {
    let answer = match operation {
        "DescribeStream" => json!({ "StreamDescription": { "StreamStatus": "ENABLED", "Shards": [
            { "ShardId": "child-1", "ParentShardId": "parent" },
            { "ShardId": "child-2", "ParentShardId": "parent" },
            { "ShardId": "parent" },
        ] } }),
        "GetShardIterator" if body["ShardIteratorType"] == "LATEST" => json!({ "ShardIterator": "empty" }),
        "GetShardIterator" => json!({ "ShardIterator": body["ShardId"] }),
        "GetRecords" => {
            let shard = body["ShardIterator"].as_str()?;
            let records = json!([{
                "eventID": shard, "eventName": "INSERT", "awsRegion": "us-east-1",
                "dynamodb": {
                    "Keys": { "id": { "S": shard } }, "SequenceNumber": "100000000000000000001", "SizeBytes": 1,
                    "ApproximateCreationDateTime": 1_767_225_600,
                },
            }]);
            match shard {
                "empty" => json!({ "Records": [], "NextShardIterator": "empty" }),
                "parent" => json!({ "Records": records }),
                _ => json!({ "Records": records, "NextShardIterator": "empty" }),
            }
        }
        _ => return None,
    };
    Some((200, answer))
}

#[tokio::test(start_paused = true)]
async fn a_child_shard_is_read_after_its_parent_is_done() {
    let bench = Bench::new().await;
    let mapping = mapping(&bench, MappingSettings::default(), split_stream);
    // The parent's record fails for a while: its children must wait for it.
    let answer = |call, _: &_| if call < 4 { Err("not yet".to_owned()) } else { ok() };
    bench.run(&mapping, 60, answer).await;
    let calls = bench.calls();
    assert_eq!(calls[..5], ["parent"; 5]);
    let mut children = calls[5..].to_vec();
    children.sort_unstable();
    assert_eq!(children, ["child-1", "child-2"]);
}

#[tokio::test(start_paused = true)]
async fn latest_skips_a_shard_that_has_ended() {
    let bench = Bench::new().await;
    let settings =
        MappingSettings { starting_position: StartingPosition::Latest, ..MappingSettings::default() };
    bench.run(&mapping(&bench, settings, split_stream), 60, |_, _| ok()).await;
    assert!(bench.calls().is_empty(), "{:?}", bench.calls());
}

#[tokio::test(start_paused = true)]
async fn a_disabled_stream_that_is_read_to_its_end_ends_the_run() {
    let bench = Bench::new().await;
    let mapping = mapping(&bench, MappingSettings::default(), |operation, body| {
        let mut answer = split_stream(operation, body)?;
        if operation == "DescribeStream" {
            answer.1 = json!({ "StreamDescription": { "StreamStatus": "DISABLED", "Shards": [{ "ShardId": "parent" }] } });
        }
        Some(answer)
    });
    mapping.run(|_| async { ok() }, CancellationToken::new()).await.unwrap();
    assert_eq!(mapping.checkpoints()["parent"], "100000000000000000001");
}
