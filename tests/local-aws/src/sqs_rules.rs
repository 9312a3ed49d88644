//! What AWS refuses in requests to SQS, and rustack takes.

use aws_smithy_types::base64;
use serde_json::Value;

use crate::rules::{Attribute, MAX_BYTES, Refusal, is_entry_id, is_group, is_sendable};

type Verdict = Result<(), Refusal>;

const MAX_ATTRIBUTES: usize = 10;
const MAX_ENTRIES: usize = 10;

/// The entries of a batch that are refused while the others are carried out, as `Failed` of the answer lists
/// them.
pub(crate) type Failed = Vec<Value>;

/// Judges a request. Of a batch, takes out the entries that AWS refuses alone.
pub(crate) fn check(operation: &str, request: &mut Value) -> Result<Failed, Refusal> {
    match operation {
        "SendMessage" => message(request)?,
        "DeleteMessage" => receipt(request)?,
        "ChangeMessageVisibility" => visibility(request)?,
        "ReceiveMessage" => {
            within(request, "MaxNumberOfMessages", 1, 10)?;
            within(request, "WaitTimeSeconds", 0, 20)?;
            within(request, "VisibilityTimeout", 0, 43_200)?;
        }
        "SendMessageBatch" => {
            let entries = batch(request)?;
            if entries.iter().map(bytes).sum::<usize>() > MAX_BYTES {
                let text = format!("Batch requests cannot be longer than {MAX_BYTES} bytes.");
                return Err(Refusal::new("AWS.SimpleQueueService.BatchRequestTooLong", text));
            }
            return Ok(without_refused(entries, message));
        }
        "DeleteMessageBatch" => return Ok(without_refused(batch(request)?, receipt)),
        "ChangeMessageVisibilityBatch" => return Ok(without_refused(batch(request)?, visibility)),
        _ => {}
    }
    Ok(Failed::new())
}

/// The entries, if they may stand together.
fn batch(request: &mut Value) -> Result<&mut Vec<Value>, Refusal> {
    let Some(entries) = request.get_mut("Entries").and_then(Value::as_array_mut) else {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter Entries."));
    };
    let refusal = |code, text: &str| Err(Refusal::new(code, text));
    let ids: Vec<&str> = entries.iter().map(|entry| text(entry, "Id")).collect();
    if ids.is_empty() {
        let code = "AWS.SimpleQueueService.EmptyBatchRequest";
        return refusal(code, "There should be at least one entry in the request.");
    }
    if ids.len() > MAX_ENTRIES {
        let code = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest";
        return refusal(code, "Maximum number of entries per request are 10.");
    }
    if !ids.iter().all(|id| is_entry_id(id)) {
        let code = "AWS.SimpleQueueService.InvalidBatchEntryId";
        let text = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.";
        return refusal(code, text);
    }
    if ids.iter().enumerate().any(|(n, id)| ids[..n].contains(id)) {
        return refusal("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "An id is repeated.");
    }
    Ok(entries)
}

fn without_refused(entries: &mut Vec<Value>, check: fn(&Value) -> Verdict) -> Failed {
    let mut failed = Failed::new();
    entries.retain(|entry| match check(entry) {
        Ok(()) => true,
        Err(Refusal { code, message }) => {
            let id = text(entry, "Id");
            failed
                .push(serde_json::json!({ "Id": id, "SenderFault": true, "Code": code, "Message": message }));
            false
        }
    });
    failed
}

fn message(request: &Value) -> Verdict {
    let body = text(request, "MessageBody");
    if body.is_empty() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter MessageBody."));
    }
    if let Some(group) = request.get("MessageGroupId").and_then(Value::as_str)
        && !is_group(group)
    {
        return invalid(format!(
            "Value {group} for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and \
             punctuation characters. 1 to 128 in length."
        ));
    }
    let attributes: Vec<Attribute<'_>> = attributes(request).collect();
    if attributes.len() > MAX_ATTRIBUTES {
        return invalid(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [10].",
            attributes.len()
        ));
    }
    if let Some(fault) = attributes.iter().find_map(Attribute::fault) {
        return invalid(fault);
    }
    if bytes(request) > MAX_BYTES {
        return invalid(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {MAX_BYTES} bytes."
        ));
    }
    let is_text = |attribute: &Attribute<'_>| is_sendable(attribute.value);
    if !is_sendable(body) || !attributes.iter().all(is_text) {
        let text = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | \
                    #x10000 to #x10FFFF";
        return Err(Refusal::new("InvalidMessageContents", text));
    }
    within(request, "DelaySeconds", 0, 900)
}

/// rustack's handles are the Base64 of `message id:nanoseconds:random id`.
fn receipt(request: &Value) -> Verdict {
    let handle = text(request, "ReceiptHandle");
    let decoded =
        base64::decode(handle).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    if let [message, time, _] = decoded.split(':').collect::<Vec<_>>()[..]
        && message.len() == 36
        && time.parse::<u128>().is_ok()
    {
        return Ok(());
    }
    Err(Refusal::new(
        "ReceiptHandleIsInvalid",
        format!("The input receipt handle \"{handle}\" is not a valid receipt handle."),
    ))
}

fn visibility(request: &Value) -> Verdict {
    receipt(request)?;
    within(request, "VisibilityTimeout", 0, 43_200)
}

fn within(request: &Value, parameter: &str, least: i64, most: i64) -> Verdict {
    match request.get(parameter).and_then(Value::as_i64) {
        Some(value) if !(least..=most).contains(&value) => invalid(format!(
            "Value {value} for parameter {parameter} is invalid. Reason: Must be between {least} and {most}, if provided."
        )),
        _ => Ok(()),
    }
}

fn bytes(message: &Value) -> usize {
    text(message, "MessageBody").len() + attributes(message).map(|attribute| attribute.bytes()).sum::<usize>()
}

fn attributes(message: &Value) -> impl Iterator<Item = Attribute<'_>> {
    let given = message.get("MessageAttributes").and_then(Value::as_object);
    given.into_iter().flatten().map(|(name, given)| {
        let data_type = text(given, "DataType");
        let member = if data_type.starts_with("Binary") { "BinaryValue" } else { "StringValue" };
        Attribute { name, data_type, value: text(given, member) }
    })
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn invalid(text: impl Into<String>) -> Verdict {
    Err(Refusal::new("InvalidParameterValue", text))
}
