//! What is stored and what was published, in a form in which two runs can be compared: ids that are made on
//! the way, and times, are left out; the ids of customers and orders, which follow from their idempotency
//! keys, stay.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::{Uuid, Version};

use crate::shop::{PROBE, Shop, items};

const OUTBOXES: [&str; 2] = ["customers-outbox", "orders-outbox"];
const SENT: [&str; 2] = ["customers-sent", "orders-sent"];
const OTHERS: [&str; 4] = ["customers", "customers-inbox", "orders", "orders-inbox"];

/// What is stored, by table and partition key. A list, and not a set: an item too many is a difference.
pub(crate) type Stored = BTreeMap<(&'static str, String), Vec<String>>;

/// Everything that is stored.
pub(crate) async fn stored(shop: &Shop) -> Stored {
    let mut stored = Stored::new();
    for table in OUTBOXES.into_iter().chain(SENT).chain(OTHERS) {
        for item in items(shop, table).await {
            let partition = settled_text(item["PK"].as_str().unwrap());
            stored.entry((table, partition)).or_default().push(settled(Value::Object(item)).to_string());
        }
    }
    stored.values_mut().for_each(|items| items.sort_unstable());
    stored
}

/// A message's subject, sequence and kind.
pub(crate) type Place = (String, String, String);

/// What the probe heard: for each message the different texts of it, and what was out of order.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) texts: BTreeMap<Place, BTreeSet<String>>,
    pub(crate) disorder: Vec<String>,
}

impl Heard {
    /// Empties the probe's queue.
    pub(crate) async fn listen(&mut self, shop: &Shop) {
        loop {
            let bodies = shop.take_all(PROBE).await;
            if bodies.is_empty() {
                return;
            }
            bodies.iter().for_each(|body| self.hear(body));
        }
    }

    fn hear(&mut self, body: &str) {
        let body: Value = serde_json::from_str(body).unwrap();
        let text = body["Message"].as_str().unwrap();
        let place = place(text);
        let overtaken = |other: &Place| other.0 == place.0 && other.1 > place.1;
        if !self.texts.contains_key(&place) && self.texts.keys().any(overtaken) {
            self.disorder.push(format!("{place:?} came late"));
        }
        self.texts.entry(place).or_default().insert(text.to_owned());
    }

    pub(crate) fn places(&self) -> Vec<&Place> {
        self.texts.keys().collect()
    }
}

/// The messages that wait in the outboxes.
pub(crate) async fn waiting(shop: &Shop) -> BTreeSet<Place> {
    messages(shop, OUTBOXES).await
}

/// The messages that are kept as sent.
pub(crate) async fn kept(shop: &Shop) -> BTreeSet<Place> {
    messages(shop, SENT).await
}

async fn messages(shop: &Shop, tables: [&str; 2]) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    for table in tables {
        let items = items(shop, table).await.into_iter();
        places.extend(items.filter_map(|item| Some(place(item.get("Message")?.as_str()?))));
    }
    places
}

fn place(envelope: &str) -> Place {
    let envelope: Value = serde_json::from_str(envelope).unwrap();
    let field = |name: &str| envelope[name].as_str().unwrap().to_owned();
    (field("subject"), field("sequence"), field("type"))
}

fn settled(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let settle = |(name, value): (String, Value)| {
                let value = match name.as_str() {
                    "ExpiresAt" => "<time>".into(),
                    _ => settled(value),
                };
                (name, value)
            };
            Value::Object(members.into_iter().map(settle).collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(settled).collect()),
        Value::String(text) if transactional_messaging::timestamp::parse(&text).is_ok() => "<time>".into(),
        Value::String(text) => match serde_json::from_str(&text) {
            // An envelope inside an item.
            Ok(inner @ Value::Object(_)) => settled(inner),
            _ => settled_text(&text).into(),
        },
        other => other,
    }
}

/// Ids that follow from a name stay; ids that were counted are left out.
fn settled_text(text: &str) -> String {
    let is_part_of_id = |c: char| c.is_ascii_hexdigit() || c == '-';
    let settle = |word: &str| match word.parse::<Uuid>() {
        Ok(id) if id.get_version() != Some(Version::Sha1) => "<id>".to_owned(),
        _ => word.to_owned(),
    };
    let mut settled = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_part_of_id) {
        let word_and_more = &rest[start..];
        let end = word_and_more.find(|c| !is_part_of_id(c)).unwrap_or(word_and_more.len());
        settled.push_str(&rest[..start]);
        settled.push_str(&settle(&word_and_more[..end]));
        rest = &word_and_more[end..];
    }
    settled + rest
}
