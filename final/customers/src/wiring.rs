//! What the service publishes and consumes, and who handles it.

use transactional_messaging::{consumer::KeyedLocks, wiring::Wiring};
use unit_of_work::Database;

use crate::{
    messages::{
        CustomerCreated, CustomerCreditReservationFailed, CustomerCreditReserved, CustomerValidationFailed,
        ORDER_CANCELLED, ORDER_CREATED, ORDER_REJECTED,
    },
    use_cases::Customers,
};

/// All topics and queues of the service. Messages of one customer take turns, from whichever queue they come.
pub fn wiring<D: Database + Clone + 'static>() -> Wiring<Customers<D>> {
    let customer = KeyedLocks::default();
    Wiring::new()
        .publishes::<CustomerCreated>()
        .publishes::<CustomerCreditReserved>()
        .publishes::<CustomerCreditReservationFailed>()
        .publishes::<CustomerValidationFailed>()
        .consumes_in_turns(ORDER_CREATED, customer.by(|order| order.customer_id), Customers::reserve_credit)
        .consumes_in_turns(ORDER_CANCELLED, customer.by(|order| order.customer_id), Customers::release_credit)
        .consumes_in_turns(
            ORDER_REJECTED,
            customer.by(|order| order.customer_id),
            Customers::settle_rejection,
        )
}
