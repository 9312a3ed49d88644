//! The message groups of standard queues, by which AWS makes them fair. rustack refuses them there, so they
//! are taken out of what is sent, kept beside it, and put into what is received.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_smithy_types::base64;
use serde_json::Value;

const GROUP: &str = "MessageGroupId";

tokio::task_local! {
    /// Of what is being published, the groups by the messages: rustack hands on none to a standard queue.
    pub(crate) static PUBLISHED: HashMap<String, String>;
}

/// The group of each message that has one, by the message's id, with the name of the queue it was sent to.
#[derive(Default)]
pub(crate) struct Groups(Mutex<HashMap<String, (String, String)>>);

impl Groups {
    /// Keeps what was sent, shows what is received, and forgets what is gone: whether the answer is another
    /// now.
    pub(crate) fn saw(&self, operation: &str, request: &Value, answer: &mut Value) -> bool {
        let queue = text(request, "QueueUrl");
        match operation {
            "SendMessage" => self.sent(queue, request, text(answer, "MessageId")),
            "SendMessageBatch" => {
                for sent in list(answer, "Successful") {
                    let entry = list(request, "Entries").find(|entry| entry["Id"] == sent["Id"]);
                    entry.into_iter().for_each(|entry| self.sent(queue, entry, text(sent, "MessageId")));
                }
            }
            "ReceiveMessage" if asks(request) => return self.show(answer),
            "DeleteMessage" => self.forget(request),
            "DeleteMessageBatch" => list(request, "Entries").for_each(|entry| self.forget(entry)),
            "PurgeQueue" | "DeleteQueue" => self.retain(|_, (of, _)| of != name(queue)),
            _ => {}
        }
        false
    }

    fn sent(&self, queue: &str, request: &Value, message: &str) {
        let group = text(request, GROUP);
        if is_standard(queue) && !group.is_empty() {
            let kept = (name(queue).to_owned(), group.to_owned());
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(message.to_owned(), kept);
        }
    }

    fn show(&self, answer: &mut Value) -> bool {
        let groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut shown = false;
        for message in answer.get_mut("Messages").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some((_, group)) = groups.get(text(message, "MessageId")) {
                message["Attributes"][GROUP] = group.as_str().into();
                shown = true;
            }
        }
        shown
    }

    /// rustack's handles are the Base64 of `message id:nanoseconds:random id`.
    fn forget(&self, request: &Value) {
        let handle = base64::decode(text(request, "ReceiptHandle")).unwrap_or_default();
        let handle = String::from_utf8(handle).unwrap_or_default();
        let message = handle.split(':').next().unwrap_or_default();
        self.retain(|id, _| id != message);
    }

    fn retain(&self, keep: impl Fn(&String, &mut (String, String)) -> bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(keep);
    }
}

/// Takes the groups out of what is sent to a standard queue: whether there were any.
pub(crate) fn take_out(request: &mut Value) -> bool {
    if !is_standard(text(request, "QueueUrl")) {
        return false;
    }
    let one = |message: &mut Value| message.as_object_mut().is_some_and(|it| it.remove(GROUP).is_some());
    let alone = one(request);
    let entries = request.get_mut("Entries").and_then(Value::as_array_mut).into_iter().flatten();
    entries.map(one).fold(alone, |any, taken| any | taken)
}

/// The group that was published with the message in this document.
pub(crate) fn published_with(document: &str) -> Option<String> {
    let message = serde_json::from_str::<Value>(document).ok()?;
    PUBLISHED.try_with(|groups| groups.get(text(&message, "Message")).cloned()).ok().flatten()
}

/// Whether a queue or topic of this name, address or ARN is no FIFO one.
pub(crate) fn is_standard(name: &str) -> bool {
    !name.ends_with(".fifo")
}

fn asks(request: &Value) -> bool {
    let names = ["AttributeNames", "MessageSystemAttributeNames"].into_iter();
    names.flat_map(|list_of| list(request, list_of)).any(|name| name == GROUP || name == "All")
}

fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

fn list<'a>(value: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(member).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}
