//! The customers service: a customer has a credit limit, and orders reserve parts of it.

use uuid::Uuid;

use crate::App;
use crate::error::Error;
use crate::events::Event;
use crate::publisher::publish;
use crate::store::Customer;

/// Creates a customer with all credit available.
///
/// # Errors
///
/// [`Error::Aws`]
pub async fn create(app: &App, name: String, credit_limit: i64) -> Result<Customer, Error> {
    let customer = Customer {
        customer_id: app.ambient.id(),
        name: name.clone(),
        credit_limit,
        available_credit: credit_limit,
        created_at: app.ambient.timestamp(),
    };
    app.store.put_customer(&customer).await?;
    publish(app, Event::CustomerCreated { customer_id: customer.customer_id, name, credit_limit }).await?;
    Ok(customer)
}

/// The customer with this id.
///
/// # Errors
///
/// [`Error::CustomerNotFound`]
pub async fn get(app: &App, id: Uuid) -> Result<Customer, Error> {
    app.store.customer(id).await?.ok_or(Error::CustomerNotFound(id))
}

// ANCHOR: reserve_credit
/// Reserves credit for an order, or says that it cannot.
///
/// # Errors
///
/// [`Error::Aws`]
pub async fn reserve_credit(app: &App, customer_id: Uuid, order_id: Uuid, total: i64) -> Result<(), Error> {
    let Some(mut customer) = app.store.customer(customer_id).await? else {
        let error = "CUSTOMER_NOT_FOUND_ERROR".to_owned();
        return publish(app, Event::CustomerValidationFailed { customer_id, order_id, error }).await;
    };
    if customer.available_credit < total {
        return publish(app, Event::CustomerCreditReservationFailed { customer_id, order_id }).await;
    }
    customer.available_credit -= total;
    app.store.put_customer(&customer).await?;
    publish(app, Event::CustomerCreditReserved { customer_id, order_id }).await
}
// ANCHOR_END: reserve_credit

/// Gives the credit of a cancelled order back.
///
/// # Errors
///
/// [`Error::CustomerNotFound`]
pub async fn release_credit(app: &App, customer_id: Uuid, total: i64) -> Result<(), Error> {
    let mut customer = get(app, customer_id).await?;
    customer.available_credit += total;
    app.store.put_customer(&customer).await
}
