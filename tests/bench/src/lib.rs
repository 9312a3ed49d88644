//! What the system costs: calls, capacity units and dollars of an order, counted; processor time and memory
//! of its parts, measured.
//!
//! Counts are exact: the programs run on the embedded AWS under a paused clock, every call is noted, and
//! DynamoDB's own report of consumed capacity is asked for with each. Dollars are counts times [`prices`].
//! Processor time is that of a process of its own, which does nothing else; AWS is a stand-in in another one
//! (`measured`).

pub mod cold_start;
pub mod designs;
pub mod growth;
pub mod instructions;
pub mod measure;
pub mod meter;
pub mod plot;
pub mod prices;
pub mod programs;
pub mod receipt;
pub mod saga;
pub mod trial;
