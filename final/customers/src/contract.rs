//! What this service promises to others, for documents: its HTTP interface and its messages.

use ::service::contract::Contract;
use unit_of_work::DynamoDb;

use crate::{
    http,
    messages::{
        CustomerCreated, CustomerCreditReservationFailed, CustomerCreditReserved, CustomerValidationFailed,
        OrderCancelled, OrderCreated, OrderRejected, SOURCE,
    },
    wiring::wiring,
};

/// Everything that [`wiring`] names, with what it is made of.
pub fn contract() -> Contract {
    Contract::of("customers", SOURCE, wiring::<DynamoDb>())
        .answers(&http::document())
        .sends::<CustomerCreated>()
        .sends::<CustomerCreditReserved>()
        .sends::<CustomerCreditReservationFailed>()
        .sends::<CustomerValidationFailed>()
        .reads::<OrderCreated>()
        .reads::<OrderCancelled>()
        .reads::<OrderRejected>()
}
