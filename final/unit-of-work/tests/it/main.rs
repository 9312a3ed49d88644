//! The unit of work through the real SDK against the embedded DynamoDB, in one binary so that it links once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod actions;
mod bench;
mod forgotten_token;
mod in_time;
mod limit_edges;
mod limits;
mod lost_races;
mod same_as_dynamodb;
mod uncertainty;
mod versions;

use support::wire;
