//! What the system costs, counted and measured: calls, capacity units and dollars of an order.
//!
//! Counts are exact: the programs run on the embedded AWS under a paused clock, every call is noted, and DynamoDB's own report of consumed
//! capacity is asked for with each. Dollars are counts times [`prices`].

pub mod designs;
pub mod measure;
pub mod meter;
pub mod prices;
pub mod receipt;
