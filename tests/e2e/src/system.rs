//! The running system, as a scenario reaches it: two addresses, the broker, and a look at what was stored to
//! be sent.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use aws_sdk_dynamodb::{
    Client as DynamoDb,
    types::{AttributeValue, Select},
};
use aws_types::SdkConfig;
use local_aws::Mail;
use serde::Deserialize;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    answer::{Answer, Request},
    broker::{Broker, Letter},
    collector::Collector,
    contract::{EventType, QUEUES},
    event::Event,
    eventually::{DEADLINE, eventually},
};

/// The pause before a request is sent again that was answered with 503.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// Where a started system is found.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The customers service, such as `http://127.0.0.1:9701`.
    pub customers: String,
    /// The orders service.
    pub orders: String,
    /// The AWS they use.
    pub sdk: SdkConfig,
}

/// What local-aws shows of the mails.
#[derive(Deserialize)]
struct Mails {
    mails: Vec<Mail>,
}

/// The system that the scenarios of this process talk to.
#[derive(Debug)]
pub struct System {
    addresses: Addresses,
    http: reqwest::Client,
    dynamodb: DynamoDb,
    /// Its topics and queues.
    pub broker: Broker,
    /// Everything that is published.
    pub events: Collector<Result<Event, String>>,
    /// Everything that ends in a dead-letter queue.
    pub letters: Collector<Letter>,
    explained: Mutex<HashSet<String>>,
}

static CURRENT: OnceLock<Arc<System>> = OnceLock::new();

impl System {
    /// Attaches to a system that was started.
    ///
    /// # Errors
    ///
    /// When something of it is missing.
    pub async fn attach(addresses: Addresses) -> anyhow::Result<Self> {
        let broker = Broker::connect(&addresses.sdk).await?;
        broker.divide().await.context("the services cannot be held apart")?;
        Ok(Self {
            events: broker.probe().await.context("there is no probe")?,
            letters: broker.dead_letters().await?,
            broker,
            dynamodb: DynamoDb::new(&addresses.sdk),
            http: reqwest::Client::new(),
            addresses,
            explained: Mutex::default(),
        })
    }

    /// Makes this the system of all scenarios that begin from now on.
    pub fn install(self) -> Arc<Self> {
        CURRENT.get_or_init(|| Arc::new(self)).clone()
    }

