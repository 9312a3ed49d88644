//! The events of both services, their topics, and the envelope they travel in.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Something that has happened. Amounts are in cents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
#[expect(missing_docs, reason = "the names say it: who, which order, how much")]
pub enum Event {
    CustomerCreated { customer_id: Uuid, name: String, credit_limit: i64 },
    CustomerCreditReserved { customer_id: Uuid, order_id: Uuid },
    CustomerCreditReservationFailed { customer_id: Uuid, order_id: Uuid },
    CustomerValidationFailed { customer_id: Uuid, order_id: Uuid, error: String },
    OrderCreated { customer_id: Uuid, order_id: Uuid, order_total: i64 },
    OrderApproved { customer_id: Uuid, order_id: Uuid },
    OrderRejected { customer_id: Uuid, order_id: Uuid },
    OrderCancelled { customer_id: Uuid, order_id: Uuid, order_total: i64 },
}

impl Event {
    /// Where it is published.
    pub fn topic(&self) -> &'static str {
        match self {
            Self::CustomerCreated { .. } => "customer--created",
            Self::CustomerCreditReserved { .. } => "customer--credit-reserved",
            Self::CustomerCreditReservationFailed { .. } => "customer--credit-reservation-failed",
            Self::CustomerValidationFailed { .. } => "customer--validation-failed",
            Self::OrderCreated { .. } => "order--created",
            Self::OrderApproved { .. } => "order--approved",
            Self::OrderRejected { .. } => "order--rejected",
            Self::OrderCancelled { .. } => "order--cancelled",
        }
    }

    // ANCHOR: subject
    /// What the event is about. The events of one subject are published in sequence. A subject is an
    /// aggregate, or one decision that leaves its aggregate as it is.
    pub fn subject(&self) -> String {
        match self {
            Self::CustomerCreated { customer_id, .. } | Self::CustomerCreditReserved { customer_id, .. } => {
                format!("CUSTOMER#{customer_id}")
            }
            Self::CustomerCreditReservationFailed { customer_id, order_id }
            | Self::CustomerValidationFailed { customer_id, order_id, .. } => {
                format!("CUSTOMER#{customer_id}#ORDER#{order_id}")
            }
            Self::OrderCreated { order_id, .. }
            | Self::OrderApproved { order_id, .. }
            | Self::OrderRejected { order_id, .. }
            | Self::OrderCancelled { order_id, .. } => format!("ORDER#{order_id}"),
        }
    }
    // ANCHOR_END: subject
}

/// An event on its way. Fields that a consumer does not know are ignored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// The event's id: the same in every copy of it.
    pub id: Uuid,
    /// When it happened.
    pub time: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What SNS wraps around a message for a queue.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification {
    message: String,
}

impl Envelope {
    /// Reads the body of a queue message.
    ///
    /// # Errors
    ///
    /// When it is not an event in an SNS notification.
    pub fn parse(body: &str) -> serde_json::Result<Self> {
        let notification: Notification = serde_json::from_str(body)?;
        serde_json::from_str(&notification.message)
    }
}
