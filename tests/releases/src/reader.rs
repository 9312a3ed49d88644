//! What the programs of a release require of what they read: its messages and its items, field by field.
//!
//! The table is written by hand from the types of that release, once, and kept with what it has written,
//! which it must fit. What it does not name, those programs pass over.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use crate::item::{Item, plain};

/// The requirements of a release.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reader {
    /// Every envelope.
    envelope: Fields,
    /// By queue, what is expected there.
    messages: BTreeMap<String, Expected>,
    /// The kinds of items.
    items: Vec<Shape>,
    /// What later releases do not keep, by the complaint, with what to do about it.
    pub known: BTreeMap<String, String>,
}

/// By name, what a value must be; a name that ends with `?` may be absent.
type Fields = BTreeMap<String, String>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    #[serde(rename = "type")]
    kind: String,
    source: String,
    /// It is about one of these; a name of the data in braces is its value.
    about: Vec<String>,
    data: Fields,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    /// In words.
    what: String,
    /// The table, or the end of its name behind a `*`.
    table: String,
    /// The partition key.
    key: String,
    fields: Fields,
}

impl Reader {
    /// Whether the release consumes this queue.
    pub fn consumes(&self, queue: &str) -> bool {
        self.messages.contains_key(queue)
    }

    /// What is wrong with a message of a queue: the envelope, without what SNS wraps around it.
    pub fn message(&self, queue: &str, envelope: &str) -> Vec<String> {
        let Some(expected) = self.messages.get(queue) else {
            return vec![format!("{queue} has no consumer")];
        };
        let Ok(envelope) = serde_json::from_str::<Value>(envelope) else {
            return vec![format!("{queue}: it is no JSON")];
        };
        let (kind, source) = (envelope["type"].as_str(), envelope["source"].as_str());
        let mut wrong = complaints(&self.envelope, &envelope);
        if kind != Some(&expected.kind) || source != Some(&expected.source) {
            wrong.push(format!("{} of {} was expected", expected.kind, expected.source));
        }
        wrong.extend(complaints(&expected.data, &envelope["data"]));
        let subject = envelope["subject"].as_str().unwrap_or_default();
        let fits_one = expected.about.iter().any(|about| fits(&filled(about, &envelope["data"]), subject));
        if !subject.is_empty() && !fits_one {
            wrong.push(format!("the subject {subject} is another"));
        }
        wrong.into_iter().map(|wrong| format!("{queue}: {wrong}")).collect()
    }

    /// What is wrong with an item of a table.
    pub fn item(&self, table: &str, item: &Item) -> Vec<String> {
        let item = plain(item);
        let key = item["PK"].as_str().unwrap_or_default();
        let in_table = |shape: &&Shape| match shape.table.strip_prefix('*') {
            Some(end) => table.ends_with(end),
            None => table == shape.table,
        };
        let Some(shape) = self.items.iter().filter(in_table).find(|shape| fits(&shape.key, key)) else {
            return vec![format!("{table}: {key} is no item that it knows")];
        };
        let wrong = complaints(&shape.fields, &item).into_iter();
        wrong.map(|wrong| format!("{}: {wrong}", shape.what)).collect()
    }

    /// The kinds of items, in words, with the names of the attributes that each must have.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.items.iter().map(|shape| {
            let names = shape.fields.keys().map(String::as_str).filter(|name| !name.ends_with('?'));
            (shape.what.as_str(), names.collect())
        })
    }
}

fn complaints(fields: &Fields, value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, kind) in fields {
        let (name, may_be_absent) =
            name.strip_suffix('?').map_or((name.as_str(), false), |name| (name, true));
        match value.get(name) {
            None if may_be_absent => {}
            None => wrong.push(format!("{name} is missing")),
            Some(value) if !is(kind, value) => wrong.push(format!("{name} is not {kind}")),
            Some(_) => {}
        }
    }
    wrong
}

fn is(kind: &str, value: &Value) -> bool {
    let text = value.as_str();
    match kind {
        "a text" => text.is_some_and(|text| !text.is_empty()),
        "a number" => value.is_u64(),
        "an object" => value.is_object(),
        "a uuid" => text.is_some_and(|text| Uuid::parse_str(text).is_ok()),
        "a time" => text.is_some_and(|text| OffsetDateTime::parse(text, &Rfc3339).is_ok()),
        "a sequence" => text.is_some_and(is_sequence),
        "JSON" => text.is_some_and(|text| serde_json::from_str::<Value>(text).is_ok()),
        _ => text.is_some_and(|text| kind.split(" or ").any(|kind| fits(kind, text))),
    }
}

fn is_sequence(text: &str) -> bool {
    text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The template with the values of these data.
fn filled(template: &str, data: &Value) -> String {
    let fields = data.as_object().into_iter().flatten();
    fields.fold(template.to_owned(), |text, (name, value)| {
        value.as_str().map_or(text.clone(), |value| text.replace(&format!("{{{name}}}"), value))
    })
}

/// Whether the text is the template, in which `{uuid}` stands for any uuid and `{text}` for any text.
fn fits(template: &str, text: &str) -> bool {
    let Some((before, rest)) = template.split_once('{') else { return template == text };
    let Some(text) = text.strip_prefix(before) else { return false };
    let Some((what, after)) = rest.split_once('}') else { return false };
    match what {
        "uuid" => {
            let (id, behind) = text.split_at_checked(36).unwrap_or((text, ""));
            Uuid::parse_str(id).is_ok() && fits(after, behind)
        }
        _ => (1..=text.len()).any(|at| text.is_char_boundary(at) && fits(after, &text[at..])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0192f3a1-7c5e-7d44-9b3e-0123456789ab";

    #[test]
    fn a_template_takes_its_own_and_nothing_else() {
        assert!(fits("ORDER#{uuid}", &format!("ORDER#{ID}")));
        assert!(fits("MESSAGE#{text}#{uuid}", &format!("MESSAGE#order--created#{ID}")));
        for other in ["ORDER#", "ORDER#1", &format!("ORDER#{ID}#"), &format!("order#{ID}")] {
            assert!(!fits("ORDER#{uuid}", other), "{other}");
        }
    }

    #[test]
    fn a_value_is_of_its_kind() {
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        for (kind, good, bad) in [
            ("a text", r#""x""#, r#""""#),
            ("a number", "7", "-7"),
            ("an object", "{}", "[]"),
            ("a uuid", r#""0192f3a1-7c5e-7d44-9b3e-0123456789ab""#, r#""7""#),
            ("a time", r#""2026-11-28T19:00:00+00:00""#, r#""yesterday""#),
            ("a sequence", r#""00000000000000000101""#, r#""101""#),
            ("JSON", r#""{}""#, r#""{""#),
            ("RESERVED or REFUSED", r#""REFUSED""#, r#""RELEASED""#),
        ] {
            assert!(is(kind, &json(good)) && !is(kind, &json(bad)), "{kind}");
        }
    }
}
