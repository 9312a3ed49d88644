//! The outbox table as the relay sees it: pending rows of a subject, the watermark, the mark of a parked subject.

use aws_sdk_dynamodb::types::AttributeValue;
use time::{Duration, OffsetDateTime};
use unit_of_work::{CommitError, Condition, Database as _, DynamoDb, Item, Table, UnitOfWork, Update};
use uuid::Uuid;
use waiting::in_time;

use super::{
    RelayError,
    damage::{Damage, head_of, row_of},
};
use crate::outbox::OutboxRow;

/// To go with the head.
const HEAD: &str = "#HEAD";

/// To go.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    pub(super) watermark: Option<String>,
    pub(super) parked: Option<String>,
}

/// How many rows of one subject are read at once: with the head they must fit into one transaction of 100 actions.
const PAGE: i32 = 99;

#[derive(Clone, Debug)]
pub(super) struct OutboxStore {
    pub(super) database: DynamoDb,
    pub(super) table: Table,
    pub(super) keep_dispatched: Duration,
}

/// What waits to be dispatched.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) head: Head,
    pub(super) rows: Vec<OutboxRow>,
    /// There are rows behind these.
    pub(super) more: bool,
    /// What is behind these cannot be read, or nothing can because the head cannot.
    pub(super) damage: Option<Damage>,
}

impl Pending {
    /// It is the head that cannot be read.
    pub(super) fn is_headless(&self) -> bool {
        matches!(self.damage, Some(Damage::Head { .. }))
    }

    fn nothing(head: Head, damage: Option<Damage>) -> Self {
        Self { head, rows: Vec::new(), more: false, damage }
    }
}

/// Somebody else advanced the watermark in the meantime.
#[derive(Debug)]
pub(super) struct Raced;

impl OutboxStore {
    /// The subject's head and its next rows that are due, both read consistently.
    pub(super) async fn pending(&self, partition: &str) -> Result<Pending, RelayError> {
        let head = self
            .database
            .get(&self.table, self.head_key(partition))
            .await
            .map_err(|e| RelayError::Read(e.into()))?;
        let head = match head.as_ref().map(head_of).transpose() {
            Ok(head) => head.unwrap_or_default(),
            Err(damage) => return Ok(Pending::nothing(Head::default(), Some(damage))),
        };
        if head.parked.is_some() {
            return Ok(Pending::nothing(head, None));
        }
        let watermark = head.watermark.clone().unwrap_or_else(|| HEAD.to_owned());
        let request = self.database.client().query().table_name(self.table.name()).consistent_read(true);
        let answer = request
            .key_condition_expression("PK = :partition AND SK > :watermark")
            .expression_attribute_values(":partition", AttributeValue::S(partition.to_owned()))
            .expression_attribute_values(":watermark", AttributeValue::S(watermark))
            .limit(PAGE)
            .send();
        let answer = in_time(answer).await.map_err(|late| RelayError::Read(late.into()))?;
        let answer = answer.map_err(|error| RelayError::Read(error.into()))?;
        let mut pending = Pending::nothing(head, None);
        pending.more = answer.last_evaluated_key.is_some();
        // Row by row: what stands in front of a damaged one, or of one that is not due, is sent.
        for item in answer.items.unwrap_or_default() {
            match row_of(item) {
                Ok(row) => pending.rows.push(row),
                Err(damage) => pending.damage = Some(damage),
            }
            if pending.damage.is_some() {
                pending.more = false;
                break;
            }
        }
        Ok(pending)
    }

    /// Notes that these rows were dispatched: the watermark moves, the rows leave the pending index and get their time to live. A row
    /// that was never dispatched has none, or it could expire unsent.
    pub(super) async fn settle(
        &self,
        token: Uuid,
        partition: &str,
        head: &Head,
        sent: &[OutboxRow],
        now: OffsetDateTime,
    ) -> Result<Result<(), Raced>, RelayError> {
        let Some(last) = sent.last() else { return Ok(Ok(())) };
        let mut work = UnitOfWork::new(token);
        let advance = Update::new(&self.table, self.head_key(partition))
            .set("Watermark", AttributeValue::S(last.sequence.clone()))
            .when(still(head));
        work.add(advance.or(Raced));
        let expires = AttributeValue::N((now + self.keep_dispatched).unix_timestamp().to_string());
        for row in sent {
            let update = Update::new(&self.table, self.table.key(partition, Some(&row.sequence)))
                .set("ExpiresAt", expires.clone());
            work.add(update.when(Condition::exists("PK")).or(Raced));
        }
        commit(work, &self.database).await
    }

    /// Sets the subject aside: its next message cannot be sent, and those behind it wait so that order is kept. Without a head as it was
    /// read, because that is what is damaged, it is set aside whatever it holds.
    pub(super) async fn park(
        &self,
        token: Uuid,
        partition: &str,
        head: Option<&Head>,
        reason: &str,
    ) -> Result<Result<(), Raced>, RelayError> {
        let mut work = UnitOfWork::new(token);
        let update = Update::new(&self.table, self.head_key(partition))
            .set("Parked", AttributeValue::S(reason.to_owned()));
        let when = head.map_or_else(|| Condition::not_exists("Parked"), still);
        work.add(update.when(when).or(Raced));
        commit(work, &self.database).await
    }

    pub(super) async fn unpark(&self, token: Uuid, partition: &str) -> Result<(), RelayError> {
        let mut work = UnitOfWork::new(token);
        let update = Update::new(&self.table, self.head_key(partition)).remove("Parked");
        work.add(update.when(Condition::exists("Parked")).or(Raced));
        commit(work, &self.database).await.map(drop)
    }

    /// To go.
    pub(super) async fn rows(&self) -> Result<Vec<crate::outbox::RowKey>, RelayError> {
        let pages = self.database.client().scan().table_name(self.table.name()).consistent_read(true);
        let items = pages.into_paginator().items().send().try_collect().await;
        let items = items.map_err(|error| RelayError::Read(error.into()))?;
        let text = |item: &Item, name: &str| Some(item.get(name)?.as_s().ok()?.clone());
        let key = |item: &Item| crate::outbox::RowKey::of_subject(&text(item, "PK")?, &text(item, "SK")?);
        Ok(items.iter().filter(|item| !item.contains_key("ExpiresAt")).filter_map(key).collect())
    }

    fn head_key(&self, partition: &str) -> Item {
        self.table.key(partition, Some(HEAD))
    }
}

/// The head is as it was read.
fn still(head: &Head) -> Condition {
    let watermark = match &head.watermark {
        Some(watermark) => Condition::equals("Watermark", AttributeValue::S(watermark.clone())),
        None => Condition::not_exists("Watermark"),
    };
    watermark.and(Condition::not_exists("Parked"))
}

async fn commit(work: UnitOfWork<Raced>, database: &DynamoDb) -> Result<Result<(), Raced>, RelayError> {
    match work.commit(database).await {
        Ok(()) => Ok(Ok(())),
        Err(CommitError::Rejected(raced)) => Ok(Err(raced)),
        Err(error) => Err(RelayError::Settle(Box::new(error))),
    }
}
