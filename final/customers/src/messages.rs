//! The messages of this service: what it publishes, whole, and of what it consumes the fields that it reads.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use transactional_messaging::{bind_topic, published};
use uuid::Uuid;

/// What all messages of this service begin with, in the order of the contract.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Head {
    /// The message's id.
    pub event_id: Uuid,
    /// One id for everything that one request set off.
    pub correlation_id: Uuid,
    /// The customer.
    pub customer_id: Uuid,
    /// When it happened.
    #[serde(with = "transactional_messaging::timestamp")]
    pub created_at: OffsetDateTime,
}

published! {
    /// A customer was created.
    CustomerCreated on "customer--created" with Head {
        /// Its name.
        name: String,
        /// Its credit limit in minor units.
        credit_limit: u64,
    }
}

published! {
    /// An order's total was reserved.
    CustomerCreditReserved on "customer--credit-reserved" with Head {
        /// The order.
        order_id: Uuid,
    }
}

published! {
    /// An order's total is over the available credit.
    CustomerCreditReservationFailed on "customer--credit-reservation-failed" with Head {
        /// The order.
        order_id: Uuid,
    }
}

published! {
    /// An order names a customer that does not exist.
    CustomerValidationFailed on "customer--validation-failed" with Head {
        /// The order.
        order_id: Uuid,
        /// Always `CUSTOMER_NOT_FOUND_ERROR`.
        error: &'static str,
    }
}

/// An order was placed; published by the orders service.
#[derive(Clone, Debug, Deserialize)]
pub struct OrderCreated {
    /// The order.
    pub order_id: Uuid,
    /// Whose order it is.
    pub customer_id: Uuid,
    /// Its total in minor units.
    pub order_total: u64,
}
bind_topic!(OrderCreated, "order--created", from "/orders", if |message, subject| is_order(subject, message.order_id));

/// An approved order was cancelled; published by the orders service.
#[derive(Clone, Debug, Deserialize)]
pub struct OrderCancelled {
    /// The order.
    pub order_id: Uuid,
    /// Whose order it was.
    pub customer_id: Uuid,
}
bind_topic!(OrderCancelled, "order--cancelled", from "/orders", if |message, subject| is_order(subject, message.order_id));

/// An order was rejected, or given up; published by the orders service.
#[derive(Clone, Debug, Deserialize)]
pub struct OrderRejected {
    /// The order.
    pub order_id: Uuid,
    /// Whose order it was.
    pub customer_id: Uuid,
}
bind_topic!(OrderRejected, "order--rejected", from "/orders", if |message, subject| is_order(subject, message.order_id));

/// Orders publishes under the order that the message tells of.
fn is_order(subject: &str, order_id: Uuid) -> bool {
    subject.strip_prefix("order/").is_some_and(|id| id == order_id.to_string())
}
