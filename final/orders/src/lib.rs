//! The orders service: it takes orders, and approves or rejects them as the customers service decides.
//!
//! | module | what lives there |
//! |---|---|
//! | [`domain`] | the rules, without storage and messages |
//! | [`use_cases`] | what the service does: load, decide, commit |
//! | [`store`] | orders as items of a table, and the index of those that are pending |
//! | [`overdue`] | gives up what nobody has decided on in time |
//! | [`messages`] | the events it publishes and the events it consumes |
//! | [`http`] | the HTTP interface |
//! | [`service`] | how it all starts and stops |

pub mod domain;
pub mod http;
pub mod messages;
pub mod overdue;
pub mod service;
pub mod store;
pub mod use_cases;
