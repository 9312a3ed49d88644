//! Filter patterns of the event source mapping: a pattern in the first line, a record in the rest.

use local_aws::mapping::Filter;
use serde_json::Value;

pub(crate) fn target(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (pattern, record) = text.split_once('\n').unwrap_or((text, "{}"));
    let parsed = Filter::parse(pattern);
    let Ok(pattern) = serde_json::from_str::<Value>(pattern) else {
        assert!(parsed.is_err(), "this is no JSON");
        return;
    };
    // Lambda would refuse or read otherwise what is not listed here; a filter that is misread loses records
    // without a word.
    assert_eq!(parsed.is_ok(), pattern.is_object() && is_understood(&pattern), "{pattern}");
    let (Ok(filter), Ok(record)) = (parsed, serde_json::from_str::<Value>(record)) else { return };
    assert_eq!(filter.matches(&record), matches(&pattern, Some(&record)), "{pattern} and {record}");
}

fn is_understood(node: &Value) -> bool {
    match node {
        Value::Object(members) => {
            members.iter().all(|(name, node)| !name.starts_with('$') && is_understood(node))
        }
        Value::Array(conditions) => !conditions.is_empty() && conditions.iter().all(is_condition),
        _ => false,
    }
}

fn is_condition(condition: &Value) -> bool {
    let Value::Object(operators) = condition else { return !condition.is_array() };
    let mut operators = operators.iter();
    let (Some((name, operand)), None) = (operators.next(), operators.next()) else { return false };
    match name.as_str() {
        "prefix" => operand.is_string(),
        "exists" => operand.is_boolean(),
        "anything-but" => is_excluded(operand),
        _ => false,
    }
}

fn is_excluded(operand: &Value) -> bool {
    let is_word = |value: &Value| value.is_string() || value.is_number();
    match operand {
        Value::Array(values) => !values.is_empty() && values.iter().all(is_word),
        Value::Object(inner) => inner.len() == 1 && inner.get("prefix").is_some_and(Value::is_string),
        value => is_word(value),
    }
}

/// The meaning of a pattern that is understood, in as few words as possible.
fn matches(node: &Value, value: Option<&Value>) -> bool {
    match node {
        Value::Object(members) => {
            members.iter().all(|(name, node)| matches(node, value.and_then(|value| value.get(name))))
        }
        Value::Array(conditions) => {
            let candidates = match value {
                Some(Value::Array(elements)) => elements.iter().map(Some).collect(),
                value => vec![value],
            };
            candidates.iter().any(|candidate| conditions.iter().any(|condition| holds(condition, *candidate)))
        }
        _ => false,
    }
}

fn holds(condition: &Value, value: Option<&Value>) -> bool {
    let leaf = value.filter(|value| !value.is_object());
    let begins = |prefix: &Value| {
        let text = leaf.and_then(Value::as_str).zip(prefix.as_str());
        text.map(|(text, prefix)| text.starts_with(prefix))
    };
    let Value::Object(operator) = condition else { return leaf == Some(condition) };
    match operator.iter().next() {
        Some((name, expected)) if name == "exists" => Some(leaf.is_some()) == expected.as_bool(),
        Some((name, prefix)) if name == "prefix" => begins(prefix) == Some(true),
        Some((_, Value::Object(inner))) => begins(&inner["prefix"]) == Some(false),
        Some((_, Value::Array(excluded))) => leaf.is_some_and(|leaf| !excluded.contains(leaf)),
        Some((_, excluded)) => leaf.is_some_and(|leaf| leaf != excluded),
        None => false,
    }
}
