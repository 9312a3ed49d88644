//! The messages of this service: what it publishes, whole, and of what it consumes the fields that it reads.

use std::collections::BTreeSet;

use serde::Serialize;
use service_kit::openapi;
use time::OffsetDateTime;
use transactional_messaging::{aggregate::Aggregate, consumed, published, wiring::Queue};
use utoipa::{ToSchema, openapi::Object};
use uuid::Uuid;

use crate::{
    domain::{Order, State},
    store::state_name,
};

/// What its events name as their source.
pub const SOURCE: &str = "/orders";

/// What all messages of this service begin with, in the order of the contract.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct EventMeta {
    /// The message's id.
    pub event_id: Uuid,
    /// One id for everything that one request set off.
    pub correlation_id: Uuid,
    /// The order.
    pub order_id: Uuid,
    /// Whose order it is.
    pub customer_id: Uuid,
    /// The order's state: `PENDING`, `APPROVED`, `REJECTED` or `CANCELLED`.
    #[schema(schema_with = state_names)]
    pub state: &'static str,
    /// When it happened.
    #[serde(with = "transactional_messaging::timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: OffsetDateTime,
}

fn state_names() -> Object {
    openapi::one_of(BTreeSet::from(State::ALL.map(state_name)))
}

/// Every version of an order is announced.
impl Aggregate for Order {
    const KIND: &'static str = "order";

    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> u64 {
        self.version
    }
}

published! {
    /// An order was placed.
    #[derive(ToSchema)]
    OrderCreated on "order--created" with EventMeta {
        /// Its total in minor units.
        order_total: u64,
    }

    /// An order's total was reserved.
    #[derive(ToSchema)]
    OrderApproved on "order--approved" with EventMeta {}

    /// An order was refused by the customers service, or given up.
    #[derive(ToSchema)]
    OrderRejected on "order--rejected" with EventMeta {
        /// `TIMEOUT` when nobody had decided in time; absent when the customers service refused.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = String, required = false)]
        reason: Option<&'static str>,
    }

    /// An approved order was cancelled.
    #[derive(ToSchema)]
    OrderCancelled on "order--cancelled" with EventMeta {}
}

/// The queue of reserved credit.
pub const CREDIT_RESERVED: Queue<CustomerCreditReserved> = Queue::new("order--customer-credit-reserved");
/// The queue of orders over the limit.
pub const CREDIT_RESERVATION_FAILED: Queue<CustomerCreditReservationFailed> =
    Queue::new("order--customer-credit-reservation-failed");
/// The queue of orders without a customer.
pub const VALIDATION_FAILED: Queue<CustomerValidationFailed> =
    Queue::new("order--customer-validation-failed");

consumed! {
    /// The order's total was reserved; published by the customers service.
    #[derive(Copy, ToSchema)]
    CustomerCreditReserved on "customer--credit-reserved" from "/customers" {
        /// The order.
        order_id: Uuid,
    } about |message, subject| is_of_order(subject, message.order_id)
}

consumed! {
    /// The order's total is over the credit; published by the customers service.
    #[derive(Copy, ToSchema)]
    CustomerCreditReservationFailed on "customer--credit-reservation-failed" from "/customers" {
        /// The order.
        order_id: Uuid,
    } about |message, subject| is_of_order(subject, message.order_id)
}

consumed! {
    /// There is no such customer; published by the customers service.
    #[derive(Copy, ToSchema)]
    CustomerValidationFailed on "customer--validation-failed" from "/customers" {
        /// The order.
        order_id: Uuid,
    } about |message, subject| is_of_order(subject, message.order_id)
}

/// A subject may be a customer (`customer/…`), or name the order: as itself, or as what a customer's decision
/// was about (`customer/…/order/…`). Then it is the same order as in the data.
fn is_of_order(subject: &str, order_id: Uuid) -> bool {
    let id = order_id.to_string();
    let parts: Vec<_> = subject.split('/').collect();
    parts.chunks(2).all(|pair| pair[0] != "order" || pair.get(1) == Some(&id.as_str()))
}
