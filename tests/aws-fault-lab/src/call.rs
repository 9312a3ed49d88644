//! One AWS call: what can be read from its request, and what became of it.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;

use crate::fault::Fault;
use crate::plan::Site;
use crate::s3;

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
    /// The service that it goes to: `DynamoDB`, `SQS`, `SNS` or `S3`.
    pub service: &'static str,
    /// Who made it and what it is.
    pub site: Site,
    /// The types of the messages it publishes.
    pub messages: Vec<String>,
    /// What it is about: the names of the things whose ids stand in its request, or in the message that it
    /// deletes. Sorted, each once.
    pub about: Vec<String>,
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
    /// All ids in it, of whatever.
    pub(crate) ids: Vec<String>,
    /// The receipt handles of the messages that it deletes.
    pub(crate) receipts: Vec<String>,
}

/// All that looks like an id in a text.
pub(crate) fn ids(text: &[u8]) -> Vec<String> {
    const DASHES: [usize; 4] = [8, 13, 18, 23];
    let fits = |(at, sign): (usize, &u8)| {
        if DASHES.contains(&at) { *sign == b'-' } else { sign.is_ascii_hexdigit() }
    };
    let found = text.windows(36).filter(|window| window.iter().enumerate().all(fits));
    found.map(|id| String::from_utf8_lossy(id).into_owned()).collect()
}

impl Description {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let body = request.body().bytes().unwrap_or_default();
        let description =
            match request.headers().get("x-amz-target").and_then(|target| target.split_once('.')) {
                Some(("AmazonSQS", operation)) => Self::of_sqs(operation, &json(body)),
                Some((_, operation)) => Self::of_dynamodb(operation, &json(body)),
                None if s3::is_asked(request) => Self::of_s3(request),
                None => Self::of_sns(body),
            };
        Self { ids: ids(body), ..description }
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
        let entries = body["Entries"].as_array().into_iter().flatten().chain([body]);
        let receipts =
            entries.filter_map(|entry| entry["ReceiptHandle"].as_str().map(str::to_owned)).collect();
        Self { service: "SQS", operation: operation.to_owned(), target, receipts, ..Self::default() }
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

    fn of_s3(request: &HttpRequest) -> Self {
        let (operation, target) = s3::operation_and_target(request);
        Self { service: "S3", operation, target, ..Self::default() }
    }

    pub(crate) fn publishes(&self) -> bool {
        matches!(self.operation.as_str(), "Publish" | "PublishBatch")
    }

    /// Whether AWS could do this to it.
    pub(crate) fn can_meet(&self, fault: Fault) -> bool {
        match fault {
            Fault::TransactionConflict => self.operation == TRANSACTION,
            Fault::PartialBatchFailure => self.operation == "PublishBatch" || self.is_batch_of_items(),
            Fault::RefusedForAWhile | Fault::RefusedMessage => self.publishes(),
            _ => true,
        }
    }

    /// Whether a message comes to a queue or a topic by it.
    pub(crate) fn sends(&self) -> bool {
        self.publishes() || matches!(self.operation.as_str(), "SendMessage" | "SendMessageBatch")
    }

    pub(crate) fn is_batch_of_items(&self) -> bool {
        matches!(self.operation.as_str(), "BatchWriteItem" | "BatchGetItem")
    }

    /// Whether an answer to it changes nothing, so that repeating it for ever is no progress.
    pub(crate) fn only_reads(&self) -> bool {
        let verbs = ["Get", "BatchGet", "TransactGet", "Query", "Scan", "Describe", "List", "Head"];
        verbs.iter().any(|verb| self.operation.starts_with(verb))
    }

    pub(crate) fn is_poll(&self) -> bool {
        self.operation == "ReceiveMessage"
    }
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}
