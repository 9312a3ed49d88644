//! What the service publishes and consumes, and who handles it.

use transactional_messaging::wiring::Wiring;
use unit_of_work::Database;

use crate::{
    messages::{
        CREDIT_RESERVATION_FAILED, CREDIT_RESERVED, OrderApproved, OrderCancelled, OrderCreated,
        OrderRejected, VALIDATION_FAILED,
    },
    use_cases::Orders,
};

/// All topics and queues of the service.
pub fn wiring<D: Database + Clone + 'static>() -> Wiring<Orders<D>> {
    Wiring::new()
        .publishes::<OrderCreated>()
        .publishes::<OrderApproved>()
        .publishes::<OrderRejected>()
        .publishes::<OrderCancelled>()
        .consumes(CREDIT_RESERVED, Orders::approve)
        .consumes(CREDIT_RESERVATION_FAILED, Orders::reject_over_limit)
        .consumes(VALIDATION_FAILED, Orders::reject_invalid)
}
