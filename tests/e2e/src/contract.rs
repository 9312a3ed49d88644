//! The eight events of the contract: the topic of each, and its fields in their order. Written down here once
//! more, and not taken from the services, so that a change there does not change what is tested.

/// What is promised of one type of event.
#[derive(Debug)]
pub struct EventType {
    /// Its name.
    pub name: &'static str,
    /// Its topic.
    pub topic: &'static str,
    /// Which service publishes it.
    pub service: &'static str,
    head: &'static [&'static str],
    tail: &'static [&'static str],
    /// A last field that it has only sometimes.
    pub sometimes: Option<&'static str>,
}

const CUSTOMER: &[&str] = &["event_id", "correlation_id", "customer_id", "created_at"];
const ORDER: &[&str] = &["event_id", "correlation_id", "order_id", "customer_id", "state", "created_at"];

/// All of them.
pub const EVENTS: [EventType; 8] = [
    EventType {
        sometimes: Some("email"),
        ..customer("CustomerCreated", "customer--created", &["name", "credit_limit"])
    },
    customer("CustomerCreditReserved", "customer--credit-reserved", &["order_id"]),
    customer("CustomerCreditReservationFailed", "customer--credit-reservation-failed", &["order_id"]),
    customer("CustomerValidationFailed", "customer--validation-failed", &["order_id", "error"]),
    order("OrderCreated", "order--created", &["order_total"]),
    order("OrderApproved", "order--approved", &[]),
    EventType { sometimes: Some("reason"), ..order("OrderRejected", "order--rejected", &[]) },
    order("OrderCancelled", "order--cancelled", &[]),
];

/// The queues with the topic that each is subscribed to. The dead-letter queue of each has its name and
/// `--dlq`.
pub const QUEUES: [(&str, &str); 10] = [
    ("customer--order-created", "order--created"),
    ("customer--order-cancelled", "order--cancelled"),
    ("customer--order-rejected", "order--rejected"),
    ("order--customer-credit-reserved", "customer--credit-reserved"),
    ("order--customer-credit-reservation-failed", "customer--credit-reservation-failed"),
    ("order--customer-validation-failed", "customer--validation-failed"),
    ("notification--customer-created", "customer--created"),
    ("notification--order-approved", "order--approved"),
    ("notification--order-cancelled", "order--cancelled"),
    ("notification--order-rejected", "order--rejected"),
];

impl EventType {
    /// The type of this name.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn named(name: &str) -> anyhow::Result<&'static Self> {
        let found = EVENTS.iter().find(|event| event.name == name);
        found.ok_or_else(|| anyhow::anyhow!("the contract has no event {name}"))
    }

    /// All fields that its data always have, in order.
    pub fn fields(&self) -> impl Iterator<Item = &'static str> {
        self.head.iter().chain(self.tail).copied()
    }

    /// The tables that hold it before and after it is published: outbox and sent messages. In this sequence
    /// it is found in one of them at any time, because it is put into the second before it leaves the first.
    pub fn tables(&self) -> [String; 2] {
        ["outbox", "sent"].map(|table| format!("{}-{table}", self.service))
    }
}

const fn customer(name: &'static str, topic: &'static str, tail: &'static [&'static str]) -> EventType {
    EventType { name, topic, service: "customers", head: CUSTOMER, tail, sometimes: None }
}

const fn order(name: &'static str, topic: &'static str, tail: &'static [&'static str]) -> EventType {
    EventType { name, topic, service: "orders", head: ORDER, tail, sometimes: None }
}
