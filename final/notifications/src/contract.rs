//! What this service promises to others, for documents: nothing over HTTP, and the messages that it reads.

use ::service::contract::Contract;
use unit_of_work::DynamoDb;

use crate::{
    messages::{CustomerCreated, OrderApproved, OrderCancelled, OrderRejected},
    wiring::wiring,
};

/// Everything that [`wiring`] names, with what it is made of.
pub fn contract() -> Contract {
    Contract::of("notifications", "/notifications", wiring::<DynamoDb>())
        .reads::<CustomerCreated>()
        .reads::<OrderApproved>()
        .reads::<OrderRejected>()
        .reads::<OrderCancelled>()
}
