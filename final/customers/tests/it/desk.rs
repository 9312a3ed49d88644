//! The service on a database in memory, and the messages that it is given.

use std::sync::atomic::{AtomicUsize, Ordering};

use customers::{
    domain::{Customer, Money, Name},
    messages::{ORDER_CANCELLED, ORDER_CREATED, ORDER_REJECTED, OrderCancelled, OrderCreated, OrderRejected},
    service,
    use_cases::Customers,
};
use serde_json::{Value, json};
use service_kit::Environment;
use time::{OffsetDateTime, macros::datetime};
use transactional_messaging::{
    ambient::Ambient,
    consumer::{Delivery, Handled, HandlerError},
    message::{Context, MessageType},
    wiring::Queue,
};
use uuid::Uuid;

use crate::watched::Watched;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);
pub(crate) const OUTBOX: &str = "customers-outbox";
/// The customer of most tests.
pub(crate) const ADA: Uuid = Uuid::from_u128(0xADA);

pub(crate) struct Desk {
    pub(crate) database: Watched,
    pub(crate) customers: Customers<Watched>,
    processes: AtomicUsize,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let database = Watched::default();
        let customers = service::use_cases(database.clone(), &settings(), Ambient::fixed(NOW)).unwrap();
        Self { database, customers, processes: AtomicUsize::new(1) }
    }

    /// With a customer that has this limit.
    pub(crate) async fn with_limit(limit: u64) -> Self {
        let desk = Self::new();
        desk.create(ADA, "Ada", limit).await.unwrap();
        desk
    }

    pub(crate) async fn create(
        &self,
        id: Uuid,
        name: &str,
        limit: u64,
    ) -> Result<(), customers::use_cases::CreateError> {
        self.customers.create(&context(), id, Name::new(name).unwrap(), Money::new(limit).unwrap()).await
    }

    /// The same tables under a service that makes the same ids once more, as the first of their kind.
    pub(crate) fn again(&self) -> Self {
        let database = self.database.clone();
        let customers = service::use_cases(database.clone(), &settings(), Ambient::fixed(NOW)).unwrap();
        Self { database, customers, processes: AtomicUsize::new(1) }
    }

    /// The same service in another process: the same tables, and ids of its own.
    pub(crate) fn elsewhere(&self) -> Customers<unit_of_work::MemoryDatabase> {
        let ambient = Ambient::fixed(NOW);
        for _ in 0..1000 * self.processes.fetch_add(1, Ordering::SeqCst) {
            ambient.id();
        }
        service::use_cases(self.database.memory.clone(), &settings(), ambient).unwrap()
    }

    pub(crate) async fn ada(&self) -> Customer {
        self.customers.find(ADA).await.unwrap().unwrap()
    }

    /// How much is reserved of Ada's credit, and how often she was changed.
    pub(crate) async fn reserved(&self) -> (u64, u64) {
        let ada = self.ada().await;
        (ada.reserved.minor_units(), ada.version)
    }

    pub(crate) async fn order(
        &self,
        message: u128,
        order: u128,
        total: u64,
    ) -> Result<Handled, HandlerError> {
        self.customers.clone().reserve_credit(order_created(message, order, total)).await
    }

    pub(crate) async fn cancel(&self, message: u128, order: u128) -> Result<Handled, HandlerError> {
        self.customers.clone().release_credit(order_cancelled(message, order)).await
    }

    pub(crate) async fn reject(&self, message: u128, order: u128) -> Result<Handled, HandlerError> {
        self.customers.clone().settle_rejection(order_rejected(message, order)).await
    }

    /// The types of all messages in the outbox.
    pub(crate) fn published(&self) -> Vec<String> {
        self.database.message_types(OUTBOX)
    }
}

pub(crate) fn settings() -> service::Settings {
    let environment = [
        ("ENVIRONMENT", "autotest"),
        ("AWS_REGION", "eu-west-1"),
        ("DYNAMODB_CUSTOMERS_TABLE_NAME", "customers"),
        ("DYNAMODB_INBOX_TABLE_NAME", "customers-inbox"),
        ("DYNAMODB_OUTBOX_TABLE_NAME", OUTBOX),
    ];
    environment.into_iter().collect::<Environment>().read(service::settings).unwrap()
}

pub(crate) fn context() -> Context {
    Context::of_request(Uuid::from_u128(0xC0))
}

pub(crate) fn order_created(message: u128, order: u128, total: u64) -> Delivery<OrderCreated> {
    order_created_by(ADA, message, order, total)
}

/// The whole event as the orders service sends it, with fields that this service does not read.
pub(crate) fn order_created_by(
    customer: Uuid,
    message: u128,
    order: u128,
    total: u64,
) -> Delivery<OrderCreated> {
    Delivery::parse(ORDER_CREATED, &order_created_text(customer, message, order, total)).unwrap()
}

/// The same as the text that lies in a queue.
pub(crate) fn order_created_text(customer: Uuid, message: u128, order: u128, total: u64) -> String {
    let mut data = event(customer, message, order, "PENDING");
    data["order_total"] = total.into();
    envelope(OrderCreated::TYPE, message, &data).to_string()
}

pub(crate) fn order_cancelled(message: u128, order: u128) -> Delivery<OrderCancelled> {
    delivery(ORDER_CANCELLED, message, &event(ADA, message, order, "CANCELLED"))
}

pub(crate) fn order_rejected(message: u128, order: u128) -> Delivery<OrderRejected> {
    order_rejected_by(ADA, message, order)
}

pub(crate) fn order_rejected_by(customer: Uuid, message: u128, order: u128) -> Delivery<OrderRejected> {
    delivery(ORDER_REJECTED, message, &event(customer, message, order, "REJECTED"))
}

fn event(customer: Uuid, message: u128, order: u128, state: &str) -> Value {
    json!({
        "event_id": Uuid::from_u128(message), "correlation_id": Uuid::from_u128(0xC0), "order_id": Uuid::from_u128(order),
        "customer_id": customer, "state": state, "created_at": "2026-11-23T11:59:00+00:00",
    })
}

pub(crate) fn delivery<M: MessageType + serde::de::DeserializeOwned>(
    queue: Queue<M>,
    message: u128,
    data: &Value,
) -> Delivery<M> {
    Delivery::parse(queue, &envelope(M::TYPE, message, data).to_string()).unwrap()
}

fn envelope(kind: &str, message: u128, data: &Value) -> Value {
    json!({
        "specversion": "1.0", "id": Uuid::from_u128(message), "source": "/orders", "type": kind,
        "subject": format!("order/{}", data["order_id"].as_str().unwrap()),
        "time": "2026-11-23T11:59:00+00:00", "sequence": "00000000000000000001",
        "correlationid": Uuid::from_u128(0xC0), "data": data,
    })
}
