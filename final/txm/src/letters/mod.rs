//! Queues beside queues, and what lies there.

mod letter;
mod queues;

pub use letter::{Head, Letter, Side, unwrapped};
