//! Transactional messaging on DynamoDB, SNS and SQS: the outbox, its relay, and the idempotent consumer.
//!
//! | module | what for |
//! |---|---|
//! | [`message`] | messages, bound to their topic at compile time |
//! | [`outbox`] | storing messages in the unit of work that makes the change they tell of |
//! | [`relay`] | publishing what was stored: in order for each subject, at least once |
//! | [`consumer`] | taking messages from a queue and giving each its effect once |
//! | [`inbox`] | remembering what was handled |
//! | [`channels`] | standard or FIFO topics and queues |
//! | [`envelope`] | the CloudEvents document on the wire |
//! | [`due`] | sparse indexes: what waits for its time |
//! | [`scheduled`] | messages for later, which can be cancelled |
//! | [`ambient`] | time and ids, injected |
//! | [`provision`] | tables, topics and queues for development |
//!
//! The writing side. Change and message are committed together or not at all:
//!
//! ```
//! # use serde::Serialize;
//! # use std::collections::HashMap;
//! # use time::OffsetDateTime;
//! use transactional_messaging::{ambient::Ambient, message::{Context, Place, Sequence, Subject}, outbox::Outbox, published};
//! use unit_of_work::{Condition, MemoryDatabase, Put, Table, UnitOfWork};
//! use uuid::Uuid;
//!
//! #[derive(Clone, Debug, Serialize)]
//! struct Head { event_id: Uuid, created_at: OffsetDateTime }
//!
//! published! {
//!     /// A note was taken.
//!     NoteTaken on "note--taken" with Head { note_id: Uuid }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let database = MemoryDatabase::new(); // in production: `DynamoDb::new(client)`
//! # let ambient = Ambient::fixed(OffsetDateTime::UNIX_EPOCH); // in production: `Ambient::system()`
//! let outbox = Outbox::new("notes-outbox", "/notes");
//! let (note_id, context) = (ambient.id(), Context::of_request(ambient.id()));
//!
//! let mut work = UnitOfWork::new(ambient.id());
//! let note = HashMap::from([("PK", format!("NOTE#{note_id}"))]);
//! work.add(Put::new(&Table::new("notes", "PK"), &note)?.when(Condition::not_exists("PK")).or("the note exists"));
//! let event = NoteTaken { head: Head { event_id: ambient.id(), created_at: ambient.now() }, note_id };
//! let place = Place::first(Subject::aggregate("note", note_id), Sequence::of(0, 0)); // the first message of version 0
//! outbox.publish(&mut work, &place, &context, &event, "the message exists")?;
//! work.commit(&database).await?;
//!
//! assert_eq!(database.items(outbox.table()).len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! The receiving side is [`consumer::IdempotentConsumer`] inside a [`consumer::ConsumerGroup`]; between the two runs a
//! [`relay::Relay`].
//!
//! # What is guaranteed, and what is not
//!
//! - A message is published if, and only if, its unit of work was committed; **at least once**, with the same id and bytes each time.
//! - Messages of one subject are handed to SNS in the order of their sequence. A standard topic and queue may still deliver them in
//!   another order; the envelope carries the sequence, by which a [`SequenceGuard`](inbox::SequenceGuard) restores it for handlers that need
//!   it. FIFO ones ([`channels`]) deliver in that order as long as nothing moves to a dead-letter queue.
//! - A message has its effect **once** for each consumer, as long as the inbox remembers it ([`inbox::DEFAULT_RETENTION`]) and the effect
//!   goes through the unit of work. Effects outside it, such as a mail, are your own to make repeatable.

pub mod ambient;
pub mod channels;
pub mod consumer;
pub mod due;
pub mod envelope;
pub mod error;
pub mod inbox;
mod macros;
pub mod message;
pub mod outbox;
pub mod provision;
pub mod relay;
pub mod scheduled;
pub mod timestamp;
