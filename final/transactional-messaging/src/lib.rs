//! Transactional messaging on DynamoDB, SNS and SQS: the outbox, its relay, and the idempotent consumer.
//!
//! | module | what for |
//! |---|---|
//! | [`message`] | messages, bound to their topic at compile time |
//! | [`published!`], [`consumed!`] | declaring them |
//! | [`wiring`] | what a service publishes and consumes, as one value |
//! | [`aggregate`] | what has a version, and so gives its messages their places |
//! | [`aggregates`] | a store of aggregates, for those who have no rows of their own shape |
//! | [`outbox`] | storing messages in the unit of work that makes the change they tell of |
//! | [`relay`] | publishing what was stored: in order for each subject, at least once |
//! | [`driver`] | what wakes a relay or hands messages to a consumer: Lambda functions, a tailer of the stream, loops |
//! | [`consumer`] | taking messages from a queue and giving each its effect once |
//! | [`inbox`] | remembering what was handled |
//! | [`messaging`] | tables, store and consumer of one service in a few words |
//! | [`channels`] | standard or FIFO topics and queues |
//! | [`envelope`] | the CloudEvents document on the wire |
//! | [`due`] | sparse indexes: what waits for its time |
//! | [`scheduled`] | messages for later, which can be cancelled |
//! | [`ambient`] | time and ids, injected |
//! | [`limits`] | how long messages are kept and tried on their way |
//! | [`provision`] | tables, topics and queues for development |
//! | [`prelude`] | what most services need of all that |
//!
//! A message is declared once, with its topic, and a queue with the message that it carries:
//!
//! ```
//! use transactional_messaging::prelude::*;
//!
//! published! {
//!     of Note as "note" { text: String, read: bool };
//!     /// A note was taken.
//!     NoteTaken on "note--taken" { words: usize }
//!     /// It was read.
//!     NoteRead on "note--read" {}
//! }
//! consumed! {
//!     /// Somebody opened a note; another service tells.
//!     PageOpened on "page--opened" { note_id: Uuid }
//! }
//! const PAGES: Queue<PageOpened> = Queue::new("notes--page-opened");
//!
//! #[derive(Clone)]
//! struct Notes<D> {
//!     store: Aggregates<Note, D>,
//!     consumer: IdempotentConsumer<D>,
//! }
//!
//! impl<D: Database + Clone> Notes<D> {
//!     /// The note and its message are committed together, or neither is.
//!     async fn take(&self, context: &Context, text: &str) -> Result<Uuid, Box<dyn std::error::Error>> {
//!         let note = self.store.create(Note { text: text.to_owned(), read: false });
//!         let (id, words) = (note.id(), text.split(' ').count());
//!         self.store.save_alone(note, context, NoteTaken { words }).await?;
//!         Ok(id)
//!     }
//!
//!     /// Once for each message: what the inbox remembers, the note and its message are committed together.
//!     /// If somebody else changes the note meanwhile, it is loaded and decided on anew.
//!     async fn read(self, page: Delivery<PageOpened>) -> Result<Handled, HandlerError> {
//!         let (store, page) = (&self.store, &page);
//!         let read = |mut work| async move {
//!             let mut note = store.existing(page.message.note_id).await?;
//!             note.read = true;
//!             store.save(&mut work, note, &page.context(), NoteRead {})?;
//!             Ok(work)
//!         };
//!         self.consumer.once(page, read).await
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let database = unit_of_work::MemoryDatabase::new(); // in production: `DynamoDb::new(client)`
//! # let ambient = Ambient::fixed(time::OffsetDateTime::UNIX_EPOCH); // in production: `Ambient::system()`
//! let messaging = Messaging::new("notes", database, ambient);
//! let notes = Notes { store: messaging.aggregates(), consumer: messaging.consumer() };
//! let wiring = Wiring::of::<Note>().consumes(PAGES, Notes::read);
//!
//! let id = notes.take(&Context::of_request(Uuid::from_u128(1)), "buy milk").await?;
//! // In a service, `wiring.start` receives from the queues. One message can also be handled by itself:
//! # let body = serde_json::json!({
//! #     "specversion": "1.0", "id": Uuid::from_u128(9), "source": "/pages", "type": "PageOpened",
//! #     "data": {"note_id": id},
//! # })
//! # .to_string();
//! assert_eq!(wiring.handle("notes--page-opened", &notes, &body).await?, Handled::Done);
//! assert_eq!(wiring.handle("notes--page-opened", &notes, &body).await?, Handled::Duplicate);
//! # Ok(())
//! # }
//! ```
//!
//! `examples/parcels` is a whole service in 45 lines, on an AWS inside the process. Between two services runs
//! a [`relay::Relay`], a program of its own.
//!
//! # What is guaranteed, and what is not
//!
//! - A message is published if, and only if, its unit of work was committed; **at least once**, with the same
//!   id and bytes each time.
//! - Messages of one subject are handed to SNS in the order of their sequence. A standard topic and queue may
//!   still deliver them in another order; the envelope carries the sequence, by which a
//!   [`SequenceGuard`](consumer::SequenceGuard) restores it for handlers that need it. FIFO ones
//!   ([`channels`]) deliver in that order as long as nothing moves to a dead-letter queue.
//! - A message has its effect **once** for each consumer, as long as the inbox remembers it
//!   ([`inbox::DEFAULT_RETENTION`]) and the effect goes through the unit of work. Effects outside it, such as
//!   a mail, are your own to make repeatable.

/// The examples of README.md, tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// The macros name this crate by its name, also in the crate's own tests.
extern crate self as transactional_messaging;

/// What the macros use of other crates.
#[doc(hidden)]
pub mod __private {
    pub use crate::consumer::upcast;
    pub use serde;
    pub use serde_json::Error as JsonError;
    pub use time::OffsetDateTime;
    pub use uuid::Uuid;
}

pub mod aggregate;
pub mod aggregates;
pub mod ambient;
pub mod channels;
pub mod consumer;
pub mod driver;
pub mod due;
pub mod envelope;
pub mod error;
pub mod inbox;
pub mod limits;
mod macros;
pub mod message;
pub mod messaging;
pub mod outbox;
pub mod prelude;
pub mod provision;
mod queue;
pub mod relay;
pub mod scheduled;
mod spans;
pub mod timestamp;
pub mod wiring;
