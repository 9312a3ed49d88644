//! AWS on your machine, in your process: DynamoDB, DynamoDB Streams, SQS, SNS, S3 and sending with SES,
//! behind the real AWS SDK.
//!
//! The services themselves are libraries: [`dynoxide`] keeps DynamoDB and its streams in SQLite, `rustack`
//! keeps SQS, SNS and S3 in memory. This crate puts them behind one address and adds what none of them has:
//! the event source mapping through which AWS Lambda reads a stream ([`mapping`]).
//!
//! There are two ways in, and both answer a request with the same code:
//!
//! * [`LocalAws`] listens on one loopback port for all services, as LocalStack does on 4566.
//! * [`InMemoryAws`] is an HTTP client for the SDK. No socket is involved, so a test may pause tokio's clock.
//!
//! Whoever wants to see what goes on watches either of them: each call with its answer ([`LocalAws::watch`]).
//!
//! # Where this differs from AWS
//!
//! Found by measuring. What depends on one of these must be tested against AWS.
//!
//! * DynamoDB never throttles, answers `TransactionConflict` only while a transaction becomes visible
//!   [`ItemByItem`], reads are always consistent, an update that changes nothing still leaves a stream record
//!   (AWS leaves none), and `UpdateTable` switches on a stream that is on already.
//! * A stream has one shard, which never splits. Its iterators do not expire, a page is limited to 1,000
//!   records and not to 1 MB, and `DescribeStream` has no key schema.
//! * SQS takes messages of up to 256 KiB (AWS: 1 MiB), knows a receipt handle by its form only, has no
//!   `StartMessageMoveTask`, and hands out messages that become visible again at the same time in any
//!   sequence. A standard queue takes message groups and shows them, and is not fair by them: what waits
//!   comes in its sequence, whoever has sent it.
//! * SNS delivers to SQS only, in the envelope: `Subscribe` refuses raw delivery. A filter policy sees
//!   message attributes and not the body, and knows exact values, `prefix`, `suffix`, `numeric`, `exists` and
//!   `anything-but`; others are refused. A subscription has no dead-letter queue. A message that with its
//!   envelope is larger than 256 KiB is refused; AWS delivers it, since its queues take 1 MiB.
//! * S3 serves what a claim check needs: objects, buckets and their lifecycle rules, which are kept and never
//!   carried out. Buckets are addressed by path: set `force_path_style`.
//! * SES takes `SendEmail` of its version 2 with simple content, keeps the mails ([`Mail`]) and delivers
//!   none; any address may send. A bucket cannot be called `v2`, because the paths of SES begin so.
//! * Nothing checks signatures, policies or permissions.

/// The examples of README.md, tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod answer;
mod blueprint;
mod clock;
mod deliveries;
mod dynamo;
mod error;
mod expiry;
mod groups;
mod guard;
mod hidden;
mod in_memory;
mod item_by_item;
mod kept;
pub mod mapping;
mod messages;
mod response;
mod rules;
mod s3;
mod schema;
mod sdk;
mod services;
mod ses;
mod sns;
mod sns_rules;
mod sqs;
mod sqs_rules;
pub mod tap;
mod tcp;
mod tokens;
mod trim;
mod watch;

pub use blueprint::Blueprint;
pub use clock::VirtualClock;
pub use error::StartError;
pub use in_memory::InMemoryAws;
pub use item_by_item::ItemByItem;
pub use sdk::{ACCOUNT_ID, REGION};
pub use ses::Mail;
pub use tcp::LocalAws;
pub use watch::{DELIVER, Exchange};
