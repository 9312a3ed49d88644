//! What AWS refuses in requests to SNS, and rustack takes; and what rustack takes, but cannot do.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::groups::is_standard;
use crate::rules::{Attribute, MAX_BYTES, Refusal, is_entry_id, is_group};

/// The parameters of a request, in the sequence in which they were sent.
pub(crate) type Form = Vec<(String, String)>;

/// What rustack says of an entry that is spoilt by [`check`], in the place of which the real reason goes into
/// the answer.
pub(crate) const SPOILT: &str = "Invalid parameter: Message Reason: When MessageStructure is 'json', the message must contain a \
                                 'default' key";

/// What the envelope has besides, with the longest name of a topic, which is in it three times.
const LARGEST_FRAME: usize = 1_600;

const ENTRIES: &str = "PublishBatchRequestEntries.member.";

/// Judges a request. Of a batch, spoils the entries that AWS refuses alone and returns the reasons, in their
/// sequence.
///
/// Bytes of attributes are handed on as the text of their Base64, as they stand in the envelope of AWS;
/// rustack would leave them out.
pub(crate) fn check(action: &str, form: &mut Form) -> Result<Vec<String>, Refusal> {
    let mut reasons = Vec::new();
    match action {
        "Publish" => {
            message(form, "").map_or(Ok(()), Err)?;
        }
        "PublishBatch" => {
            let ids = entry_ids(form)?;
            let total: usize = ids.keys().map(|n| bytes(form, &format!("{ENTRIES}{n}."))).sum();
            if total > MAX_BYTES {
                let text = format!(
                    "The length of all the messages put together is more than the limit of {MAX_BYTES} bytes"
                );
                return Err(Refusal::new("BatchRequestTooLong", text));
            }
            for n in ids.keys() {
                let prefix = format!("{ENTRIES}{n}.");
                if let Some(refusal) = message(form, &prefix) {
                    reasons.push(refusal.message);
                    form.retain(|(name, _)| !name.starts_with(&prefix) || *name == format!("{prefix}Id"));
                    form.push((format!("{prefix}Message"), "{}".to_owned()));
                    form.push((format!("{prefix}MessageStructure"), "json".to_owned()));
                }
            }
        }
        "Subscribe" => {
            let given: Vec<(String, String)> = attributes_of_subscription(form);
            given.iter().try_for_each(|(name, value)| subscription(name, value))?;
        }
        "SetSubscriptionAttributes" => {
            subscription(get(form, "AttributeName"), get(form, "AttributeValue"))?;
        }
        _ => {}
    }
    for (name, _) in form.iter_mut() {
        if let Some(start) = name.strip_suffix(".Value.BinaryValue") {
            *name = format!("{start}.Value.StringValue");
        }
    }
    Ok(reasons)
}

/// The groups of what is published to a standard topic, by the messages.
pub(crate) fn groups(form: &Form) -> HashMap<String, String> {
    if !is_standard(get(form, "TopicArn")) {
        return HashMap::new();
    }
    let named = form.iter().filter_map(|(key, group)| Some((key.strip_suffix("MessageGroupId")?, group)));
    named.map(|(prefix, group)| (get(form, &format!("{prefix}Message")).to_owned(), group.clone())).collect()
}

/// The entries of a batch, by number. How many there are and whether their ids are distinct is judged by
/// rustack.
fn entry_ids(form: &Form) -> Result<BTreeMap<u32, String>, Refusal> {
    let id = |name: &str| name.strip_prefix(ENTRIES)?.strip_suffix(".Id")?.parse().ok();
    let ids: BTreeMap<u32, String> =
        form.iter().filter_map(|(name, value)| Some((id(name)?, value.clone()))).collect();
    if let Some(wrong) = ids.values().find(|id| !is_entry_id(id)) {
        return Err(Refusal::new(
            "InvalidBatchEntryId",
            format!("The Id of a batch entry is invalid: {wrong}"),
        ));
    }
    Ok(ids)
}

fn message(form: &Form, prefix: &str) -> Option<Refusal> {
    if get(form, &format!("{prefix}Message")).is_empty() {
        return Some(Refusal::new("InvalidParameter", "Invalid parameter: Empty message"));
    }
    let group = format!("{prefix}MessageGroupId");
    if form.iter().any(|(name, value)| *name == group && !is_group(value)) {
        let text = "Invalid parameter: MessageGroupId Reason: The MessageGroupId can only include alphanumeric and punctuation \
                    characters. 1 to 128 in length";
        return Some(Refusal::new("InvalidParameter", text));
    }
    let attributes = attributes(form, prefix);
    if let Some(fault) = attributes.iter().find_map(Attribute::fault) {
        return Some(Refusal::new("ParameterValueInvalid", fault));
    }
    if let Some(list) = attributes.iter().find(|attribute| attribute.data_type == "String.Array") {
        let text = format!(
            "local-aws does not support the type String.Array, which '{}' has: no filter policy would see it",
            list.name
        );
        return Some(Refusal::new("InvalidParameter", text));
    }
    if bytes(form, prefix) > MAX_BYTES {
        return Some(Refusal::new("InvalidParameter", "Invalid parameter: Message too long"));
    }
    (enveloped(form, prefix) > MAX_BYTES).then(|| {
        let text = "local-aws does not support messages that with their envelope are larger than 256 KiB: AWS \
                    delivers them, since its queues take up to 1 MiB";
        Refusal::new("InvalidParameter", text)
    })
}

