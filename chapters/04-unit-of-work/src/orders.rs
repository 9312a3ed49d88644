//! The orders service: an order is pending until the customers service has answered, and can be cancelled
//! afterwards.

use uuid::Uuid;

use crate::App;
use crate::error::Error;
use crate::events::Event;
use crate::outbox::publish;
use crate::store::{Order, OrderState};
use crate::unit_of_work::UnitOfWork;

// ANCHOR: place
/// Places an order. Whether the customer has the credit for it, the customers service says later.
///
/// # Errors
///
/// [`Error::Aws`]
pub async fn place(
    app: &App,
    work: &mut UnitOfWork,
    customer_id: Uuid,
    order_total: i64,
) -> Result<Order, Error> {
    let order = Order {
        order_id: app.ambient.id(),
        customer_id,
        state: OrderState::Pending,
        total_amount: order_total,
        version: 0,
        created_at: app.ambient.timestamp(),
    };
    publish(app, work, Event::OrderCreated { customer_id, order_id: order.order_id, order_total })?;
    app.store.insert_order(work, &order)?;
    Ok(order)
}
// ANCHOR_END: place

/// The order with this id.
///
/// # Errors
///
/// [`Error::OrderNotFound`]
pub async fn get(app: &App, id: Uuid) -> Result<Order, Error> {
    app.store.order(id).await?.ok_or(Error::OrderNotFound(id))
}

/// Approves a pending order. In any other state it stays as it is: the answer comes late, or once more.
///
/// # Errors
///
/// [`Error::OrderNotFound`]
pub async fn approve(app: &App, work: &mut UnitOfWork, order_id: Uuid) -> Result<(), Error> {
    let mut order = get(app, order_id).await?;
    if order.state != OrderState::Pending {
        return Ok(());
    }
    order.state = OrderState::Approved;
    publish(app, work, Event::OrderApproved { customer_id: order.customer_id, order_id })?;
    app.store.update_order(work, order)
}

/// Rejects a pending order. In any other state it stays as it is.
///
/// # Errors
///
/// [`Error::OrderNotFound`]
pub async fn reject(app: &App, work: &mut UnitOfWork, order_id: Uuid) -> Result<(), Error> {
    let mut order = get(app, order_id).await?;
    if order.state != OrderState::Pending {
        return Ok(());
    }
    order.state = OrderState::Rejected;
    publish(app, work, Event::OrderRejected { customer_id: order.customer_id, order_id })?;
    app.store.update_order(work, order)
}

/// Cancels an approved order. Cancelling it again changes nothing.
///
/// # Errors
///
/// [`Error::OrderNotFound`], [`Error::PendingOrderCannotBeCancelled`],
/// [`Error::RejectedOrderCannotBeCancelled`]
pub async fn cancel(app: &App, work: &mut UnitOfWork, order_id: Uuid) -> Result<(), Error> {
    let mut order = get(app, order_id).await?;
    match order.state {
        OrderState::Pending => return Err(Error::PendingOrderCannotBeCancelled),
        OrderState::Rejected => return Err(Error::RejectedOrderCannotBeCancelled),
        OrderState::Cancelled => return Ok(()),
        OrderState::Approved => {}
    }
    order.state = OrderState::Cancelled;
    let (customer_id, order_total) = (order.customer_id, order.total_amount);
    publish(app, work, Event::OrderCancelled { customer_id, order_id, order_total })?;
    app.store.update_order(work, order)
}
