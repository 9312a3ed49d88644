//! What the benchmarks measure, and what it is measured against: one part of the system at work on a load, in
//! a process that does nothing else. AWS is a [stand-in](stub) in another process, or none at all where
//! instructions are counted.

pub mod answers;
pub mod load;
#[cfg(feature = "null")]
pub mod null;
pub mod parts;
pub mod reference;
pub mod stub;
pub mod telemetry;
pub mod usage;
pub mod work;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