/// The size of the document that a queue gets, or a little more.
fn enveloped(form: &Form, prefix: &str) -> usize {
    let quoted = |text: &str| Value::from(text).to_string().len();
    let frame = r#""":{"Type":,"Value":},"#.len();
    let attributes = attributes(form, prefix);
    let attribute = |it: &Attribute| quoted(it.name) + quoted(it.value) + it.data_type.len() + frame;
    quoted(get(form, &format!("{prefix}Message")))
        + attributes.iter().map(attribute).sum::<usize>()
        + quoted(get(form, &format!("{prefix}Subject")))
        + LARGEST_FRAME
}

fn bytes(form: &Form, prefix: &str) -> usize {
    let attributes: usize = attributes(form, prefix).iter().map(Attribute::bytes).sum();
    get(form, &format!("{prefix}Message")).len() + attributes
}

fn attributes<'a>(form: &'a Form, prefix: &str) -> Vec<Attribute<'a>> {
    let start = format!("{prefix}MessageAttributes.entry.");
    let named =
        form.iter().filter_map(|(key, name)| Some((key.strip_prefix(&start)?.strip_suffix(".Name")?, name)));
    let attribute = |(n, name): (&str, &'a String)| {
        let data_type = get(form, &format!("{start}{n}.Value.DataType"));
        let member = if data_type.starts_with("Binary") { "BinaryValue" } else { "StringValue" };
        Attribute { name, data_type, value: get(form, &format!("{start}{n}.Value.{member}")) }
    };
    named.map(attribute).collect()
}

fn attributes_of_subscription(form: &Form) -> Vec<(String, String)> {
    let keys = form.iter().filter(|(key, _)| key.starts_with("Attributes.entry.") && key.ends_with(".key"));
    keys.map(|(key, name)| {
        (name.clone(), get(form, &format!("{}value", key.trim_end_matches("key"))).to_owned())
    })
    .collect()
}

fn subscription(attribute: &str, value: &str) -> Result<(), Refusal> {
    let unsupported =
        |what: &str| Err(Refusal::new("InvalidParameter", format!("local-aws does not support {what}")));
    match attribute {
        "RawMessageDelivery" if value.eq_ignore_ascii_case("true") => {
            unsupported("raw message delivery: read the message out of its envelope")
        }
        "FilterPolicyScope" if value != "MessageAttributes" => {
            unsupported("filter policies on the body of a message: put what is filtered by into an attribute")
        }
        "FilterPolicy" if !value.is_empty() => filter_policy(value),
        _ => Ok(()),
    }
}

/// rustack evaluates exact strings and numbers, `prefix`, `suffix`, `numeric`, `exists` and `anything-but`
/// with values. It takes all else and never matches it.
fn filter_policy(policy: &str) -> Result<(), Refusal> {
    let refuse = |why: String| {
        Err(Refusal::new("InvalidParameter", format!("Invalid parameter: FilterPolicy: {why}")))
    };
    let Ok(Value::Object(names)) = serde_json::from_str(policy) else {
        return refuse("failed to parse JSON: not an object".to_owned());
    };
    for (name, conditions) in &names {
        if name == "$or" {
            return refuse("local-aws does not support $or".to_owned());
        }
        let Some(conditions) = conditions.as_array().filter(|conditions| !conditions.is_empty()) else {
            return refuse(format!(
                "\"{name}\" must be an object or an array of at least one value; local-aws takes no objects"
            ));
        };
        if let Some(condition) = conditions.iter().find(|condition| !is_supported(condition)) {
            return refuse(format!("\"{name}\": local-aws does not support {condition}"));
        }
    }
    Ok(())
}

fn is_supported(condition: &Value) -> bool {
    let plain = |value: &Value| value.is_string() || value.is_number();
    let Value::Object(operator) = condition else { return plain(condition) };
    let mut operator = operator.iter();
    let (Some((name, value)), None) = (operator.next(), operator.next()) else { return false };
    match name.as_str() {
        "prefix" | "suffix" => value.is_string(),
        "exists" => value.is_boolean(),
        "numeric" => value.is_array(),
        "anything-but" => plain(value) || value.as_array().is_some_and(|values| values.iter().all(plain)),
        _ => false,
    }
}

fn get<'a>(form: &'a Form, name: &str) -> &'a str {
    form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
}
