//! The service on a database in memory, and the messages that it is given.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ::service::ServiceSettings;
use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use http_body_util::BodyExt as _;
use orders::{
    domain::{Order, State, Total},
    http,
    messages::{CREDIT_RESERVATION_FAILED, CREDIT_RESERVED, VALIDATION_FAILED},
    service,
    use_cases::{OrderError, Orders},
};
use serde_json::{Value, json};
use service_kit::{Environment, Readiness, RequestLimits, ServiceOptions, service_router};
use time::{OffsetDateTime, macros::datetime};
use tower::ServiceExt as _;
use transactional_messaging::{
    ambient::Ambient,
    consumer::{Delivery, Handled, HandlerError},
    message::{Context, MessageType},
    wiring::Queue,
};
use unit_of_work::MemoryDatabase;
use uuid::Uuid;

use crate::watched::Watched;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);
/// How long an order may be pending.
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(crate) const OUTBOX: &str = "orders-outbox";
/// The order of most tests, and its customer.
pub(crate) const ORDER: Uuid = Uuid::from_u128(0x0E);
pub(crate) const ADA: Uuid = Uuid::from_u128(0xADA);
const CORRELATION_ID: &str = "00000000-0000-4000-8000-0000000000c1";

pub(crate) struct Desk {
    pub(crate) database: Watched,
    pub(crate) orders: Orders<Watched>,
    processes: AtomicUsize,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let database = Watched::default();
        let orders = service::use_cases(database.clone(), &settings(), Ambient::fixed(NOW)).unwrap();
        Self { database, orders, processes: AtomicUsize::new(1) }
    }

    /// With a pending order whose time is over as soon as it is placed.
    pub(crate) async fn with_overdue_order() -> Self {
        let mut desk = Self::new();
        desk.orders = desk.orders.with_timeout(Duration::ZERO);
        desk.create(12_399).await.unwrap();
        desk
    }

    /// With the order in this state, as messages and requests brought it there.
    pub(crate) async fn with_order(state: State) -> Self {
        let desk = Self::new();
        desk.create(12_399).await.unwrap();
        match state {
            State::Pending => {}
            State::Approved => drop(desk.approve(1).await.unwrap()),
            State::Rejected => drop(desk.reject(1).await.unwrap()),
            State::TimedOut => assert!(desk.give_up().await.unwrap()),
            State::Cancelled => {
                desk.approve(1).await.unwrap();
                desk.orders.cancel(&context(), ORDER).await.unwrap();
            }
        }
        assert_eq!(desk.order().await.state, state);
        desk
    }

    pub(crate) async fn create(&self, total: u64) -> Result<(), OrderError> {
        self.orders.create(&context(), ORDER, ADA, Total::new(total).unwrap()).await
    }

    /// The same service in another process: the same tables, and ids of its own.
    pub(crate) fn elsewhere(&self) -> Orders<MemoryDatabase> {
        self.elsewhere_at(NOW)
    }

    /// The same in a process whose clock shows this.
    pub(crate) fn elsewhere_at(&self, now: OffsetDateTime) -> Orders<MemoryDatabase> {
        let ambient = Ambient::fixed(now);
        for _ in 0..1000 * self.processes.fetch_add(1, Ordering::SeqCst) {
            ambient.id();
        }
        service::use_cases(self.database.memory.clone(), &settings(), ambient).unwrap()
    }

    pub(crate) async fn order(&self) -> Order {
        self.orders.find(ORDER).await.unwrap().unwrap()
    }

    pub(crate) async fn approve(&self, message: u128) -> Result<Handled, HandlerError> {
        self.orders.clone().approve(delivery(CREDIT_RESERVED, message, ORDER)).await
    }

    pub(crate) async fn reject(&self, message: u128) -> Result<Handled, HandlerError> {
        self.orders.clone().reject_over_limit(delivery(CREDIT_RESERVATION_FAILED, message, ORDER)).await
    }

    pub(crate) async fn reject_invalid(&self, message: u128) -> Result<Handled, HandlerError> {
        self.orders.clone().reject_invalid(delivery(VALIDATION_FAILED, message, ORDER)).await
    }

    /// Gives the order up in a process for which its hour is over.
    pub(crate) async fn give_up(&self) -> Result<bool, OrderError> {
        self.elsewhere_at(NOW + HOUR).give_up(ORDER).await
    }

    pub(crate) async fn cancel(&self) -> Result<(), OrderError> {
        self.orders.cancel(&context(), ORDER).await
    }

    /// The types of all messages in the outbox.
    pub(crate) fn published(&self) -> Vec<String> {
        self.database.message_types(OUTBOX)
    }

    /// The data of the only message of this type.
    pub(crate) fn data_of(&self, kind: &str) -> Value {
        let messages = self.database.messages(OUTBOX);
        let [(_, data)] = messages.iter().filter(|(other, _)| other == kind).collect::<Vec<_>>()[..] else {
            panic!("one {kind}: {messages:?}")
        };
        serde_json::from_str(data).unwrap()
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> (StatusCode, Value) {
        let options = ServiceOptions {
            service: "orders",
            new_id: Arc::new(|| CORRELATION_ID.parse().unwrap()),
            readiness: Readiness::within(Duration::from_secs(1)),
            limits: RequestLimits::default(),
        };
        let router = service_router(http::routes(self.orders.clone()), options);
        let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
        assert!(parts.headers.contains_key("x-correlation-id"));
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status, serde_json::from_slice(&body).unwrap())
    }

    pub(crate) async fn post(&self, path: &str, body: &Value, key: Option<&str>) -> (StatusCode, Value) {
        let request = Request::post(path).header("content-type", "application/json");
        let request = key.iter().fold(request, |request, key| request.header("idempotency-key", *key));
        self.ask(request.body(body.to_string().into()).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.ask(Request::get(path).body(Body::empty()).unwrap()).await
    }
}

pub(crate) fn settings() -> ServiceSettings {
    let environment = [
        ("ENVIRONMENT", "autotest"),
        ("AWS_REGION", "eu-west-1"),
        ("DYNAMODB_ORDERS_TABLE_NAME", "orders"),
        ("DYNAMODB_INBOX_TABLE_NAME", "orders-inbox"),
        ("DYNAMODB_OUTBOX_TABLE_NAME", OUTBOX),
    ];
    let environment = environment.into_iter().collect::<Environment>();
    environment.read(|env| ServiceSettings::read(env, service::TABLE_VARIABLE)).unwrap()
}

pub(crate) fn context() -> Context {
    Context::of_request(Uuid::from_u128(0xC0))
}

/// A whole event as the customers service sends it, with fields that this service does not read.
pub(crate) fn delivery<M: MessageType + serde::de::DeserializeOwned>(
    queue: Queue<M>,
    message: u128,
    order: Uuid,
) -> Delivery<M> {
    let message = Uuid::from_u128(message);
    let envelope = json!({
        "specversion": "1.0", "id": message, "source": M::SOURCE.unwrap(), "type": M::TYPE,
        "subject": format!("customer/{ADA}/order/{order}"),
        "time": "2026-11-23T11:59:00+00:00", "sequence": "00000000000000000001",
        "correlationid": Uuid::from_u128(0xC0),
        "data": {
            "event_id": message, "correlation_id": Uuid::from_u128(0xC0), "customer_id": ADA,
            "created_at": "2026-11-23T11:59:00+00:00", "order_id": order,
        },
    });
    Delivery::parse(queue, &envelope.to_string()).unwrap()
}
