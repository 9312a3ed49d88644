//! The messages of this service: what it publishes, whole, and of what it consumes the fields that it reads.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use transactional_messaging::message::{Message, MessageType, Topic};
use uuid::Uuid;

/// Binds a message to its type and topic.
macro_rules! message_type {
    ($message:ident, $topic:literal) => {
        impl MessageType for $message {
            const TYPE: &'static str = stringify!($message);
            const TOPIC: Topic = Topic::new($topic);
        }
    };
}

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

/// Declares a message that this service publishes.
macro_rules! published {
    ($(#[$doc:meta])* $message:ident on $topic:literal { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize)]
        pub struct $message {
            /// What all messages begin with.
            #[serde(flatten)]
            pub head: Head,
            $($(#[$field_doc])* pub $field: $type,)*
        }
        message_type!($message, $topic);
        impl Message for $message {
            fn id(&self) -> Uuid {
                self.head.event_id
            }
            fn created_at(&self) -> OffsetDateTime {
                self.head.created_at
            }
        }
    };
}

published! {
    /// A customer was created.
    CustomerCreated on "customer--created" {
        /// Its name.
        name: String,
        /// Its credit limit in minor units.
        credit_limit: u64,
    }
}

published! {
    /// An order's total was reserved.
    CustomerCreditReserved on "customer--credit-reserved" {
        /// The order.
        order_id: Uuid,
    }
}

published! {
    /// An order's total is over the available credit.
    CustomerCreditReservationFailed on "customer--credit-reservation-failed" {
        /// The order.
        order_id: Uuid,
    }
}

published! {
    /// An order names a customer that does not exist.
    CustomerValidationFailed on "customer--validation-failed" {
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
message_type!(OrderCreated, "order--created");

/// An approved order was cancelled; published by the orders service.
#[derive(Clone, Debug, Deserialize)]
pub struct OrderCancelled {
    /// The order.
    pub order_id: Uuid,
    /// Whose order it was.
    pub customer_id: Uuid,
}
message_type!(OrderCancelled, "order--cancelled");