    /// The installed system.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn current() -> anyhow::Result<Arc<Self>> {
        CURRENT.get().cloned().context("no system was installed before the scenarios began")
    }

    /// Sends a request to the service whose path it names, and again while it is told to come again: an AWS
    /// that others wrote answers late on a busy machine, and then a service says so within its time. No
    /// scenario is about that.
    ///
    /// # Errors
    ///
    /// When there is no answer, or one that no request should get.
    pub async fn send(&self, request: &Request) -> anyhow::Result<Answer> {
        let customers = request.path.starts_with("/customer");
        let service = if customers { &self.addresses.customers } else { &self.addresses.orders };
        let until = Instant::now() + DEADLINE;
        loop {
            let answer = request.send(&self.http, service).await?;
            if answer.status != 503 || Instant::now() > until {
                return Ok(answer);
            }
            tokio::time::sleep(COME_AGAIN).await;
        }
    }

    /// The ids of the messages of this type and conversation that wait in the outbox or are kept as sent.
    /// Nothing is published that was not in the outbox, so this is what was published or will be.
    ///
    /// # Errors
    ///
    /// When one of the tables cannot be read.
    pub async fn stored(&self, kind: &EventType, correlation_id: Uuid) -> anyhow::Result<HashSet<Uuid>> {
        let mut ids = HashSet::new();
        for table in kind.tables() {
            let request = self.dynamodb.scan().table_name(table).consistent_read(true);
            let request = request
                .filter_expression("CorrelationId = :id AND #kind = :kind")
                .expression_attribute_names("#kind", "Kind")
                .expression_attribute_values(":id", AttributeValue::S(correlation_id.to_string()))
                .expression_attribute_values(":kind", AttributeValue::S(kind.name.to_owned()));
            let mut rows = request.into_paginator().items().send();
            while let Some(row) = rows.next().await {
                let row: HashMap<String, AttributeValue> = row?;
                let id = row.get("MessageId").and_then(|id| id.as_s().ok()).context("a row without an id")?;
                ids.insert(id.parse()?);
            }
        }
        Ok(ids)
    }

    /// Makes the time of a pending order end now, as if it had been placed so much earlier. Of an order that
    /// was decided on it cannot end.
    ///
    /// # Errors
    ///
    /// When the order is not pending.
    #[expect(clippy::disallowed_methods, reason = "no service changes the time of an order")]
    pub async fn end_time_of(&self, order: Uuid) -> anyhow::Result<()> {
        let request = self.dynamodb.update_item().table_name("orders");
        let request = request.key("PK", AttributeValue::S(format!("ORDER#{order}")));
        let request = request.condition_expression("attribute_exists(DecideBy)");
        let request = request.update_expression("SET DecideBy = :past");
        let past = AttributeValue::S("2026-01-01T00:00:00+00:00".to_owned());
        request.expression_attribute_values(":past", past).send().await.context("it is not pending")?;
        Ok(())
    }

    /// Waits until no queue of the services holds a message any more.
    ///
    /// # Errors
    ///
    /// When one still does at the deadline.
    pub async fn idle(&self) -> anyhow::Result<()> {
        for (queue, _) in QUEUES {
            eventually(|| async move {
                let depth = self.broker.depth(queue).await?;
                ensure!(depth == 0, "{queue} holds {depth} messages");
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    /// The mails that were sent, with their text; none when this AWS does not show them.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub async fn mails(&self) -> anyhow::Result<Option<Vec<Mail>>> {
        let endpoint = self.addresses.sdk.endpoint_url().context("nobody shows the mails of AWS itself")?;
        let answer = self.http.get(format!("{endpoint}/_local/mails")).send().await?;
        let shown: Option<Mails> = if answer.status().is_success() { answer.json().await.ok() } else { None };
        Ok(shown.map(|shown| shown.mails))
    }

    /// Notes that dead letters with this text in them are meant to be.
    pub fn expect_letter(&self, text: impl Into<String>) {
        self.explained.lock().unwrap_or_else(PoisonError::into_inner).insert(text.into());
    }

    /// What must be true when all scenarios are over: everything in the outboxes was published, everything
    /// that was published keeps the contract, and no dead letter is unexplained.
    ///
    /// # Errors
    ///
    /// What is not.
    pub async fn check_at_rest(&self) -> anyhow::Result<()> {
        self.idle().await?;
        for table in ["customers-outbox", "orders-outbox"] {
            eventually(|| async move {
                let request = self.dynamodb.scan().table_name(table).consistent_read(true);
                // What a tailer remembers lies there, too.
                let request = request.filter_expression("begins_with(PK, :subject)");
                let subject = AttributeValue::S("SUBJECT#".to_owned());
                let request = request.expression_attribute_values(":subject", subject);
                let pending = request.select(Select::Count).send().await?.count;
                ensure!(pending == 0, "{pending} messages are pending in {table}");
                Ok(())
            })
            .await?;
        }
        self.events.look(|events| {
            events.iter().try_for_each(|event| match event {
                Ok(event) if event.is_genuine() => event.check(),
                Ok(_) => Ok(()),
                Err(why) => anyhow::bail!("something that is no event was published: {why}"),
            })
        })?;
        let explained = self.explained.lock().unwrap_or_else(PoisonError::into_inner);
        self.letters.look(|letters| {
            let odd = letters.iter().find(|letter| !explained.iter().any(|text| letter.body.contains(text)));
            ensure!(odd.is_none(), "a dead letter that no scenario explains: {odd:?}");
            Ok(())
        })
    }
}
