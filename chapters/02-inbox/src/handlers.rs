//! Which event sets off which use case.

use crate::App;
use crate::error::Error;
use crate::events::Event;
use crate::{customers, orders};

/// Gives an event its effect.
///
/// # Errors
///
/// What the use case returns.
pub async fn handle(app: &App, event: Event) -> Result<(), Error> {
    match event {
        Event::OrderCreated { customer_id, order_id, order_total } => {
            customers::reserve_credit(app, customer_id, order_id, order_total).await
        }
        Event::OrderCancelled { customer_id, order_total, .. } => {
            customers::release_credit(app, customer_id, order_total).await
        }
        Event::CustomerCreditReserved { order_id, .. } => orders::approve(app, order_id).await,
        Event::CustomerCreditReservationFailed { order_id, .. }
        | Event::CustomerValidationFailed { order_id, .. } => orders::reject(app, order_id).await,
        Event::CustomerCreated { .. } | Event::OrderApproved { .. } | Event::OrderRejected { .. } => Ok(()),
    }
}
