//! Transactional messaging on DynamoDB, SNS and SQS.

pub mod ambient;
pub mod consumer;
pub mod envelope;
pub mod error;
pub mod inbox;
pub mod message;
pub mod outbox;
pub mod provision;
pub mod relay;
pub mod timestamp;
