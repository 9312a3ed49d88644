//! Chapter 6: the full pattern.
//!
//! A stream record is only a wake-up: the relay reads the rows of the subject, publishes them in sequence and
//! deletes them. A refused message is marked, and only those behind it wait; a sweeper finds what the stream
//! has dropped; unreadable messages go to the dead-letter queue with a reason; a lost race is tried again at
//! once. No fault of the laboratory does damage.
//!
//! Run it with `cargo run -p chapter-06`; `-- serve` serves its endpoints for curl, `-- fault LIST` names the
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
pub mod relay;
pub mod store;
pub mod story;
pub mod sweeper;
pub mod unit_of_work;

use fault_engine::{Ambient, Function, Program, Role, Worker};

use crate::messaging::consume;
use crate::relay::handle;
use crate::store::Store;
use crate::sweeper::sweep;

/// What every component works with.
#[derive(Clone, Debug)]
pub struct App {
    /// Time and ids.
    pub ambient: Ambient,
    /// Customers and orders.
    pub store: Store,
    /// For the unit of work and the relay.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// For the relay.
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
    name: "chapter-06",
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
        sweeper("customers-sweeper", |ambient| Box::pin(sweep(ambient, "customers-outbox"))),
        sweeper("orders-sweeper", |ambient| Box::pin(sweep(ambient, "orders-outbox"))),
    ],
    functions: &[relay("customers-relay", "customers-outbox"), relay("orders-relay", "orders-outbox")],
    parking: &["customers-outbox", "orders-outbox"],
};

const fn consumer(name: &'static str, run: fault_engine::Start) -> Worker {
    Worker { name, role: Role::Consumer, run }
}

const fn sweeper(name: &'static str, run: fault_engine::Start) -> Worker {
    Worker { name, role: Role::Relay, run }
}

/// A function on the stream of an outbox, with the settings of its mapping.
const fn relay(name: &'static str, table: &'static str) -> Function {
    Function {
        name,
        table,
        maximum_retry_attempts: 10,
        handle: |ambient, table, event| Box::pin(handle(ambient, table, event)),
    }
}
