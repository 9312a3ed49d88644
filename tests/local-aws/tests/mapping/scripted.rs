//! A connector that answers for the stream where the embedded AWS has nothing to show: errors, and shards that split.

use std::fmt;
use std::sync::Arc;

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::config::RuntimeComponents;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use local_aws::InMemoryAws;
use local_aws::mapping::{EventSourceMapping, MappingSettings};
use serde_json::{Value, json};

use crate::bench::Bench;

/// From an operation and its body to a status and an answer, if the script has one.
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

pub(crate) fn mapping(
    bench: &Bench,
    settings: MappingSettings,
    script: impl Fn(&str, Value) -> Option<(u16, Value)> + Send + Sync + 'static,
) -> EventSourceMapping {
    let scripted = Scripted { aws: bench.aws.clone(), script: Arc::new(script) };
    let config = bench.aws.sdk_config().to_builder().http_client(scripted).build();
    EventSourceMapping::new(Client::new(&config), bench.stream_arn.clone(), settings)
}

/// A record as the Streams API writes it.
pub(crate) fn record(id: &str, number: &str) -> Value {
    json!({
        "eventID": id, "eventName": "INSERT", "awsRegion": "us-east-1",
        "dynamodb": {
            "Keys": { "id": { "S": id } }, "SequenceNumber": number, "SizeBytes": 1,
            "ApproximateCreationDateTime": 1_767_225_600,
        },
    })
}
