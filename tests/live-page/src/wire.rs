//! From a call as it went over the wire to what it meant. What concerns no message and no order is nothing.

use local_aws::{DELIVER, Exchange};
use serde_json::{Value, json};

/// A call that was answered, as far as the page cares.
#[derive(Debug, PartialEq)]
pub(crate) enum Call {
    /// These writes took place, all at once.
    Wrote(Vec<Write>),
    /// None of these took place; each has the code that DynamoDB gave it.
    Cancelled(Vec<(Write, String)>),
    /// An inbox was asked and knows the message: the key.
    Known(String),
    /// A stream was read: the keys of the rows that are new.
    Read(Vec<(String, String)>),
    /// A topic was given these texts; those it refused have a code.
    Published { topic: String, texts: Vec<(String, Option<String>)> },
    /// A topic brought this body to a queue.
    Delivered { queue: String, body: String },
    /// Somebody put a body into a queue, perhaps with a reason.
    Sent { queue: String, body: String, reason: Option<String> },
    /// A queue handed these out: receipt, body, and for how many times.
    Received { queue: String, messages: Vec<(String, String, u64)> },
    /// These receipts are done with.
    Deleted(Vec<String>),
    /// The receipt's message stays hidden for so many seconds.
    Hidden(String, u64),
    /// A queue was made: its visibility timeout in seconds.
    Queue(String, u64),
}

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Write {
    pub(crate) kind: Kind,
    pub(crate) table: String,
    /// The item of a put, the key of anything else, as plain JSON.
    pub(crate) item: Value,
    /// The expression of an update, and its values.
    pub(crate) update: (String, Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Put,
    Update,
    Delete,
    Check,
}

/// What the call meant.
pub(crate) fn read(exchange: &Exchange) -> Option<Call> {
    let done = exchange.status == 200;
    if matches!(exchange.operation.as_str(), "Publish" | "PublishBatch") {
        return published(exchange);
    }
    let request: Value = serde_json::from_slice(&exchange.request).ok()?;
    let answer: Value = serde_json::from_slice(&exchange.answer).unwrap_or_default();
    match exchange.operation.as_str() {
        "TransactWriteItems" => {
            let writes: Vec<Write> = list(&request["TransactItems"]).filter_map(action).collect();
            wrote(writes, done, list(&answer["CancellationReasons"]).map(|reason| text(&reason["Code"])))
        }
        "PutItem" | "UpdateItem" | "DeleteItem" => {
            let kind = exchange.operation.trim_end_matches("Item");
            let write = action(&json!({ kind: request }))?;
            let code = text(&answer["__type"]);
            let code = code.rsplit('#').next().unwrap_or_default().trim_end_matches("Exception").to_owned();
            wrote(vec![write], done, [code].into_iter())
        }
        "BatchWriteItem" if done => Some(Call::Wrote(batch(&request))),
        "GetItem" if done && answer["Item"].is_object() => {
            let key = text(&plain_item(&request["Key"])["PK"]);
            key.starts_with("MESSAGE#").then_some(Call::Known(key))
        }
        "GetRecords" if done => {
            let new = list(&answer["Records"]).filter(|record| record["eventName"] == "INSERT");
            let keys = new.map(|record| plain_item(&record["dynamodb"]["Keys"]));
            Some(Call::Read(keys.map(|keys| (text(&keys["PK"]), text(&keys["SK"]))).collect()))
        }
        operation => queued(operation, done, &request, &answer),
    }
}

fn queued(operation: &str, done: bool, request: &Value, answer: &Value) -> Option<Call> {
    let queue = text(&request["QueueUrl"]).rsplit('/').next().unwrap_or_default().to_owned();
    let receipt = |entry: &Value| text(&entry["ReceiptHandle"]);
    match operation {
        _ if !done => None,
        DELIVER => Some(Call::Delivered { queue, body: text(&request["MessageBody"]) }),
        "SendMessage" => {
            let reason = request["MessageAttributes"]["reason"]["StringValue"].as_str().map(str::to_owned);
            Some(Call::Sent { queue, body: text(&request["MessageBody"]), reason })
        }
        "ReceiveMessage" => {
            let times = |message: &Value| text(&message["Attributes"]["ApproximateReceiveCount"]).parse();
            let messages = list(&answer["Messages"])
                .map(|message| (receipt(message), text(&message["Body"]), times(message).unwrap_or(1)));
            Some(Call::Received { queue, messages: messages.collect() })
        }
        "DeleteMessage" => Some(Call::Deleted(vec![receipt(request)])),
        "DeleteMessageBatch" => {
            let failed: Vec<_> = list(&answer["Failed"]).map(|entry| &entry["Id"]).collect();
            let gone = list(&request["Entries"]).filter(|entry| !failed.contains(&&entry["Id"]));
            Some(Call::Deleted(gone.map(receipt).collect()))
        }
        "ChangeMessageVisibility" => {
            Some(Call::Hidden(receipt(request), request["VisibilityTimeout"].as_u64()?))
        }
        "CreateQueue" => {
            let visibility = text(&request["Attributes"]["VisibilityTimeout"]).parse().ok()?;
            Some(Call::Queue(text(&request["QueueName"]), visibility))
        }
        _ => None,
    }
}

fn wrote(writes: Vec<Write>, done: bool, codes: impl Iterator<Item = String>) -> Option<Call> {
    if done {
        return Some(Call::Wrote(writes));
    }
    let failed: Vec<_> = writes.into_iter().zip(codes).collect();
    (!failed.is_empty()).then_some(Call::Cancelled(failed))
}

/// An action of a transaction: an object with one member, the name of what is done.
fn action(action: &Value) -> Option<Write> {
    let (name, details) = action.as_object()?.iter().next()?;
    let kind = match name.as_str() {
        "Put" => Kind::Put,
        "Update" => Kind::Update,
        "Delete" => Kind::Delete,
        _ => Kind::Check,
    };
    let item = plain_item(if kind == Kind::Put { &details["Item"] } else { &details["Key"] });
    let update = (text(&details["UpdateExpression"]), plain_item(&details["ExpressionAttributeValues"]));
    Some(Write { kind, table: text(&details["TableName"]), item, update })
}

fn batch(request: &Value) -> Vec<Write> {
    let tables = request["RequestItems"].as_object().into_iter().flatten();
    let writes = tables.flat_map(|(table, writes)| list(writes).map(move |write| (table, write)));
    let write = |(table, write): (&String, &Value)| {
        let (kind, item) = match write["PutRequest"]["Item"].is_object() {
            true => (Kind::Put, &write["PutRequest"]["Item"]),
            false => (Kind::Delete, &write["DeleteRequest"]["Key"]),
        };
        Write { kind, table: table.clone(), item: plain_item(item), update: Default::default() }
    };
    writes.map(write).collect()
}

/// SNS is asked with a form, and answers with XML: of a batch it names each entry that it has taken.
fn published(exchange: &Exchange) -> Option<Call> {
    let form: Vec<(String, String)> = form_urlencoded::parse(&exchange.request).into_owned().collect();
    let field = |wanted: &str| form.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let answer = String::from_utf8_lossy(&exchange.answer);
    let code = |xml: &str| between(xml, "<Code>", "</Code>").unwrap_or("no answer").to_owned();
    let topic = field("TopicArn")?.rsplit(':').next()?.to_owned();
    if exchange.operation == "Publish" {
        let refused = (exchange.status != 200).then(|| code(&answer));
        return Some(Call::Published { topic, texts: vec![(field("Message")?, refused)] });
    }
    let taken = between(&answer, "<Successful>", "</Successful>").unwrap_or_default();
    let failed = between(&answer, "<Failed>", "</Failed>").unwrap_or(&answer);
    let mut texts = Vec::new();
    for number in 1.. {
        let member = |name: &str| field(&format!("PublishBatchRequestEntries.member.{number}.{name}"));
        let (Some(id), Some(message)) = (member("Id"), member("Message")) else { break };
        let tag = format!("<Id>{id}</Id>");
        let refused = (!taken.contains(&tag)).then(|| {
            let entry = failed.split("<member>").find(|entry| entry.contains(&tag));
            code(entry.unwrap_or(failed))
        });
        texts.push((message, refused));
    }
    Some(Call::Published { topic, texts })
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    text.split_once(begin)?.1.split_once(end).map(|(inner, _)| inner)
}

pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// An item of DynamoDB without the letters that say what each attribute is.
pub(crate) fn plain_item(item: &Value) -> Value {
    let attributes = item.as_object().into_iter().flatten();
    attributes.map(|(name, value)| (name.clone(), plain(value))).collect()
}

fn plain(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|object| object.iter().next()) else {
        return value.clone();
    };
    match kind.as_str() {
        "N" => inner.as_str().and_then(|number| serde_json::from_str(number).ok()).unwrap_or_default(),
        "M" => plain_item(inner),
        "L" => list(inner).map(plain).collect(),
        "NULL" => Value::Null,
        _ => inner.clone(),
    }
}
