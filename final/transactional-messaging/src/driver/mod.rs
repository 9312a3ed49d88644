//! What drives a relay or a consumer: Lambda functions, a process that reads the stream, and loops of a
//! process.
//!
//! | module | feature | what for |
//! |---|---|---|
//! | `lambda` | `lambda` | behind an event source mapping on the outbox table's stream, and behind the sweeper's schedule |
//! | `lambda_consumer` | `lambda` | the consumer as a function behind event source mappings on its queues |
//! | `tail` | `tail` | a process that reads the stream by itself |
//! | [`sweep`] | | the sweeper as a loop |
//! | [`scheduled`] | | the mover of scheduled messages as a loop |
//!
//! All drivers of the relay hand the same news to the same [`Relay`](crate::relay::Relay). The consumer's
//! hands messages to the same handlers as a process that receives them itself.

#[cfg(feature = "lambda")]
pub mod lambda;
#[cfg(feature = "lambda")]
pub mod lambda_consumer;
pub mod scheduled;
pub mod sweep;
#[cfg(feature = "tail")]
pub mod tail;

use std::error::Error;

/// An error with everything that led to it.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
