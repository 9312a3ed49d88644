//! What today's programs write, held to what the programs of earlier releases require.

use std::collections::{BTreeMap, BTreeSet};

use customers::domain::{Money, Name};
use orders::domain::Total;
use releases::{
    Kept, Reader,
    item::{Item, text},
    kept,
    world::{Tables, waiting},
};
use shop::SERVICES;
use time::macros::datetime;
use trace_context::TraceContext;
use transactional_messaging::message::Context;
use uuid::Uuid;

use crate::today::Today;

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A request; half of them belong to a trace.
fn request(number: u128) -> Context {
    let traced = (number % 2 == 1).then(|| TraceContext::new(TRACE, Some("rojo=1"))).flatten();
    Context::of_request(Uuid::from_u128((1 << 64) + number)).traced(traced)
}

/// The queues that are subscribed to a topic.
fn queues(topic: &str) -> Vec<String> {
    let wirings = SERVICES.iter().map(|service| (service.wiring)());
    let consumed = wirings.flat_map(|wiring| wiring.consumes);
    consumed.filter(|from| from.topic == topic).map(|from| from.queue).collect()
}

/// Everything that today's services write, and every message: no relay runs, so that rows stay as they were
/// stored.
async fn written() -> (Tables, BTreeMap<String, Vec<String>>) {
    let today = Today::at(datetime!(2026-11-29 12:00 UTC)).await;
    let (ada, nobody) = (Uuid::from_u128(0xADA), Uuid::from_u128(0x0));
    let (name, limit) = (Name::new("Ada Lovelace").unwrap(), Money::new(100_000).unwrap());
    today.customers.create(&request(0), ada, name, limit).await.unwrap();
    let orders = [(ada, 100), (ada, 100), (ada, 500_000), (nobody, 100), (ada, 200), (ada, 300)];
    let id = |number: usize| Uuid::from_u128(0x0DE0 + number as u128);
    for (number, (customer, total)) in orders.into_iter().enumerate() {
        let total = Total::new(total).unwrap();
        today.orders.create(&request(number as u128), id(number), customer, total).await.unwrap();
    }
    let mut arrived = BTreeMap::<String, Vec<String>>::new();
    let mut handled = BTreeSet::new();
    for round in 0..6 {
        let tables = today.world.tables().await.unwrap();
        for (_, row) in waiting(&tables).filter(|(_, row)| handled.insert(text(row, "MessageId").to_owned()))
        {
            let (message, topic) = (text(row, "Message"), text(row, "Topic"));
            for queue in queues(topic) {
                arrived.entry(queue.clone()).or_default().push(message.to_owned());
                if queue.starts_with("customer--") {
                    let wiring = customers::wiring::wiring();
                    wiring.handle(&queue, &today.customers, message).await.unwrap();
                } else if queue.starts_with("order--") {
                    orders::wiring::wiring().handle(&queue, &today.orders, message).await.unwrap();
                }
            }
        }
        // After their answers.
        if round == 3 {
            today.orders.cancel(&request(8), id(0)).await.unwrap();
            today.orders.cancel(&request(9), id(1)).await.unwrap();
        }
    }
    (today.world.tables().await.unwrap(), arrived)
}

/// The complaints of a release about all of it.
fn complaints(reader: &Reader, tables: &Tables, arrived: &BTreeMap<String, Vec<String>>) -> BTreeSet<String> {
    let items = tables.iter().flat_map(|(name, items)| items.iter().map(move |item| (name, item)));
    let mut found: BTreeSet<_> = items.flat_map(|(table, item)| reader.item(table, item)).collect();
    for (queue, messages) in arrived.iter().filter(|(queue, _)| reader.consumes(queue)) {
        found.extend(messages.iter().flat_map(|message| reader.message(queue, message)));
    }
    found
}

#[tokio::test(start_paused = true)]
async fn every_earlier_release_can_read_what_is_written_today_but_for_what_is_known() {
    let (tables, arrived) = written().await;
    for (kept, reader) in kept::all().unwrap() {
        let known: BTreeSet<_> = reader.known.keys().cloned().collect();
        let found = complaints(&reader, &tables, &arrived);
        assert_eq!(found, known, "{}: tell what is to be done in its reads.json, or mend it", kept.name);
        let queues: BTreeSet<_> = arrived.keys().filter(|queue| reader.consumes(queue)).collect();
        assert_eq!(queues.len(), 6, "not every queue got something: {queues:?}");
    }
}

/// A table that its own release does not fit says nothing of others.
#[test]
fn every_release_can_read_what_it_has_written_itself() {
    for (kept, reader) in kept::all().unwrap() {
        assert_eq!(
            complaints(&reader, &kept.tables, &heard(&kept, &reader)),
            BTreeSet::new(),
            "{}",
            kept.name
        );
    }
}

/// What was heard, by the queues that it would have come to.
fn heard(kept: &Kept, reader: &Reader) -> BTreeMap<String, Vec<String>> {
    let mut arrived = BTreeMap::<String, Vec<String>>::new();
    for body in &kept.heard {
        let notification: serde_json::Value = serde_json::from_str(body).unwrap();
        let topic = notification["TopicArn"].as_str().unwrap().rsplit(':').next().unwrap();
        let message = notification["Message"].as_str().unwrap();
        for queue in queues(topic).into_iter().filter(|queue| reader.consumes(queue)) {
            arrived.entry(queue).or_default().push(message.to_owned());
        }
    }
    arrived
}

/// That the tests above can fail: each attribute that is required is taken out of an item that has it, and
/// each field out of a message.
#[test]
fn what_is_missing_is_found() {
    for (kept, reader) in kept::all().unwrap() {
        for (what, required) in reader.kinds() {
            let known = |(table, item): &(&String, &Item)| {
                required.iter().all(|name| item.contains_key(*name)) && reader.item(table, item).is_empty()
            };
            let all = kept.tables.iter().flat_map(|(name, items)| items.iter().map(move |item| (name, item)));
            for name in &required {
                let missing = format!("{what}: {name} is missing");
                let found = all.clone().filter(known).any(|(table, item)| {
                    let mut item = item.clone();
                    item.remove(*name);
                    reader.item(table, &item) == [missing.clone()]
                });
                assert!(found, "{}: nobody would miss {name} in {what}", kept.name);
            }
        }
        let arrived = heard(&kept, &reader);
        for (queue, messages) in &arrived {
            for field in ["id", "source", "type", "data"] {
                let mut envelope: serde_json::Value = serde_json::from_str(&messages[0]).unwrap();
                envelope.as_object_mut().unwrap().remove(field);
                assert!(!reader.message(queue, &envelope.to_string()).is_empty(), "{queue}: {field}");
            }
            let other = Uuid::from_u128(1).to_string();
            let mut envelope: serde_json::Value = serde_json::from_str(&messages[0]).unwrap();
            envelope["data"]["order_id"] = "7".into();
            assert!(!reader.message(queue, &envelope.to_string()).is_empty());
            envelope["data"]["order_id"] = other.into();
            let subject = envelope["subject"].as_str().unwrap_or_default();
            if subject.contains("order/") {
                assert!(!reader.message(queue, &envelope.to_string()).is_empty(), "{queue}: {subject}");
            }
        }
        assert_eq!(arrived.len(), 6, "{:?}", arrived.keys());
    }
}
