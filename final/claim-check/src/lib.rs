//! Claim check: a message that is too large for SNS leaves its content in S3 and carries the hash of it.
//!
//! | module | what for |
//! |---|---|
//! | [`bucket`] | the bucket: checking content in before the commit, redeeming it in the consumer |
//! | [`message`] | the message on both sides, and the claim itself |
//! | [`error`] | what can go wrong, and whether a retry helps |
//!
//! The writing side checks the message in, then publishes what it gets as it would publish the message
//! itself:
//!
//! ```no_run
//! # use claim_check::{bucket::PayloadBucket, error::CheckInError};
//! # use transactional_messaging::{message::{Context, Message, Place}, outbox::Outbox};
//! # use unit_of_work::{Database, UnitOfWork};
//! # async fn publish<M: Message>(
//! #     bucket: PayloadBucket, outbox: Outbox, database: impl Database, report: M, place: Place,
//! #     context: Context,
//! #     mut work: UnitOfWork<&'static str>,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! let report = bucket.check_in(report).await?; // a large one lies in S3 from now on
//! outbox.publish(&mut work, &place, &context, &report)?;
//! work.commit(&database).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The receiving side asks for a [`Claimable`](message::Claimable) and redeems it first:
//!
//! ```no_run
//! # use claim_check::{bucket::PayloadBucket, message::Claimable};
//! # use serde::de::DeserializeOwned;
//! # use transactional_messaging::{consumer::{Delivery, Handled, HandlerError}, message::MessageType};
//! # async fn handle<Report: MessageType + DeserializeOwned>(
//! #     bucket: PayloadBucket, delivery: Delivery<Claimable<Report>>,
//! # ) -> Result<Handled, HandlerError> {
//! let delivery: Delivery<Report> = bucket.redeem(delivery).await?;
//! # let _ = delivery;
//! # Ok(Handled::Done)
//! # }
//! ```
//!
//! # What is guaranteed, and what is not
//!
//! - Content is stored **before** the commit: a message that is published never points to nothing. A commit
//!   that fails leaves an object that nobody asks for; the bucket's lifecycle rule deletes it.
//! - The consumer gets the bytes that were checked in or none: length and SHA-256 are part of the message,
//!   and the name of the object follows from them.
//! - The content must outlive the message. [`PayloadBucket::open`](bucket::PayloadBucket::open) reads the
//!   lifecycle rules and refuses a bucket that forgets sooner than a message can still come. A subject that
//!   stays parked for longer is not covered by it: unpark it in time.

/// The examples of README.md, tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod bucket;
pub mod error;
pub mod message;
