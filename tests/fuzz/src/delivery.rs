//! The body of a queue message.

use claim_check::message::Claimable;
use customers::messages::{OrderCancelled, OrderCreated};
use orders::messages::{CustomerCreditReservationFailed, CustomerCreditReserved, CustomerValidationFailed};
use serde_json::{Value, json};
use transactional_messaging::{
    consumer::{Delivery, Unreadable},
    message::MessageType,
    timestamp,
    wiring::Queue,
};
use uuid::Uuid;

use crate::exchange::is_json;

/// How much of a foreign text may reach a log.
const LONGEST_KIND: usize = 80;

pub(crate) fn target(data: &[u8]) {
    // Bodies are text; SQS takes no other.
    let Ok(body) = std::str::from_utf8(data) else { return };
    read::<OrderCreated>(body);
    read::<OrderCancelled>(body);
    read::<CustomerCreditReserved>(body);
    read::<CustomerCreditReservationFailed>(body);
    read::<CustomerValidationFailed>(body);
    claim(body);
}

/// What is taken for a claim leads to one object among those of its kind, and nowhere else.
fn claim(body: &str) {
    let Ok(delivery) = Delivery::<Claimable<OrderCreated>>::parse(Queue::new("queue"), body) else { return };
    if let Ok(Some(claim)) = delivery.message.claim() {
        let key = claim.key(OrderCreated::TYPE);
        let hash = key.strip_prefix("OrderCreated/").expect("the name begins with the kind");
        assert!(
            hash.len() == 64
                && hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        );
    }
}

fn read<M: MessageType + serde::de::DeserializeOwned>(body: &str) {
    match Delivery::<M>::parse(Queue::new("queue"), body) {
        Ok(delivery) => {
            assert!(is_message(body, M::TYPE), "this is no {}", M::TYPE);
            comes_back(&delivery);
        }
        Err(Unreadable::Kind { found, .. }) => {
            assert!(found.len() <= LONGEST_KIND && found.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        }
        Err(_) => {}
    }
}

/// Written again, with and without the wrapping of SNS, it says the same.
fn comes_back<M: MessageType + serde::de::DeserializeOwned>(delivery: &Delivery<M>) {
    let text = delivery.envelope.to_text(usize::MAX).expect("what was read can be written");
    let notification = json!({"Type": "Notification", "Message": text}).to_string();
    for body in [&text, &notification] {
        let again =
            Delivery::<M>::parse(Queue::new("queue"), body).expect("what was written can be read").envelope;
        let envelope = &delivery.envelope;
        assert_eq!((again.id, again.correlationid), (envelope.id, envelope.correlationid));
        assert_eq!((&again.kind, &again.subject), (&envelope.kind, &envelope.subject));
        assert_eq!((&again.sequence, again.causationid), (&envelope.sequence, envelope.causationid));
        assert_eq!(again.to_text(usize::MAX).expect("it was written before"), text);
    }
}

/// The same question asked of plain JSON: an object that is an envelope of this kind, or a notification with
/// such a one.
fn is_message(body: &str, kind: &str) -> bool {
    // A number that is too large for any type, in a field that nobody reads, leaves nothing to compare with.
    let Ok(outer) = serde_json::from_str::<Value>(body) else { return is_json(body.as_bytes()) };
    let inner = outer["Message"].as_str().map(serde_json::from_str::<Value>);
    let envelope = match inner {
        Some(Ok(inner)) => inner,
        Some(Err(_)) => return outer["Message"].as_str().is_some_and(|text| is_json(text.as_bytes())),
        None => outer.clone(),
    };
    let text = |name: &str| envelope[name].as_str();
    let is_id = |name: &str| text(name).is_some_and(|text| text.parse::<Uuid>().is_ok());
    // CloudEvents makes these optional.
    let absent = |name: &str| envelope[name].is_null();
    outer.is_object()
        && envelope.is_object()
        && text("specversion").is_some_and(|version| version.starts_with("1."))
        && text("source").is_some_and(|source| !source.is_empty())
        && (absent("subject") || text("subject").is_some_and(|subject| subject.contains('/')))
        && (absent("sequence") || text("sequence").is_some_and(|text| text.parse::<u64>().is_ok()))
        && text("type") == Some(kind)
        && is_id("id")
        && (absent("correlationid") || is_id("correlationid"))
        && (absent("time") || text("time").is_some_and(|text| timestamp::parse(text).is_ok()))
        && envelope["data"]["order_id"].as_str().is_some_and(|text| text.parse::<Uuid>().is_ok())
}
