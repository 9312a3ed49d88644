//! What a dead letter says beside its body: the attributes that it came with, and the reason.

use std::collections::HashMap;

use aws_sdk_sqs::{
    error::BuildError,
    types::{Message, MessageAttributeValue},
};

/// The attribute with the reason.
const REASON: &str = "reason";
const TEXT: &str = "String";

/// SQS takes no more attributes of a message ("Amazon SQS Developer Guide, Message quotas").
const MAX_ATTRIBUTES: usize = 10;

/// The longest reason, in bytes.
const MAX_REASON: usize = 500;

/// The message's own attributes, with the reason as one more. They count towards the message's size, and what
/// would make it larger than `max_bytes`, or be one attribute too many, is the reason alone: it is cut or
/// left out, for a letter without a reason is better than none. The log has the whole reason.
pub(super) fn attributes(
    message: &Message,
    reason: &str,
    max_bytes: usize,
) -> Result<HashMap<String, MessageAttributeValue>, BuildError> {
    let mut attributes = message.message_attributes().cloned().unwrap_or_default();
    // A letter that was moved back and failed again: the newest reason counts.
    attributes.remove(REASON);
    let taken = message.body().unwrap_or_default().len() + size_of(&attributes);
    let room = max_bytes.saturating_sub(taken + REASON.len() + TEXT.len());
    if attributes.len() < MAX_ATTRIBUTES && room > 0 {
        let reason = printable(reason, room.min(MAX_REASON));
        let value = MessageAttributeValue::builder().data_type(TEXT).string_value(reason).build()?;
        attributes.insert(REASON.to_owned(), value);
    }
    Ok(attributes)
}

/// Names, types and values count ("Amazon SQS API Reference, SendMessage").
fn size_of(attributes: &HashMap<String, MessageAttributeValue>) -> usize {
    let of_value = |value: &MessageAttributeValue| {
        let binary = value.binary_value().map_or(0, |bytes| bytes.as_ref().len());
        value.data_type().len() + value.string_value().map_or(0, str::len) + binary
    };
    attributes.iter().map(|(name, value)| name.len() + of_value(value)).sum()
}

/// A message attribute takes neither control characters nor empty text. So many bytes at most, each of which
/// is one character.
fn printable(reason: &str, at_most: usize) -> String {
    let shown = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    let reason = if reason.is_empty() { "unknown" } else { reason };
    reason.chars().map(shown).take(at_most).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: &str) -> MessageAttributeValue {
        MessageAttributeValue::builder().data_type(TEXT).string_value(value).build().unwrap()
    }

    proptest! {
        #[test]
        fn no_letter_is_larger_than_its_message_may_be_and_none_loses_an_attribute(
            body in "[a-z]{1,400}", names in prop::collection::hash_set("[a-z]{6,9}", 0..=10), reason: String,
            spare in 0usize..700,
        ) {
            let own: HashMap<_, _> =
                names.into_iter().filter(|name| name != REASON).map(|name| (name, text("value"))).collect();
            let message = Message::builder().body(&body).set_message_attributes(Some(own.clone())).build();
            let max_bytes = body.len() + size_of(&own) + spare;
            let all = attributes(&message, &reason, max_bytes).unwrap();
            prop_assert!(body.len() + size_of(&all) <= max_bytes);
            prop_assert!(all.len() <= MAX_ATTRIBUTES);
            prop_assert!(own.iter().all(|(name, value)| all.get(name) == Some(value)));
            let fits = own.len() < MAX_ATTRIBUTES && spare > REASON.len() + TEXT.len();
            prop_assert_eq!(all.contains_key(REASON), fits);
        }
    }
}
