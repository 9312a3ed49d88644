//! Whether messages of one release can be read by another: schemas are compared, and nothing else.
//!
//! Compared are the names of fields, whether they are always there, their type, format and closed list of
//! values, in objects and lists of any depth. Lengths, patterns and bounds are not: consumers here do not
//! rest on them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What of a released message today's breaks, as JSON schemas of their data: a field that is gone, that may
/// be absent now, or that can have a value that the released one could not. Empty: whoever read the released
/// one can read today's. A field that is new breaks nobody.
pub fn broken(released: &Value, today: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    Comparison { kept: true, wrong: &mut wrong }.value("", released, today);
    wrong
}

/// What a consumer reads of a message and its sender does not promise. A field that the consumer can do
/// without may be missing; if it is there, it has to be of the type that is read.
pub fn missing(read: &Value, sent: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    Comparison { kept: false, wrong: &mut wrong }.value("", read, sent);
    wrong
}

struct Comparison<'a> {
    /// Whether a field may not even disappear that readers had to do without.
    kept: bool,
    wrong: &'a mut Vec<String>,
}

impl Comparison<'_> {
    fn value(&mut self, at: &str, before: &Value, now: &Value) {
        let (types, others) = (set(before, "type"), set(now, "type"));
        if !types.is_empty() && (others.is_empty() || !others.is_subset(&types)) {
            self.say(at, &format!("was {} and is {}", words(&types), words(&others)));
        }
        if let Some(format) = before.get("format")
            && now.get("format") != Some(format)
        {
            self.say(at, &format!("has no longer the format {format}"));
        }
        let (values, others) = (set(before, "enum"), set(now, "enum"));
        if !values.is_empty() && (others.is_empty() || !others.is_subset(&values)) {
            self.say(at, "can have values that nobody knew; give the message another name");
        }
        self.fields(at, before, now);
        if let Some(items) = before.get("items") {
            self.value(&format!("{at}[]"), items, now.get("items").unwrap_or(&Value::Null));
        }
    }

    fn fields(&mut self, at: &str, before: &Value, now: &Value) {
        let (needed, there) = (set(before, "required"), set(now, "required"));
        let none = Map::new();
        let fields = |schema: &'_ Value| schema.get("properties").and_then(Value::as_object).cloned();
        let (before, now) = (fields(before).unwrap_or_default(), fields(now).unwrap_or(none));
        for (name, field) in &before {
            let place = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            let is_needed = needed.contains(name);
            match now.get(name) {
                None if is_needed || self.kept => self.say(&place, "is gone"),
                Some(_) if is_needed && !there.contains(name) => self.say(&place, "may be absent"),
                Some(today) => self.value(&place, field, today),
                None => {}
            }
        }
    }

    fn say(&mut self, at: &str, what: &str) {
        let at = if at.is_empty() { "the whole" } else { at };
        self.wrong.push(format!("{at} {what}"));
    }
}

/// The texts of a keyword that has one or a list of them.
fn set(schema: &Value, keyword: &str) -> BTreeSet<String> {
    let texts = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match schema.get(keyword) {
        None => BTreeSet::new(),
        Some(Value::Array(values)) => values.iter().map(texts).collect(),
        Some(value) => BTreeSet::from([texts(value)]),
    }
}

fn words(types: &BTreeSet<String>) -> String {
    if types.is_empty() { "anything".to_owned() } else { Vec::from_iter(types.iter().cloned()).join(" or ") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn released() -> Value {
        json!({
            "type": "object",
            "required": ["id", "total", "lines"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "total": {"type": "integer"},
                "state": {"type": "string", "enum": ["OPEN", "PAID"]},
                "lines": {"type": "array", "items": {
                    "type": "object", "properties": {"sku": {"type": "string"}},
                }},
            },
        })
    }

    /// The released schema with what a change makes of it.
    fn with(change: impl FnOnce(&mut Value)) -> Value {
        let mut today = released();
        change(&mut today);
        today
    }

    #[test]
    fn what_follows_the_rules_breaks_nobody() {
        assert_eq!(broken(&released(), &released()), [""; 0]);
        let added = with(|s| s["properties"]["email"] = json!({"type": "string"}));
        let stricter = with(|s| s["required"] = json!(["id", "total", "lines", "state"]));
        let fewer_values = with(|s| s["properties"]["state"]["enum"] = json!(["PAID"]));
        let described = with(|s| s["properties"]["id"]["description"] = json!("who"));
        for today in [added, stricter, fewer_values, described] {
            assert_eq!(broken(&released(), &today), [""; 0], "{today}");
        }
    }

    #[test]
    fn each_change_that_breaks_somebody_is_named_with_its_field() {
        let remove = |name: &'static str| {
            with(move |s| drop(s["properties"].as_object_mut().map(|fields| fields.remove(name))))
        };
        let cases = [
            (remove("total"), "total is gone"),
            (remove("state"), "state is gone"),
            (with(|s| s["required"] = json!(["id", "lines"])), "total may be absent"),
            (with(|s| s["properties"]["total"]["type"] = json!("string")), "total was integer and is string"),
            (
                with(|s| s["properties"]["total"]["type"] = json!(["integer", "null"])),
                "total was integer and is integer or null",
            ),
            (with(|s| s["properties"]["total"] = json!({})), "total was integer and is anything"),
            (
                with(|s| s["properties"]["id"] = json!({"type": "string"})),
                "id has no longer the format \"uuid\"",
            ),
            (
                with(|s| s["properties"]["state"]["enum"] = json!(["OPEN", "PAID", "LOST"])),
                "state can have values that nobody knew; give the message another name",
            ),
            (
                with(|s| s["properties"]["lines"]["items"]["properties"]["sku"]["type"] = json!("integer")),
                "lines[].sku was string and is integer",
            ),
            (with(|s| s["properties"]["lines"]["items"] = json!(null)), "lines[] was object and is anything"),
        ];
        for (today, expected) in cases {
            let found = broken(&released(), &today);
            assert!(found.iter().any(|line| line == expected), "{expected}: {found:?}");
        }
    }

    #[test]
    fn a_consumer_reads_what_is_promised_and_can_do_without_the_rest() {
        let reads = |fields: Value, needed: Value| {
            let mut schema = json!({"type": "object"});
            (schema["properties"], schema["required"]) = (fields, needed);
            schema
        };
        let ok = reads(json!({"total": {"type": "integer"}, "email": {"type": "string"}}), json!(["total"]));
        assert_eq!(missing(&ok, &released()), [""; 0]);
        let absent = reads(json!({"state": {"type": "string"}}), json!(["state"]));
        assert_eq!(missing(&absent, &released()), ["state may be absent"]);
        let unknown = reads(json!({"email": {"type": "string"}}), json!(["email"]));
        assert_eq!(missing(&unknown, &released()), ["email is gone"]);
        let other = reads(json!({"total": {"type": "string"}}), json!([]));
        assert_eq!(missing(&other, &released()), ["total was string and is integer"]);
    }
}
