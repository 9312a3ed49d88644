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
    /// The order.
    pub order_id: Uuid,
    /// Whose order it is.
    pub customer_id: Uuid,
    /// The order's state: `PENDING`, `APPROVED`, `REJECTED` or `CANCELLED`.
    pub state: &'static str,
    /// When it happened.
    #[serde(with = "transactional_messaging::timestamp")]
    pub created_at: OffsetDateTime,
}

published! {
    /// An order was placed.
    OrderCreated on "order--created" with Head {
        /// Its total in minor units.
        order_total: u64,
    }
}

published! {
    /// An order's total was reserved.
    OrderApproved on "order--approved" with Head {}
}

published! {
    /// An order was refused by the customers service, or given up.
    OrderRejected on "order--rejected" with Head {
        /// `TIMEOUT` when nobody had decided in time; absent when the customers service refused.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'static str>,
    }
}

published! {
    /// An approved order was cancelled.
    OrderCancelled on "order--cancelled" with Head {}
}

/// Declares a message that this service consumes; all of them tell of one order.
macro_rules! consumed {
    ($(#[$doc:meta])* $message:ident from $topic:literal of $source:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize)]
        pub struct $message {
            /// The order.
            pub order_id: Uuid,
        }
        bind_topic!($message, $topic, from $source, if |message, subject| is_of_order(subject, message.order_id));
        impl AboutOrder for $message {
            fn order_id(&self) -> Uuid {
                self.order_id
            }
        }
    };
}

/// A subject may be a customer (`customer/…`), or name the order: as itself, or as what a customer's decision was about
/// (`customer/…/order/…`). Then it is the same order as in the data.
fn is_of_order(subject: &str, order_id: Uuid) -> bool {
    let id = order_id.to_string();
    let parts: Vec<_> = subject.split('/').collect();
    parts.chunks(2).all(|pair| pair[0] != "order" || pair.get(1) == Some(&id.as_str()))
}

/// A message that tells of one order.
pub trait AboutOrder: Send + Sync {
    /// The order.
    fn order_id(&self) -> Uuid;
}

consumed! {
    /// The order's total was reserved; published by the customers service.
    CustomerCreditReserved from "customer--credit-reserved" of "/customers"
}

consumed! {
    /// The order's total is over the credit; published by the customers service.
    CustomerCreditReservationFailed from "customer--credit-reservation-failed" of "/customers"
}

consumed! {
    /// There is no such customer; published by the customers service.
    CustomerValidationFailed from "customer--validation-failed" of "/customers"
}
