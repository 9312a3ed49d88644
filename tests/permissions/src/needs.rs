//! From a request to the IAM actions and resources that AWS checks for it, as the "Service Authorization
//! Reference" lists them.
//!
//! A transaction needs no permission of its own but that of each action in it, be it one of writes or of
//! reads; a batch of DynamoDB has an action of its own, whatever is in it, and a batch of SQS or SNS that of
//! the single call; a query of an index is one on the index and not on its table; a mail needs the identity
//! of its sender. What is not known here becomes an action that no policy allows, so that a new kind of call
//! cannot pass unseen.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use local_aws::{ACCOUNT_ID, REGION};
use serde_json::Value;

/// `SendEmail` of the Amazon SES API of version 2, which names no target.
const SEND_EMAIL: &str = "/v2/email/outbound-emails";

/// One permission.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// Such as `dynamodb:PutItem`.
    pub action: String,
    /// Its ARN in the embedded AWS, or `*` where AWS knows no resource.
    pub resource: String,
}

impl Need {
    fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into() }
    }

    fn unknown(what: &str) -> Self {
        Self::new(format!("unknown:{what}"), "*")
    }
}

/// What the request needs. `stream` is the stream that the caller asked about last, and is kept up to date.
pub fn of(request: &HttpRequest, stream: &mut String) -> Vec<Need> {
    let body = request.body().bytes().unwrap_or_default();
    let Some(target) = request.headers().get("x-amz-target") else {
        return if request.uri().ends_with(SEND_EMAIL) { ses(body) } else { sns(body) };
    };
    let json = serde_json::from_slice(body).unwrap_or_default();
    match target.split_once('.') {
        Some(("DynamoDB_20120810", operation)) => dynamodb(operation, &json),
        Some(("DynamoDBStreams_20120810", operation)) => streams(operation, &json, stream),
        Some(("AmazonSQS", operation)) => sqs(operation, &json),
        _ => vec![Need::unknown(target)],
    }
}

fn ses(body: &[u8]) -> Vec<Need> {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let sender = json["FromEmailAddress"].as_str().unwrap_or_default();
    vec![Need::new("ses:SendEmail", arn("ses", &format!("identity/{sender}")))]
}

fn dynamodb(operation: &str, body: &Value) -> Vec<Need> {
    let action = |name: &str| format!("dynamodb:{name}");
    match operation {
        "TransactWriteItems" | "TransactGetItems" => {
            let actions = body["TransactItems"].as_array().into_iter().flatten();
            let actions = actions.filter_map(Value::as_object).flatten();
            actions
                .map(|(kind, item)| match kind.as_str() {
                    "ConditionCheck" => Need::new(action("ConditionCheckItem"), table(item)),
                    kind => Need::new(action(&format!("{kind}Item")), table(item)),
                })
                .collect()
        }
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            tables.map(|(name, _)| Need::new(action(operation), table_arn(name))).collect()
        }
        "ListTables" => vec![Need::new(action(operation), "*")],
        _ => match body["IndexName"].as_str() {
            Some(index) => vec![Need::new(action(operation), format!("{}/index/{index}", table(body)))],
            None => vec![Need::new(action(operation), table(body))],
        },
    }
}

fn streams(operation: &str, body: &Value, stream: &mut String) -> Vec<Need> {
    if let Some(arn) = body["StreamArn"].as_str() {
        arn.clone_into(stream);
    }
    let resource = match operation {
        "ListStreams" => format!("{}/stream/*", table(body)),
        _ => stream.clone(),
    };
    vec![Need::new(format!("dynamodb:{operation}"), resource)]
}

fn sqs(operation: &str, body: &Value) -> Vec<Need> {
    let name = body["QueueUrl"].as_str().or(body["QueueName"].as_str());
    let resource = match name {
        Some(name) => arn("sqs", name.rsplit('/').next().unwrap_or(name)),
        None => "*".to_owned(),
    };
    vec![Need::new(format!("sqs:{}", single(operation)), resource)]
}

fn sns(body: &[u8]) -> Vec<Need> {
    let fields: Vec<_> = form_urlencoded::parse(body).collect();
    let field =
        |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_ref());
    let Some(operation) = field("Action") else { return vec![Need::unknown("request")] };
    let resource = match (field("TopicArn"), field("Name")) {
        (Some(topic), _) => topic.to_owned(),
        (None, Some(name)) => arn("sns", name),
        (None, None) => "*".to_owned(),
    };
    vec![Need::new(format!("sns:{}", single(operation)), resource)]
}

/// A batch is allowed by the action of the single call.
fn single(operation: &str) -> &str {
    operation.strip_suffix("Batch").unwrap_or(operation)
}

fn table(body: &Value) -> String {
    body["TableName"].as_str().map_or_else(|| "*".to_owned(), table_arn)
}

fn table_arn(name: &str) -> String {
    arn("dynamodb", &format!("table/{name}"))
}

fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{resource}")
}
