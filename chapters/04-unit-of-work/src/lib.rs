//! Chapter 4: a unit of work.
//!
//! Aggregate, inbox row and outbox row are written in one transaction, and only if the aggregate still has
//! the version that was read. No crash does damage any more. The poller is left: it costs calls while nothing
//! happens, and one message that SNS refuses stops all that are behind it.
//!
//! Run it with `cargo run -p chapter-04`; `-- serve` serves its endpoints for curl, `-- fault LIST` names the
//! faults and `-- fault NAME` injects one at every point. All of it is in this folder; read `orders.rs` and
//! `messaging.rs` first.

pub mod customers;
pub mod deploy;
pub mod error;
pub mod events;
pub mod handlers;
pub mod http;
pub mod inbox;
pub mod messaging;
pub mod orders;
pub mod outbox;
pub mod poller;
pub mod store;
pub mod story;
pub mod unit_of_work;

use fault_engine::{Ambient, Program, Role, Worker};

use crate::messaging::consume;
use crate::poller::poll;
use crate::store::Store;

/// What every component works with.
#[derive(Clone, Debug)]
pub struct App {
    /// Time and ids.
    pub ambient: Ambient,
    /// Customers and orders.
    pub store: Store,
    /// For the unit of work and the poller.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// For publishing.
    pub sns: aws_sdk_sns::Client,
    /// For consuming.
    pub sqs: aws_sdk_sqs::Client,
}

impl App {
    /// Clients for one component.
    pub fn new(ambient: Ambient) -> Self {
        let dynamodb = aws_sdk_dynamodb::Client::new(ambient.aws());
        let store = Store::new(dynamodb.clone());
        let sns = aws_sdk_sns::Client::new(ambient.aws());
        let sqs = aws_sdk_sqs::Client::new(ambient.aws());
        Self { ambient, store, dynamodb, sns, sqs }
    }
}

/// The program, as the laboratory runs it.
pub const PROGRAM: Program = Program {
    name: "chapter-04",
    deploy: |aws| Box::pin(deploy::deploy(aws)),
    http: |ambient| http::router(App::new(ambient)),
    answers_within: None,
    workers: &[
        consumer("reserve-credit", |ambient| Box::pin(consume(ambient, "customer--order-created"))),
        consumer("release-credit", |ambient| Box::pin(consume(ambient, "customer--order-cancelled"))),
        consumer("approve-order", |ambient| Box::pin(consume(ambient, "order--customer-credit-reserved"))),
        consumer("reject-order", |ambient| {
            Box::pin(consume(ambient, "order--customer-credit-reservation-failed"))
        }),
        consumer("reject-unknown", |ambient| Box::pin(consume(ambient, "order--customer-validation-failed"))),
        relay("customers-poller", |ambient| Box::pin(poll(ambient, "customers-outbox"))),
        relay("orders-poller", |ambient| Box::pin(poll(ambient, "orders-outbox"))),
    ],
    functions: &[],
    parking: &[],
};

const fn consumer(name: &'static str, run: fault_engine::Start) -> Worker {
    Worker { name, role: Role::Consumer, run }
}

const fn relay(name: &'static str, run: fault_engine::Start) -> Worker {
    Worker { name, role: Role::Relay, run }
}
