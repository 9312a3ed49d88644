//! How a service starts and stops.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use aws_types::SdkConfig;
use futures::future::{BoxFuture, FutureExt as _, join_all};
use service_kit::{BaseSettings, Mode};
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    ambient::Ambient,
    consumer::{ConsumerGroup, ConsumerHealth, ConsumerSettings},
    provision::{ServiceResources, ensure_service, until_made, until_usable},
    wiring::Wiring,
};
use unit_of_work::DynamoDb;
use uuid::Uuid;

use crate::{MessagingSettings, Tables, resources};

/// How long requests and messages in work may go on after SIGTERM.
pub const GRACE: Duration = Duration::from_secs(20);

/// A service: what is its own about it.
pub struct Service<S> {
    name: &'static str,
    wiring: Wiring<S>,
    use_cases: S,
    tables: Tables,
    front: Option<Box<Front>>,
    beside: Vec<Box<Beside>>,
}

/// What answers requests, until it is told to stop.
pub(crate) type Front = dyn FnOnce(Running) -> BoxFuture<'static, anyhow::Result<()>> + Send;
type Beside = dyn FnOnce(Uuid, CancellationToken) -> BoxFuture<'static, ()> + Send;

/// What the front of a running service is told.
#[cfg_attr(not(feature = "http"), expect(dead_code, reason = "without HTTP there is no front"))]
pub(crate) struct Running {
    pub(crate) name: &'static str,
    pub(crate) release: Option<String>,
    pub(crate) database: DynamoDb,
    pub(crate) needed: ServiceResources,
    pub(crate) consumers: ConsumerHealth,
    pub(crate) ambient: Ambient,
    pub(crate) stop: CancellationToken,
}

/// DynamoDB as services speak to it: with the short time limits of calls that are answered within
/// milliseconds.
pub fn database(aws: &SdkConfig) -> DynamoDb {
    DynamoDb::new(dynamodb(aws))
}

fn dynamodb(aws: &SdkConfig) -> aws_sdk_dynamodb::Client {
    let quick = aws_sdk_dynamodb::config::Builder::from(aws);
    aws_sdk_dynamodb::Client::from_conf(quick.timeout_config(service_kit::aws::dynamodb_timeouts()).build())
}

impl<S: Clone + Send + Sync + 'static> Service<S> {
    /// A service that consumes what is wired, and has no table but its inbox. `name` is the first segment of
    /// its health paths, and begins the log event that says that it has started.
    pub fn new(name: &'static str, wiring: Wiring<S>, use_cases: S) -> Self {
        Self { name, wiring, use_cases, tables: Tables::default(), front: None, beside: Vec::new() }
    }

    /// The same with tables of its own.
    #[must_use]
    pub fn keeping(mut self, tables: Tables) -> Self {
        self.tables = tables;
        self
    }

    /// The same with other work beside requests and messages. It is given a seed for its random pauses, and
    /// ends when the token is cancelled.
    #[must_use]
    pub fn beside<F>(mut self, work: impl FnOnce(Uuid, CancellationToken) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.beside.push(Box::new(|seed, stop| work(seed, stop).boxed()));
        self
    }

    #[cfg(feature = "http")]
    pub(crate) fn behind(mut self, front: Box<Front>) -> Self {
        self.front = Some(front);
        self
    }

    /// Consumes the queues, answers requests and does what stands beside until `stop` is cancelled; then lets
    /// requests and messages finish, [`GRACE`] at most.
    ///
    /// In development mode it first makes the tables, topics and queues that are missing. It takes no work
    /// before it can use what it needs, and waits for what passes, such as an AWS that is still starting.
    ///
    /// # Errors
    ///
    /// When a resource is missing or may not be used, or the server fails.
    pub async fn run(
        self,
        base: &BaseSettings,
        messaging: &MessagingSettings,
        aws: &SdkConfig,
        ambient: Ambient,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let wiring = self.wiring.description();
        messaging.inbox_generations.check(wiring.consumes.iter().map(|from| &*from.queue))?;
        let needed = resources(&wiring, messaging, self.tables);
        let (dynamodb, sqs) = (dynamodb(aws), aws_sdk_sqs::Client::new(aws));
        let seed = ambient.id();
        if base.environment == Mode::Development {
            let sns = aws_sdk_sns::Client::new(aws);
            let made = until_made(seed, &stop, || ensure_service(&dynamodb, &sns, &sqs, &needed)).await;
            made.context("development resources")?;
        }
        let database = DynamoDb::new(dynamodb);
        until_usable(&database, &sqs, &needed, seed, &stop).await?;
        let consumer = ConsumerSettings { grace: GRACE, seed: ambient.id(), ..ConsumerSettings::default() };
        let channels = &messaging.channels;
        let mut consumers =
            ConsumerGroup::new(sqs, &channels.queue_prefix, consumer, stop.clone()).on(channels.kind);
        self.wiring.start(&mut consumers, &self.use_cases).await?;
        let beside = join_all(self.beside.into_iter().map(|work| work(ambient.id(), stop.clone())));
        let (name, release, health) = (self.name, base.release.clone(), consumers.health());
        let front = match self.front {
            Some(front) => {
                front(Running { name, release, database, needed, consumers: health, ambient, stop })
            }
            None => {
                say_started(name, None, &stop);
                async { Ok(()) }.boxed()
            }
        };
        // At the same time: one after the other, both graces would not fit into the time before SIGKILL.
        let (answered, (), _) = tokio::join!(front, consumers.stopped(), beside);
        answered
    }
}

/// It has not when it is told to stop before.
pub(crate) fn say_started(name: &str, address: Option<SocketAddr>, stop: &CancellationToken) {
    if !stop.is_cancelled() {
        tracing::info!(address = address.map(tracing::field::display), "{name}_started");
    }
}
