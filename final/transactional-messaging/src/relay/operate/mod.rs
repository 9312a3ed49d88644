//! What a person does with an outbox: look at what waits and why, give a message up, send again what was
//! sent.
//!
//! Nothing here is needed while all is well. Whoever operates a system calls it, as the program `txm` does:
//!
//! | part | what for |
//! |---|---|
//! | [`OutboxView`], [`StoredRow`] | rows as they lie there, also those that cannot be sent |
//! | [`waits`] | why each row of a subject is still there |
//! | [`skip`] | a parked message that must not be sent any more |
//! | [`Replay`], [`Wanted`] | the table of sent messages, once more to its topics, or to [`OneQueue`] |

mod one_queue;
mod replay;
mod rows;
mod skip;
mod why;

pub use one_queue::OneQueue;
pub use replay::{Replay, ReplayError, Wanted};
pub use rows::{OutboxView, StoredRow};
pub use skip::{SkipError, skip};
pub use why::{Wait, waits};
