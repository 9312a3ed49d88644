//! What this service promises to others, for documents: its HTTP interface and its messages.

use ::service::contract::Contract;
use unit_of_work::DynamoDb;

use crate::{
    http,
    messages::{
        CustomerCreditReservationFailed, CustomerCreditReserved, CustomerValidationFailed, OrderApproved,
        OrderCancelled, OrderCreated, OrderRejected, SOURCE,
    },
    wiring::wiring,
};

/// Everything that [`wiring`] names, with what it is made of.
pub fn contract() -> Contract {
    Contract::of("orders", SOURCE, wiring::<DynamoDb>())
        .answers(&http::document())
        .sends::<OrderCreated>()
        .sends::<OrderApproved>()
        .sends::<OrderRejected>()
        .sends::<OrderCancelled>()
        .reads::<CustomerCreditReserved>()
        .reads::<CustomerCreditReservationFailed>()
        .reads::<CustomerValidationFailed>()
}
