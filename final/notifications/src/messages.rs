//! The events that this service consumes, with the fields that it reads, and their queues. It publishes none.

use transactional_messaging::{consumed, wiring::Queue};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::Address;

/// The queue of new customers.
pub const CUSTOMER_CREATED: Queue<CustomerCreated> = Queue::new("notification--customer-created");
/// The queue of approved orders.
pub const ORDER_APPROVED: Queue<OrderApproved> = Queue::new("notification--order-approved");
/// The queue of rejected orders.
pub const ORDER_REJECTED: Queue<OrderRejected> = Queue::new("notification--order-rejected");
/// The queue of cancelled orders.
pub const ORDER_CANCELLED: Queue<OrderCancelled> = Queue::new("notification--order-cancelled");

consumed! {
    /// A customer was created; published by the customers service.
    #[derive(ToSchema)]
    CustomerCreated on "customer--created" from "/customers" {
        /// The customer.
        customer_id: Uuid,
        /// Where mails to it go. It is missing if the customer did not say, and in events from before it
        /// could.
        #[schema(value_type = String, required = false)]
        email: Option<Address>,
    } about |message, subject| is(subject, "customer", message.customer_id)
}

consumed! {
    /// An order was approved; published by the orders service.
    #[derive(Copy, ToSchema)]
    OrderApproved on "order--approved" from "/orders" {
        /// The order.
        order_id: Uuid,
        /// Whose order it is.
        customer_id: Uuid,
    } about |message, subject| is(subject, "order", message.order_id)
}

consumed! {
    /// An order was rejected, or given up; published by the orders service.
    #[derive(Copy, ToSchema)]
    OrderRejected on "order--rejected" from "/orders" {
        /// The order.
        order_id: Uuid,
        /// Whose order it was.
        customer_id: Uuid,
    } about |message, subject| is(subject, "order", message.order_id)
}

consumed! {
    /// An approved order was cancelled; published by the orders service.
    #[derive(Copy, ToSchema)]
    OrderCancelled on "order--cancelled" from "/orders" {
        /// The order.
        order_id: Uuid,
        /// Whose order it was.
        customer_id: Uuid,
    } about |message, subject| is(subject, "order", message.order_id)
}

/// Both services publish under what the message tells of.
fn is(subject: &str, kind: &str, id: Uuid) -> bool {
    subject
        .strip_prefix(kind)
        .and_then(|rest| rest.strip_prefix('/'))
        .is_some_and(|own| own == id.to_string())
}
