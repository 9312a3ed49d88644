//! Requests to the embedded AWS, as the SDK would send them and otherwise.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use local_aws::InMemoryAws;

use crate::exchange::{Sent, block_on};

pub(crate) fn target(data: &[u8]) {
    let Some(sent) = Sent::parse(data) else { return };
    let Ok(request) = HttpRequest::try_from(sent.request(SdkBody::from(sent.body.clone()))) else { return };
    block_on(async {
        let aws = InMemoryAws::new().expect("a database in memory");
        let answer = aws.call(request).await.expect("every request gets an answer");
        let (status, body) = (answer.status(), answer.body().bytes().unwrap_or_default().to_vec());
        let said = String::from_utf8_lossy(&body).into_owned();
        assert!(status.is_success() || !body.is_empty(), "{status} without a word");
        let target = sent.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let speaks_json = target.is_some_and(|target| target.contains('.'));
        if speaks_json && sent.uri.path() != "/_local/health" {
            let is_json = sent.is_json() && std::str::from_utf8(&sent.body).is_ok();
            assert!(
                is_json || !status.is_success() || sent.body.is_empty(),
                "{status} for what is no JSON: {said}"
            );
            judge_receive(&sent, status.is_success());
        }
    });
}

/// What the real SQS refuses must not work here only.
fn judge_receive(sent: &Sent, succeeded: bool) {
    if sent.headers.get("x-amz-target").is_none_or(|target| target != "AmazonSQS.ReceiveMessage") {
        return;
    }
    let asked = &sent.json()["MaxNumberOfMessages"];
    let allowed = asked.is_null() || asked.as_i64().is_some_and(|most| (1..=10).contains(&most));
    assert!(allowed || !succeeded, "{asked} messages at once are too many");
}
