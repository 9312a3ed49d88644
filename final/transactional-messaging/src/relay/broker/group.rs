//! The group of a message: in a FIFO topic what keeps its order, in a standard one whose message it is.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use uuid::Uuid;

/// The longest name ("Amazon SNS API Reference, PublishBatchRequestEntry").
const LONGEST: usize = 128;

/// The message group of a subject.
pub(in crate::relay) fn group_of(partition: &str) -> String {
    named(partition)
}

/// The group that this field of the event's data names: a text or a number. An event without it has none, and
/// counts as a tenant of its own.
pub(super) fn tenant_of(message: &str, field: &str) -> Option<String> {
    // The data may be large, and one field of it is asked for.
    #[derive(Deserialize)]
    struct Of<'a> {
        #[serde(borrow)]
        data: BTreeMap<String, &'a RawValue>,
    }

    let envelope: Of<'_> = serde_json::from_str(message).ok()?;
    match serde_json::from_str(envelope.data.get(field)?.get()).ok()? {
        Value::String(text) if !text.is_empty() => Some(named(&text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A name may have 128 letters, digits and signs of ASCII; another is replaced by its hash.
fn named(text: &str) -> String {
    if text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        text.to_owned()
    } else {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_the_subject_or_the_hash_of_one_that_sns_would_refuse() {
        assert_eq!(group_of("SUBJECT#order/1"), "SUBJECT#order/1");
        let long = |end: &str| group_of(&format!("{}{end}", "x".repeat(200)));
        assert!(long("a").len() <= 128 && long("a") != long("b"));
        for refused in ["SUBJECT#order 1", "SUBJECT#büro/1", "SUBJECT#a\nb"] {
            assert!(group_of(refused).bytes().all(|byte| byte.is_ascii_graphic()), "{refused}");
        }
    }

    #[test]
    fn a_tenant_is_a_text_or_a_number_of_the_data() {
        let tenant = |data: &str| tenant_of(&format!(r#"{{"id": "1", "data": {data}}}"#), "customer_id");
        assert_eq!(tenant(r#"{"n": {"deep": [1]}, "customer_id": "77ab"}"#).as_deref(), Some("77ab"));
        assert_eq!(tenant(r#"{"customer_id": 7}"#).as_deref(), Some("7"));
        let spaced = tenant(r#"{"customer_id": "Ada Lovelace"}"#);
        assert!(spaced.is_some_and(|group| group.parse::<Uuid>().is_ok()));
    }

    #[test]
    fn without_the_field_or_with_one_that_names_nobody_there_is_none() {
        for data in [
            "{}",
            "[]",
            r#"{"customer_id": ""}"#,
            r#"{"customer_id": null}"#,
            r#"{"customer_id": {"id": "77ab"}}"#,
            r#"{"deeper": {"customer_id": "77ab"}}"#,
        ] {
            assert_eq!(tenant_of(&format!(r#"{{"data": {data}}}"#), "customer_id"), None, "{data}");
        }
        assert_eq!(tenant_of("no JSON", "customer_id"), None);
    }
}
