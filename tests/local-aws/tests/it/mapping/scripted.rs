//! A connector that answers for the stream where the embedded AWS has nothing to show: errors, and shards
//! that split.

use aws_sdk_dynamodbstreams::Client;
use local_aws::mapping::{EventSourceMapping, MappingSettings};
use local_aws::tap::{self, refusals};
use serde_json::{Value, json};

use super::bench::Bench;

/// A mapping for which the script answers an operation, given its body, with a status and an answer; what it
/// has none for is passed on.
pub(crate) fn mapping(
    bench: &Bench,
    settings: MappingSettings,
    script: impl Fn(&str, Value) -> Option<(u16, Value)> + Send + Sync + 'static,
) -> EventSourceMapping {
    let aws = bench.aws.clone();
    let scripted = tap::new(move |request| {
        let body = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap();
        let (aws, scripted) = (aws.clone(), script(&tap::operation(&request), body));
        async move {
            match scripted {
                Some((status, answer)) => {
                    Ok(refusals::response(status, "application/x-amz-json-1.0", answer.to_string()))
                }
                None => aws.call(request).await,
            }
        }
    });
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
