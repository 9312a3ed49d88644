//! What AWS refuses in messages, wherever they are sent: sizes, attributes and names of batch entries.
//!
//! From the "Amazon SQS API Reference" and "Amazon SNS API Reference": SendMessage, SendMessageBatch,
//! Publish, PublishBatch and MessageAttributeValue.

/// The largest message, and the largest batch of them: body or text, and names, types and values of
/// attributes.
pub(crate) const MAX_BYTES: usize = 256 * 1024;

/// A refusal, with the code by which the SDK knows it and the words that a person reads.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// A message attribute as either service spells it.
pub(crate) struct Attribute<'a> {
    pub(crate) name: &'a str,
    pub(crate) data_type: &'a str,
    /// The text of a string or number, the Base64 of bytes.
    pub(crate) value: &'a str,
}

impl Attribute<'_> {
    /// What it adds to the size of its message.
    pub(crate) fn bytes(&self) -> usize {
        let value = if self.kind() == "Binary" { self.value.len() / 4 * 3 } else { self.value.len() };
        self.name.len() + self.data_type.len() + value
    }

    fn kind(&self) -> &str {
        self.data_type.split('.').next().unwrap_or_default()
    }

    /// What AWS says against it.
    pub(crate) fn fault(&self) -> Option<String> {
        let Self { name, data_type, value } = self;
        let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
        let reserved = name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws."))
            || name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("amazon."));
        if name.is_empty() || name.len() > 256 || !name.bytes().all(named) || dots || reserved {
            return Some(format!("The message attribute name '{name}' is invalid."));
        }
        if !matches!(self.kind(), "String" | "Number" | "Binary") || data_type.len() > 256 {
            return Some(format!(
                "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is Binary, \
                 Number, and String."
            ));
        }
        if value.is_empty() {
            return Some(format!(
                "The message attribute '{name}' must contain non-empty message attribute value for message attribute type \
                 '{data_type}'."
            ));
        }
        let is_number = value.len() <= 128 && value.parse::<f64>().is_ok_and(f64::is_finite);
        (self.kind() == "Number" && !is_number)
            .then(|| format!("Could not cast message attribute '{name}' value to number."))
    }
}

/// Whether every character may stand in a message of SQS: `#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to
/// #xFFFD | #x10000 to #x10FFFF`.
pub(crate) fn is_sendable(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..))
}

/// Whether a batch entry may be called this.
pub(crate) fn is_entry_id(id: &str) -> bool {
    (1..=80).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Whether a message group may be called this.
pub(crate) fn is_group(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_those_of_xml() {
        assert!(is_sendable("\t\n\r ~\u{D7FF}\u{E000}\u{FFFD}\u{10000}\u{10FFFF}"));
        for refused in ['\u{0}', '\u{1}', '\u{8}', '\u{B}', '\u{1F}', '\u{FFFE}', '\u{FFFF}'] {
            assert!(!is_sendable(&refused.to_string()), "{refused:?}");
        }
    }

    #[test]
    fn an_attribute_has_a_name_a_type_and_a_value() {
        let fault = |name, data_type, value| Attribute { name, data_type, value }.fault();
        for (data_type, value) in
            [("String", "x"), ("String.mine", "x"), ("Number", "-1.5e3"), ("Binary", "eA==")]
        {
            assert!(fault("a.b-c_1", data_type, value).is_none(), "{data_type} {value}");
        }
        for (name, data_type, value) in [
            ("a", "String", ""),
            ("a", "Text", "x"),
            ("a", "", "x"),
            ("a", "Number", "one"),
            ("a b", "String", "x"),
            (".a", "String", "x"),
            ("AWS.a", "String", "x"),
            ("", "String", "x"),
        ] {
            assert!(fault(name, data_type, value).is_some(), "{name} {data_type} {value}");
        }
    }
}
