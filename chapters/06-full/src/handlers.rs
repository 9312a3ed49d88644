//! Which event sets off which use case.

use crate::App;
use crate::error::Error;
use crate::events::Event;
use crate::unit_of_work::UnitOfWork;
use crate::{customers, orders};

/// Adds the effect of an event to the unit of work.
///
/// # Errors
///
/// What the use case returns.
pub async fn handle(app: &App, work: &mut UnitOfWork, event: Event) -> Result<(), Error> {
    match event {
        Event::OrderCreated { customer_id, order_id, order_total } => {
            customers::reserve_credit(app, work, customer_id, order_id, order_total).await
        }
        Event::OrderCancelled { customer_id, order_total, .. } => {
            customers::release_credit(app, work, customer_id, order_total).await
        }
        Event::CustomerCreditReserved { order_id, .. } => orders::approve(app, work, order_id).await,
        Event::CustomerCreditReservationFailed { order_id, .. }
        | Event::CustomerValidationFailed { order_id, .. } => orders::reject(app, work, order_id).await,
        Event::CustomerCreated { .. } | Event::OrderApproved { .. } | Event::OrderRejected { .. } => Ok(()),
    }
}
