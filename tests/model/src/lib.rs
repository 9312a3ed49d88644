//! The messaging protocol of `final/` as a model, explored by a model checker to its last state.
//!
//! The checker ([stateright](https://docs.rs/stateright)) tries every order of steps and every fault at every
//! point, and looks at each state that comes of it. What it says holds for all runs within the bounds, not
//! for those that a test happened to make. What it says nothing about is whether the code does what the model
//! does; the tests of this crate ask the real domains the same questions, and the fault lab breaks the real
//! programs.
//!
//! `cargo run -p protocol-model` prints the shortest way to what each of the planted [`Defect`]s breaks, then
//! explores the sound protocol. Begin to read at `protocol.rs`; `properties.rs` lists what must hold.
//!
//! # What is modelled
//!
//! | part | step | stands for |
//! |---|---|---|
//! | orders | [`Action::Write`] of [`Writer::Place`] | `Orders::create`: order and outbox row in one transaction |
//! | | of [`Writer::Cancel`], [`Writer::GiveUp`] | `Orders::cancel` and `Orders::give_up`, on the condition of the version |
//! | database | [`Action::Show`], [`Action::LetGo`] | a transaction that is decided shows in one item more; one that is cancelled lets go of an item |
//! | stream | a bit for each row in `records` | the record of the row's INSERT; it wakes the subject and stays until it is acknowledged |
//! | relay | [`Action::Wake`] | stream records, in batches of any of them, or the sweep |
//! | | [`Action::Read`] | the end of a read: rows that came or went meanwhile are seen or not |
//! | | [`Action::Relay`], once for each | `OutboxStore::turns`; an entry of a `PublishBatch`; `OutboxStore::park`; the acknowledgement |
//! | | [`Action::Delete`] | `OutboxStore::delete`, row by row |
//! | broker | a count for each message and queue | standard topic and queues: any copy may be delivered next, nothing is lost |
//! | consumers | [`Action::Receive`] | `Queue::receive` and the handler's first read |
//! | | of [`Writer::Handler`], once for each | the second read; `IdempotentConsumer::once` commits inbox row, effect and outbox row; `Queue::delete`, or `Queue::dead_letter` |
//! | use cases | the effect in a commit | `Customers::decide_on_order`, `Customers::settle_end`, `Orders::react` |
//! | operator | [`Action::Unpark`], [`Action::Redrive`] | `Relay::unpark` after a repair; a move from the dead-letter queue back |
//! | [`Fault`] | at any time, as many as the bounds allow | a transaction becomes visible item by item, or holds a row and is cancelled; a process dies between any two steps; an answer is lost, an entry is not taken; a relay is so slow that another is woken meanwhile; records are lost or come again, a message is doubled, unreadable or unsendable; inbox rows expire |
//!
//! The saga is the one of the shop: two orders, one customer; reserve, approve, refuse, reject, cancel, give
//! up, release. Credit for one of the two makes them race for it.
//!
//! # What is abstracted
//!
//! - **Amounts.** Each order costs 1; the credit is for one order or for two.
//! - **A transaction is decided in one step.** `UnitOfWork::commit` repeats an ambiguous commit with the same
//!   token, so its answer may be lost without harm. Before it is decided nobody can tell it from one that is
//!   not there, but for the conflicts, and these a decided one causes as well. A reader's two reads are two
//!   steps. Inbox rows show at once: no decision rests on a read of them.
//! - **Every transaction at once becomes visible item by item** in two explorations only, and there only
//!   those of the orders service; in the others each is a fault.
//! - **Who meets a conflict** waits until the other is over, where the code pauses and asks again; that it
//!   gives up after some time is what a process that dies does.
//! - **Calls of the relay follow each other**, unless a fault makes two overlap. Calls for different subjects
//!   share no item, so their order among each other makes no difference; a call that stands still while
//!   others work is the fault.
//! - **The sweep** is let loose on rows whose record is gone. On others it does what a second relay does.
//!   Pages and ages are not modelled: it sees any of the rows that come or go while it reads.
//! - **A call deletes** when it has sent what it could; the code begins earlier, as a second relay does here.
//! - **The table of sent messages** is not there: it is written before a row is deleted and read by nobody in
//!   the protocol.
//! - **Which process does something** makes no difference, so states that differ in that alone are one.
//! - **Time** is when rows expire and records are lost: a fault, at any moment at which the protocol does not
//!   exclude it.
//! - **A message that was received too often** is not moved to the dead-letter queue: with so few faults it
//!   is not received five times.
//! - **A rejection that the customers service caused** is not delivered to it: it has nothing to do then.
//! - **The customer exists.** A refusal for want of a customer differs in its condition alone
//!   (`CustomerStore::absent`).
//! - **`Tally`** is no part of `final/`: a second consumer of new orders that only counts them. It shows what
//!   the library promises to an effect that nothing but the inbox guards.
//! - **States are told apart by a hash of 64 bits.** That two of the nine million of the largest exploration
//!   share one, so that one is not looked at, has a probability of about 1 in 450,000.
//!
//! # What order means
//!
//! Standard queues reorder. `final/` promises that the events of a subject are *published* in sequence, and
//! that whatever order they arrive in, the state guards keep the outcome right. These are the two properties
//! that are checked; any copy in a queue may be received next.

mod action;
mod bounds;
mod broker;
mod consumer;
pub mod decisions;
mod defect;
mod faults;
mod model;
mod names;
mod packed;
mod promises;
mod properties;
mod protocol;
mod relay;
mod run;
mod seen;
mod service;
mod state;
mod tables;
mod text;
mod use_cases;
mod visible;
mod work;

pub use action::{Action, Fault, Writer};
pub use bounds::{Bounds, LEAST_STATES};
pub use defect::Defect;
pub use names::{Consumer, Event, Item, Kind, Message, Order, Subject};
pub use protocol::Protocol;
pub use run::{Found, Report, explore, find};
pub use state::State;
pub use tables::{Decision, OrderState};
