//! Chapter 1: put, then publish.
//!
//! Two services share the work of an order: orders stores it, customers reserves credit for it. Each stores
//! its change and then publishes an event. Between the two calls there is nothing: a crash there loses the
//! event for ever. And SQS may deliver a message twice, which reserves credit twice.
//!
//! Run it with `cargo run -p chapter-01`; `-- serve` serves its endpoints for curl, `-- fault LIST` names the
//! faults and `-- fault NAME` injects one at every point. All of it is in this folder; read `orders.rs` and
//! `messaging.rs` first.

pub mod customers;
pub mod deploy;
pub mod error;
pub mod events;
pub mod handlers;
pub mod http;
pub mod messaging;
pub mod orders;
pub mod publisher;
pub mod store;
pub mod story;

use fault_engine::{Ambient, Program, Role, Worker};

use crate::messaging::consume;
use crate::store::Store;

/// What every component works with.
#[derive(Clone, Debug)]
pub struct App {
    /// Time and ids.
    pub ambient: Ambient,
    /// Customers and orders.
    pub store: Store,
    /// For publishing.
    pub sns: aws_sdk_sns::Client,
    /// For consuming.
    pub sqs: aws_sdk_sqs::Client,
}

impl App {
    /// Clients for one component.
    pub fn new(ambient: Ambient) -> Self {
        let store = Store::new(aws_sdk_dynamodb::Client::new(ambient.aws()));
        let sns = aws_sdk_sns::Client::new(ambient.aws());
        let sqs = aws_sdk_sqs::Client::new(ambient.aws());
        Self { ambient, store, sns, sqs }
    }
}

/// The program, as the laboratory runs it.
pub const PROGRAM: Program = Program {
    name: "chapter-01",
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
    ],
    functions: &[],
    parking: &[],
};

const fn consumer(name: &'static str, run: fault_engine::Start) -> Worker {
    Worker { name, role: Role::Consumer, run }
}
