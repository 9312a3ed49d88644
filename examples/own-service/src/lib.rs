//! A help desk: tickets are opened, and resolved when somebody else has given the answer.
//!
//! The whole service is here. What it makes of AWS stands in [`deploy`], its two processes are [`consume`]
//! and [`relay`], and `tests/survives.rs` breaks every AWS call of theirs.

use std::time::Duration;

use anyhow::{Result, anyhow};
use aws_types::SdkConfig;
use tokio_util::sync::CancellationToken;
use transactional_messaging::driver::sweep;
use transactional_messaging::prelude::*;
use transactional_messaging::relay::{Relay, SnsPublisher, TopicDirectory};

/// The name of the service, with which its tables begin.
pub const NAME: &str = "own-service";

// ANCHOR: events
published! {
    of Ticket as "ticket" { text: String, resolved: bool };
    /// Somebody has a question.
    TicketOpened on "ticket--opened" { text: String }
    /// It was answered.
    TicketResolved on "ticket--resolved" {}
}
consumed! { /** Somebody has the answer. */ AnswerGiven on "answer--given" { ticket_id: Uuid } }

/// Its name is also that of the consumer in the inbox.
pub const ANSWERS: Queue<AnswerGiven> = Queue::new("own-service--answer-given");
// ANCHOR_END: events

/// The use cases. Cheap to clone: each message is handled by a clone of its own.
#[derive(Clone)]
pub struct Tickets {
    store: Aggregates<Ticket, DynamoDb>,
    consumer: IdempotentConsumer<DynamoDb>,
}

impl Tickets {
    /// Over this AWS, with this time and these ids.
    pub fn new(aws: &SdkConfig, ambient: Ambient) -> Self {
        let messaging = messaging(aws, ambient);
        Self { store: messaging.aggregates(), consumer: messaging.consumer() }
    }

    // ANCHOR: use_cases
    /// Opens a ticket: it and its event are stored together, or neither is.
    ///
    /// # Errors
    ///
    /// When it could not be stored.
    pub async fn open(&self, context: &Context, text: &str) -> Result<Uuid> {
        let ticket = self.store.create(Ticket { text: text.to_owned(), resolved: false });
        let (id, text) = (ticket.id(), text.to_owned());
        self.store.save_alone(ticket, context, TicketOpened { text }).await?;
        Ok(id)
    }

    /// Resolves a ticket: once, however often its answer comes.
    async fn resolve(self, answer: Delivery<AnswerGiven>) -> Result<Handled, HandlerError> {
        let (store, answer) = (&self.store, &answer);
        let resolve = |mut work| async move {
            let mut ticket = store.existing(answer.message.ticket_id).await?;
            if !std::mem::replace(&mut ticket.resolved, true) {
                store.save(&mut work, ticket, &answer.context(), TicketResolved {})?;
            }
            Ok(work)
        };
        self.consumer.once(answer, resolve).await
    }
    // ANCHOR_END: use_cases
}

fn messaging(aws: &SdkConfig, ambient: Ambient) -> Messaging<DynamoDb> {
    Messaging::new(NAME, DynamoDb::new(aws_sdk_dynamodb::Client::new(aws)), ambient)
}

fn wiring() -> Wiring<Tickets> {
    Wiring::of::<Ticket>().consumes(ANSWERS, Tickets::resolve)
}

/// Makes tables, topics and queues: for development. In production that is Terraform's.
///
/// # Errors
///
/// What AWS says.
pub async fn deploy(aws: &SdkConfig) -> Result<()> {
    let needed = messaging(aws, Ambient::system()).resources(&wiring());
    let (dynamodb, sns) = (aws_sdk_dynamodb::Client::new(aws), aws_sdk_sns::Client::new(aws));
    Ok(ensure_service(&dynamodb, &sns, &aws_sdk_sqs::Client::new(aws), &needed).await?)
}

/// Takes messages until `stop` is cancelled.
///
/// # Errors
///
/// When a queue could not be opened.
pub async fn consume(aws: SdkConfig, ambient: Ambient, stop: CancellationToken) -> Result<()> {
    let sqs = aws_sdk_sqs::Client::new(&aws);
    let mut consumers = ConsumerGroup::new(sqs, "", ConsumerSettings::default(), stop);
    let tickets = Tickets::new(&aws, ambient);
    wiring().start(&mut consumers, &tickets).await.map_err(|error| anyhow!(error))?;
    consumers.stopped().await;
    Ok(())
}

/// Publishes what was stored, until `stop` is cancelled. In production the relay is woken by the table's
/// stream (`outbox-relay`); this one looks every `pause`.
pub async fn relay(aws: SdkConfig, ambient: Ambient, pause: Duration, stop: CancellationToken) {
    let publisher =
        SnsPublisher::new(aws_sdk_sns::Client::new(&aws), TopicDirectory::NamePrefix(String::new()));
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&aws));
    let outbox = messaging(&aws, ambient.clone()).outbox_table();
    sweep::run(Relay::new(database, &outbox, publisher, ambient), pause, stop).await;
}
