//! The orders service: it takes orders, and approves or rejects them as the customers service decides.
//!
//! | module | what lives there |
//! |---|---|
//! | [`domain`] | the rules, without storage and messages |
//! | [`use_cases`] | what the service does: load, decide, commit |
//! | [`store`] | orders as items of a table, and the index of those that are pending |
//! | [`overdue`] | gives up what nobody has decided on in time |
//! | [`messages`] | the events it publishes, the events it consumes, and their queues |
//! | [`wiring`] | which use case handles which queue |
//! | [`http`] | the HTTP interface |
//! | [`contract`] | both interfaces as documents |
//! | [`settings`], [`service`] | what it is told, and how it is put together |

pub mod contract;
pub mod domain;
pub mod http;
pub mod messages;
pub mod overdue;
pub mod service;
pub mod settings;
pub mod store;
pub mod use_cases;
pub mod wiring;
