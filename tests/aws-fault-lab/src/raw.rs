//! The laboratory's own view of the embedded AWS: plain JSON requests, not counted, never broken.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use local_aws::{ACCOUNT_ID, InMemoryAws, REGION};
use serde_json::{Value, json};

use crate::error::BoxError;

/// Asks DynamoDB, its streams, SNS and SQS in their own JSON.
#[derive(Clone, Debug)]
pub struct Raw(pub(crate) InMemoryAws);

impl Raw {
    /// The view of this AWS.
    pub fn of(aws: InMemoryAws) -> Self {
        Self(aws)
    }

    /// Asks a service that speaks JSON; `target` is the value of `X-Amz-Target`, such as
    /// `AmazonSQS.ListQueues`.
    ///
    /// # Errors
    ///
    /// What the embedded AWS says.
    pub async fn call(&self, target: &str, body: Value) -> Result<Value, BoxError> {
        let text = self.post("application/x-amz-json-1.0", Some(target), body.to_string()).await?;
        Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? })
    }

    async fn post(&self, kind: &'static str, target: Option<&str>, body: String) -> Result<String, BoxError> {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST")?;
        request.set_uri("http://in-memory.localhost/")?;
        request.headers_mut().insert("content-type", kind);
        if let Some(target) = target {
            request.headers_mut().insert("x-amz-target", target.to_owned());
        }
        let authorization = format!("AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/aws/aws4_request");
        request.headers_mut().insert("authorization", authorization);
        let answer = self.0.call(request).await?;
        let text = String::from_utf8_lossy(answer.body().bytes().unwrap_or_default()).into_owned();
        if answer.status().is_success() {
            return Ok(text);
        }
        Err(format!("{} failed: {text}", target.unwrap_or("a request to sns")).into())
    }

    /// Makes a queue that gets the messages of every topic there is and keeps them hidden once they were
    /// received.
    ///
    /// # Errors
    ///
    /// What the embedded AWS says.
    pub async fn listen(&self, queue: &str) -> Result<(), BoxError> {
        let attributes = json!({ "VisibilityTimeout": "43200" });
        self.call("AmazonSQS.CreateQueue", json!({ "QueueName": queue, "Attributes": attributes })).await?;
        for topic in self.topics().await? {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("Action", "Subscribe").append_pair("Version", "2010-03-31");
            form.append_pair("TopicArn", &topic);
            form.append_pair("Protocol", "sqs");
            form.append_pair("Endpoint", &format!("arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{queue}"));
            let form = form.finish();
            self.post("application/x-www-form-urlencoded", None, form).await?;
        }
        Ok(())
    }

    /// The ARNs of all topics.
    async fn topics(&self) -> Result<Vec<String>, BoxError> {
        let form = "Action=ListTopics&Version=2010-03-31".to_owned();
        let answer = self.post("application/x-www-form-urlencoded", None, form).await?;
        if answer.contains("<NextToken>") {
            return Err("there are more topics than one page of ListTopics holds".into());
        }
        let arns = answer.split("<TopicArn>").skip(1).filter_map(|text| text.split_once("</TopicArn>"));
        Ok(arns.map(|(arn, _)| arn.to_owned()).collect())
    }

    /// Asks DynamoDB Streams.
    ///
    /// # Errors
    ///
    /// What the embedded AWS says.
    pub async fn streams(&self, operation: &str, body: Value) -> Result<Value, BoxError> {
        self.call(&format!("DynamoDBStreams_20120810.{operation}"), body).await
    }

    /// Asks SQS about the queue of this name.
    ///
    /// # Errors
    ///
    /// What the embedded AWS says.
    pub async fn sqs(&self, operation: &str, queue: &str, mut body: Value) -> Result<Value, BoxError> {
        let host = "http://in-memory.localhost:80";
        body["QueueUrl"] = json!(format!("{host}/{ACCOUNT_ID}/{queue}"));
        self.call(&format!("AmazonSQS.{operation}"), body).await
    }

    /// The names of all queues.
    ///
    /// # Errors
    ///
    /// What the embedded AWS says.
    pub async fn queues(&self) -> Result<Vec<String>, BoxError> {
        let answer = self.call("AmazonSQS.ListQueues", json!({})).await?;
        let urls = answer["QueueUrls"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut names: Vec<_> =
            urls.map(|url| url.rsplit('/').next().unwrap_or_default().to_owned()).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// The stream of a table.
    ///
    /// # Errors
    ///
    /// If it has none, or what the embedded AWS says.
    pub async fn stream_arn(&self, table: &str) -> Result<String, BoxError> {
        let answer = self.streams("ListStreams", json!({ "TableName": table })).await?;
        let arn = answer["Streams"][0]["StreamArn"].as_str();
        Ok(arn.ok_or_else(|| format!("the table {table} has no stream"))?.to_owned())
    }
}

/// Makes a queue that gets what is published to any topic there is, and keeps a message hidden once it was
/// received: for tests that look at what subscribers would hear. Topics that are made later are not heard.
///
/// # Errors
///
/// What the embedded AWS says.
pub async fn listen_to_everything(aws: &InMemoryAws, queue: &str) -> Result<(), BoxError> {
    Raw(aws.clone()).listen(queue).await
}
