//! One AWS call: what can be read from its request, and what became of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;

use crate::fault::Fault;

/// What the second of two equal consumers has behind its name.
pub(crate) const SECOND_COPY: &str = " (second)";

/// The operation that writes a transaction.
pub(crate) const TRANSACTION: &str = "TransactWriteItems";

/// What stands between the tables of a transaction.
pub(crate) const TABLES: &str = " + ";

/// A call that a component made, or tried to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its place among all calls of the run, from 0.
    pub index: usize,
    /// When it was made, since the run began.
    pub at: Duration,
    /// Who made it and what it is.
    pub site: Site,
    /// The types of the messages it publishes.
    pub messages: Vec<String>,
    /// What was done to it.
    pub fault: Option<Fault>,
    /// What became of it.
    pub outcome: Outcome,
}

impl Call {
    pub(crate) fn is_transaction(&self) -> bool {
        self.site.operation == TRANSACTION
    }
}

/// Where in a program a call is made, as far as it shows from outside: component, operation and target.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    /// The component.
    pub component: Arc<str>,
    /// The operation, such as `PutItem`.
    pub operation: String,
    /// The tables, queue or topic.
    pub target: String,
}

impl Site {
    pub(crate) fn of(component: &Arc<str>, call: &Description) -> Self {
        let (operation, target) = (call.operation.clone(), call.target.clone());
        Self { component: component.clone(), operation, target }
    }

    /// The same place in the program when this is the second copy of a consumer.
    pub(crate) fn of_first_copy(&self) -> Self {
        let component = self.component.strip_suffix(SECOND_COPY).map_or(self.component.clone(), Arc::from);
        Self { component, ..self.clone() }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.component, self.operation, self.target)
    }
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The run ended, or the component crashed, before there was an answer.
    Unanswered,
    /// AWS answered 2xx.
    Done,
    /// It was an empty answer to a poll.
    Empty,
    /// AWS refused.
    Refused,
    /// The caller's SDK gave up waiting, or could not connect.
    Lost,
}

/// What a request says about itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Description {
    pub(crate) service: &'static str,
    pub(crate) operation: String,
    pub(crate) target: String,
    /// Id and type of each message in it.
    pub(crate) messages: Vec<(String, String)>,
}

impl Description {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let body = request.body().bytes().unwrap_or_default();
        match request.headers().get("x-amz-target").and_then(|target| target.split_once('.')) {
            Some(("AmazonSQS", operation)) => Self::of_sqs(operation, &json(body)),
            Some((_, operation)) => Self::of_dynamodb(operation, &json(body)),
            None => Self::of_sns(body),
        }
    }

    fn of_dynamodb(operation: &str, body: &Value) -> Self {
        let mut tables: Vec<&str> = body["TableName"].as_str().into_iter().collect();
        let actions = body["TransactItems"].as_array().into_iter().flatten();
        tables
            .extend(actions.filter_map(|action| action.as_object()?.values().next()?["TableName"].as_str()));
        tables
            .extend(body["RequestItems"].as_object().into_iter().flatten().map(|(table, _)| table.as_str()));
        tables.dedup();
        Self {
            service: "DynamoDB",
            operation: operation.to_owned(),
            target: tables.join(TABLES),
            ..Self::default()
        }
    }

    fn of_sqs(operation: &str, body: &Value) -> Self {
        let url = body["QueueUrl"].as_str().or(body["QueueName"].as_str()).unwrap_or_default();
        let target = url.rsplit('/').next().unwrap_or(url).to_owned();
        Self { service: "SQS", operation: operation.to_owned(), target, ..Self::default() }
    }

    fn of_sns(body: &[u8]) -> Self {
        let mut description = Self { service: "SNS", ..Self::default() };
        for (name, value) in form_urlencoded::parse(body) {
            match name.as_ref() {
                "Action" => description.operation = value.into_owned(),
                "TopicArn" => description.target = value.rsplit(':').next().unwrap_or_default().to_owned(),
                name if name == "Message" || name.ends_with(".Message") => {
                    let envelope = json(value.as_bytes());
                    let field = |name: &str| envelope[name].as_str().unwrap_or_default().to_owned();
                    description.messages.push((field("id"), field("type")));
                }
                _ => {}
            }
        }
        description
    }

    pub(crate) fn publishes(&self) -> bool {
        matches!(self.operation.as_str(), "Publish" | "PublishBatch")
    }

    pub(crate) fn is_batch_of_items(&self) -> bool {
        matches!(self.operation.as_str(), "BatchWriteItem" | "BatchGetItem")
    }

    /// Whether an answer to it changes nothing, so that repeating it for ever is no progress.
    pub(crate) fn only_reads(&self) -> bool {
        let verbs = ["Get", "BatchGet", "TransactGet", "Query", "Scan", "Describe", "List"];
        verbs.iter().any(|verb| self.operation.starts_with(verb))
    }

    pub(crate) fn is_poll(&self) -> bool {
        self.operation == "ReceiveMessage"
    }
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}
