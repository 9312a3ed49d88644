//! What the service consumes, and who handles it.

use transactional_messaging::wiring::Wiring;
use unit_of_work::Database;

use crate::{
    messages::{CUSTOMER_CREATED, ORDER_APPROVED, ORDER_CANCELLED, ORDER_REJECTED},
    use_cases::Notifications,
};

/// All queues of the service. No two messages get in each other's way, so none has to wait for another.
pub fn wiring<D: Database + Clone + 'static>() -> Wiring<Notifications<D>> {
    Wiring::new()
        .consumes(CUSTOMER_CREATED, Notifications::remember_address)
        .consumes(ORDER_APPROVED, Notifications::tell_of_approval)
        .consumes(ORDER_REJECTED, Notifications::tell_of_rejection)
        .consumes(ORDER_CANCELLED, Notifications::tell_of_cancellation)
}
