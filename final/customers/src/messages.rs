//! The messages of this service: what it publishes, whole, and of what it consumes the fields that it reads.

use serde::Serialize;
use time::OffsetDateTime;
use transactional_messaging::{aggregate::Aggregate, consumed, published, wiring::Queue};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::Customer;

/// What its events name as their source.
pub const SOURCE: &str = "/customers";

/// What all messages of this service begin with, in the order of the contract.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct EventMeta {
    /// The message's id.
    pub event_id: Uuid,
    /// One id for everything that one request set off.
    pub correlation_id: Uuid,
    /// The customer.
    pub customer_id: Uuid,
    /// When it happened.
    #[serde(with = "transactional_messaging::timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: OffsetDateTime,
}

/// A change of a customer of which an event tells: the customer after it, and before it if there was one.
#[derive(Clone, Copy, Debug)]
pub struct Announced<'a>(pub &'a Customer, pub Option<&'a Customer>);

impl Aggregate for Announced<'_> {
    const KIND: &'static str = "customer";

    fn id(&self) -> Uuid {
        self.0.id
    }

    fn version(&self) -> u64 {
        self.0.version
    }

    fn announced_before(&self) -> Option<u64> {
        self.1.map(|before| before.announced_version)
    }
}

published! {
    /// A customer was created.
    #[derive(ToSchema)]
    CustomerCreated on "customer--created" with EventMeta {
        /// Its name.
        name: String,
        /// Its credit limit in minor units.
        credit_limit: u64,
        /// Where mails to it go; absent when it has not said so, and in events from before anybody could.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = String, required = false)]
        email: Option<String>,
    }

    /// An order's total was reserved.
    #[derive(ToSchema)]
    CustomerCreditReserved on "customer--credit-reserved" with EventMeta {
        /// The order.
        order_id: Uuid,
    }

    /// An order's total is over the available credit.
    #[derive(ToSchema)]
    CustomerCreditReservationFailed on "customer--credit-reservation-failed" with EventMeta {
        /// The order.
        order_id: Uuid,
    }

    /// An order names a customer that does not exist.
    #[derive(ToSchema)]
    CustomerValidationFailed on "customer--validation-failed" with EventMeta {
        /// The order.
        order_id: Uuid,
        /// Always `CUSTOMER_NOT_FOUND_ERROR`.
        error: &'static str,
    }
}

/// The queue of new orders.
pub const ORDER_CREATED: Queue<OrderCreated> = Queue::new("customer--order-created");
/// The queue of cancelled orders.
pub const ORDER_CANCELLED: Queue<OrderCancelled> = Queue::new("customer--order-cancelled");
/// The queue of rejected orders.
pub const ORDER_REJECTED: Queue<OrderRejected> = Queue::new("customer--order-rejected");

consumed! {
    /// An order was placed; published by the orders service.
    #[derive(Copy, ToSchema)]
    OrderCreated on "order--created" from "/orders" {
        /// The order.
        order_id: Uuid,
        /// Whose order it is.
        customer_id: Uuid,
        /// Its total in minor units.
        order_total: u64,
    } about |message, subject| is_order(subject, message.order_id)
}

consumed! {
    /// An approved order was cancelled; published by the orders service.
    #[derive(Copy, ToSchema)]
    OrderCancelled on "order--cancelled" from "/orders" {
        /// The order.
        order_id: Uuid,
        /// Whose order it was.
        customer_id: Uuid,
    } about |message, subject| is_order(subject, message.order_id)
}

consumed! {
    /// An order was rejected, or given up; published by the orders service.
    #[derive(Copy, ToSchema)]
    OrderRejected on "order--rejected" from "/orders" {
        /// The order.
        order_id: Uuid,
        /// Whose order it was.
        customer_id: Uuid,
    } about |message, subject| is_order(subject, message.order_id)
}

/// Orders publishes under the order that the message tells of.
fn is_order(subject: &str, order_id: Uuid) -> bool {
    subject.strip_prefix("order/").is_some_and(|id| id == order_id.to_string())
}
