//! The messages of one service, or of all, as an AsyncAPI 3.0 document: a channel for each topic, its
//! messages with the JSON schema of envelope and data, and who sends and receives them.
//!
//! Source of the format: "AsyncAPI Specification 3.0.0".

use serde_json::{Map, Value, json};
use transactional_messaging::wiring::Consumes;

use super::Contract;

const ABOUT: &str = concat!(
    "Each topic of SNS is a channel. A message is a CloudEvents document in JSON; a queue of SQS gets it in ",
    "the `Message` of an SNS notification. It may come more than once, with the same id. Fields that are not ",
    "listed here may be added, and must be ignored.",
);

/// The document of these services. What one of them sends stands there as the sender has it, whoever reads
/// it; of what comes from elsewhere it has the fields that are read.
pub fn asyncapi<'a>(contracts: impl IntoIterator<Item = &'a Contract>) -> Value {
    let contracts: Vec<_> = contracts.into_iter().collect();
    let names: Vec<_> = contracts.iter().map(|contract| contract.service).collect();
    let mut document = Document::default();
    for contract in &contracts {
        for (kind, message) in &contract.sends {
            document.message(kind, message.topic, &message.data, Some(contract.source));
            document.operation(
                &format!("{}.send.{kind}", contract.service),
                "send",
                kind,
                message.topic,
                Value::Null,
            );
        }
    }
    for contract in &contracts {
        for from in &contract.wiring.consumes {
            document.received(contract, from);
        }
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": names.join(", "),
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": document.channels,
        "operations": document.operations,
        "components": { "messages": document.messages, "schemas": { "Envelope": envelope() } },
    })
}

#[derive(Default)]
struct Document {
    channels: Map<String, Value>,
    operations: Map<String, Value>,
    messages: Map<String, Value>,
}

impl Document {
    fn message(&mut self, kind: &str, topic: &str, data: &Value, source: Option<&str>) {
        let channel = self.channels.entry(topic).or_insert_with(|| json!({"address": topic, "messages": {}}));
        channel["messages"][kind] = json!({"$ref": format!("#/components/messages/{kind}")});
        let mut own = json!({"type": {"const": kind}, "data": data});
        if let Some(source) = source {
            own["source"] = json!({"const": source});
        }
        let schema = json!({
            "allOf": [{"$ref": "#/components/schemas/Envelope"}, {"type": "object", "properties": own}],
        });
        let mut message = json!({"name": kind, "title": kind, "payload": schema});
        if let Some(summary) = data.get("description") {
            message["summary"] = summary.clone();
        }
        self.messages.insert(kind.to_owned(), message);
    }

    fn operation(&mut self, id: &str, action: &str, kind: &str, topic: &str, more: Value) {
        let mut operation = json!({
            "action": action,
            "channel": {"$ref": format!("#/channels/{topic}")},
            "messages": [{"$ref": format!("#/channels/{topic}/messages/{kind}")}],
        });
        if let (Value::Object(operation), Value::Object(more)) = (&mut operation, more) {
            operation.extend(more);
        }
        self.operations.insert(id.to_owned(), operation);
    }

    fn received(&mut self, contract: &Contract, Consumes { queue, topic, kind }: &Consumes) {
        if !self.messages.contains_key(kind) {
            let nothing = json!({"type": "object"});
            self.message(kind, topic, contract.reads.get(&**kind).unwrap_or(&nothing), None);
        }
        let id = format!("{}.receive.{kind}", contract.service);
        let more = json!({"summary": format!("From the queue {queue}.")});
        self.operation(&id, "receive", kind, topic, more);
    }
}

/// What every message is wrapped in: [`Envelope`](transactional_messaging::envelope::Envelope).
fn envelope() -> Value {
    let uuid = |text: &str| json!({"type": "string", "format": "uuid", "description": text});
    let text = |text: &str| json!({"type": "string", "description": text});
    json!({
        "type": "object",
        "description": "CloudEvents 1.0, with sequence, correlationid, causationid, traceparent and tracestate.",
        "required": ["specversion", "id", "source", "type", "data"],
        "properties": {
            "specversion": {"type": "string", "pattern": r"^1\.[0-9]{1,4}$"},
            "id": uuid("The same each time the message comes: by it a duplicate is known."),
            "source": text("The service that published it."),
            "type": text("The kind of message."),
            "subject": text("What it is about, as kind/id."),
            "time": {"type": "string", "format": "date-time", "description": "When it happened."},
            "datacontenttype": {"type": "string", "const": "application/json"},
            "sequence": {"type": "string", "pattern": "^[0-9]{1,20}$",
                "description": "Its place among the messages of its subject. There are gaps."},
            "correlationid": uuid("One id for everything that one request set off."),
            "causationid": uuid("The message that caused this one; absent when a request did."),
            "traceparent": text("W3C trace context."),
            "tracestate": text("What belongs to the traceparent, as W3C writes it; absent without one."),
            "data": {"type": "object", "description": "The message itself."},
        },
    })
}
