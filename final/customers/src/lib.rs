//! The customers service: it keeps credit limits, reserves credit for orders and releases it again.
//!
//! | module | what lives there |
//! |---|---|
//! | [`domain`] | the rules, without storage and messages |
//! | [`use_cases`] | what the service does: load, decide, commit |
//! | [`store`] | customers and decisions as items of a table |
//! | [`messages`] | the events it publishes, the events it consumes, and their queues |
//! | [`wiring`] | which use case handles which queue |
//! | [`http`] | the HTTP interface |
//! | [`contract`] | both interfaces as documents |
//! | [`service`] | how it is put together |

pub mod contract;
pub mod domain;
pub mod http;
pub mod messages;
pub mod service;
pub mod store;
pub mod use_cases;
pub mod wiring;
