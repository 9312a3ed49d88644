//! What the laboratory has to know of a program to run it: how to deploy it, and what it consists of.

use std::time::Duration;

use aws_fault_lab::{Ambient, BoxError};
use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use aws_types::SdkConfig;
use axum::Router;
use futures::future::BoxFuture;

pub use aws_fault_lab::Role;

/// A program that can be run, and broken.
///
/// It must store orders in a table `orders` and customers in a table `customers`, both with a stream of new
/// and old images: the invariants are judged from these and from what is published to any topic that it has
/// made.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its package, such as `chapter-01`.
    pub name: &'static str,
    /// Makes its tables, topics and queues. Never broken: it stands for Terraform.
    pub deploy: fn(SdkConfig) -> BoxFuture<'static, Result<(), BoxError>>,
    /// Its HTTP endpoints, as one component named `http`.
    pub http: fn(Ambient) -> Router,
    /// How long a client waits for an answer at most, if the program promises that. An answer that comes
    /// later is damage.
    pub answers_within: Option<Duration>,
    /// Its loops.
    pub workers: &'static [Worker],
    /// Its Lambda functions on DynamoDB Streams.
    pub functions: &'static [Function],
    /// Tables in which a parked subject has an item with the attribute `Parked`, which says why; the key `PK`
    /// ends with the id of the aggregate. A message that waits there is explained: an operator would look
    /// here.
    pub parking: &'static [&'static str],
}

/// A component that works in a loop until it is stopped.
#[derive(Clone, Copy, Debug)]
pub struct Worker {
    /// The component's name.
    pub name: &'static str,
    /// What it does.
    pub role: Role,
    /// The loop. When it ends, or crashes, it is started again.
    pub run: Start,
}

/// Starts a component.
pub type Start = fn(Ambient) -> BoxFuture<'static, ()>;

/// A Lambda function that is called with the records of a table's stream.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The component's name.
    pub name: &'static str,
    /// The table whose stream it is mapped to.
    pub table: &'static str,
    /// The most retries of a failed batch before its records are discarded.
    pub maximum_retry_attempts: i32,
    /// The handler. Each invocation is given clients of its own: a new process, as after a crash.
    pub handle: Handle,
}

/// Handles one batch of stream records; the text is the table's name, as from the function's environment.
pub type Handle =
    fn(Ambient, &'static str, Event) -> BoxFuture<'static, Result<DynamoDbEventResponse, BoxError>>;
