//! The consuming side: a loop that takes messages from an SQS queue, and the idempotent consumer that gives
//! each message its effect once.

mod deletes;
mod delivery;
mod group;
mod health;
mod idempotent;
mod keyed_locks;
#[cfg(feature = "lambda")]
mod lent;
mod letter;
mod outcome;
mod queue;
mod run;
mod sequence_guard;
mod settings;
mod settle;
mod slots;
mod source;
mod span;
mod work;

pub use delivery::{Delivery, Unreadable, upcast};
pub use group::{ConsumerGroup, OpenError};
pub use health::{ConsumerHealth, TOLERATED_OUTAGE};
pub use idempotent::{Conflict, IdempotentConsumer};
pub use keyed_locks::{InTurns, KeyedLocks};
#[cfg(feature = "lambda")]
pub(crate) use lent::LentQueue;
pub use outcome::{Handled, HandlerError};
pub use run::Consumer;
pub use sequence_guard::{Arrival, Follows, SequenceGuard};
pub use settings::ConsumerSettings;
pub use span::SPAN_TARGET;
#[cfg(feature = "lambda")]
pub(crate) use span::of_message as span_of_message;
