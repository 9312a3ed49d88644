//! Claim checks through the real SDK against the embedded S3, SNS, SQS and DynamoDB.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod bench;
mod check_in;
mod lifecycle;
mod redeem;
mod way;

use support::wire;
