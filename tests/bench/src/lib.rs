//! What the system costs: calls, capacity units and dollars of an order, counted; processor time and memory of its parts, measured.
//!
//! Counts are exact: the programs run on the embedded AWS under a paused clock, every call is noted, and DynamoDB's own report of consumed
//! capacity is asked for with each. Dollars are counts times [`prices`]. Processor time is that of a process of its own, which does nothing
//! else; AWS is a [stand-in](stub) in another one.

pub mod designs;
pub mod load;
pub mod measure;
pub mod meter;
pub mod plot;
pub mod prices;
pub mod receipt;
pub mod saga;
pub mod stub;
pub mod trial;
pub mod worker;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
