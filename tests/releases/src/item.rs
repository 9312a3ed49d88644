//! Items of DynamoDB as JSON: as they come over the wire, to be kept, and as plain values, to be judged.

use std::collections::HashMap;

use anyhow::{Context as _, bail};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value, json};

/// An item.
pub type Item = HashMap<String, AttributeValue>;

/// The item as DynamoDB writes it, such as `{"PK": {"S": "ORDER#…"}}`, sorted by name.
///
/// # Errors
///
/// When it has an attribute of a type that no program here writes.
pub fn to_wire(item: &Item) -> anyhow::Result<Value> {
    let mut names: Vec<_> = item.keys().collect();
    names.sort();
    let pair = |name: &String| Ok((name.clone(), value_to_wire(&item[name])?));
    Ok(Value::Object(names.into_iter().map(pair).collect::<anyhow::Result<Map<_, _>>>()?))
}

fn value_to_wire(value: &AttributeValue) -> anyhow::Result<Value> {
    Ok(match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(is) => json!({ "BOOL": is }),
        AttributeValue::M(map) => json!({ "M": to_wire(map)? }),
        other => bail!("{other:?} is of a type that nothing here writes"),
    })
}

/// The other way.
///
/// # Errors
///
/// When it is not what [`to_wire`] writes.
pub fn from_wire(item: &Value) -> anyhow::Result<Item> {
    let item = item.as_object().context("an item is an object")?;
    item.iter().map(|(name, value)| Ok((name.clone(), value_from_wire(value)?))).collect()
}

fn value_from_wire(value: &Value) -> anyhow::Result<AttributeValue> {
    let typed = value.as_object().and_then(|object| object.iter().next()).context("a value has a type")?;
    let text = || typed.1.as_str().map(str::to_owned).context("a text was expected");
    Ok(match typed.0.as_str() {
        "S" => AttributeValue::S(text()?),
        "N" => AttributeValue::N(text()?),
        "BOOL" => AttributeValue::Bool(typed.1.as_bool().context("true or false was expected")?),
        "M" => AttributeValue::M(from_wire(typed.1)?),
        other => bail!("{other} is a type that nothing here writes"),
    })
}

/// The item without its types: texts, numbers, objects.
pub fn plain(item: &Item) -> Value {
    Value::Object(item.iter().map(|(name, value)| (name.clone(), plain_value(value))).collect())
}

fn plain_value(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!(text),
        AttributeValue::N(number) => serde_json::from_str(number).unwrap_or_default(),
        AttributeValue::Bool(is) => json!(is),
        AttributeValue::M(map) => plain(map),
        _ => Value::Null,
    }
}

/// An attribute that is a text; empty where it is none.
pub fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}

/// An attribute that is a number; 0 where it is none.
pub fn number(item: &Item, name: &str) -> u64 {
    let text = item.get(name).and_then(|value| AttributeValue::as_n(value).ok());
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn an_item_comes_back_as_it_was() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let positions = AttributeValue::M([("shard".to_owned(), text("7"))].into());
        let item: Item = [
            ("PK".to_owned(), text("ORDER#1")),
            ("Version".to_owned(), AttributeValue::N("3".to_owned())),
            ("Positions".to_owned(), positions),
        ]
        .into();
        assert_eq!(from_wire(&to_wire(&item).unwrap()).unwrap(), item);
        assert_eq!(plain(&item), json!({"PK": "ORDER#1", "Version": 3, "Positions": {"shard": "7"}}));
        to_wire(&[("PK".to_owned(), AttributeValue::Ss(Vec::new()))].into()).unwrap_err();
        from_wire(&json!({"PK": {"SS": []}})).unwrap_err();
    }
}
