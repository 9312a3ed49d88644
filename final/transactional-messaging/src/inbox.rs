//! The inbox: which messages a consumer has already handled.
//!
//! A row is inserted in the same unit of work as the effect of the message, so that effect and memory stand
//! or fall together. The insert's condition is the check for a duplicate; a read beforehand would cost more
//! and decide nothing.

mod generations;
mod retention;

pub use generations::{Generations, NotGenerations};
pub use retention::{DEFAULT_RETENTION, Retention, RetentionTooShort};

use serde::Serialize;
use time::OffsetDateTime;
use unit_of_work::{AttributeValue, Condition, Database, Delete, ItemError, Put, ReadError, Table};
use uuid::Uuid;

/// The inbox table of one service.
#[derive(Clone, Debug)]
pub struct Inbox {
    table: Table,
    retention: Retention,
    generations: Generations,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row<'a> {
    #[serde(rename = "PK")]
    pk: String,
    message_id: Uuid,
    consumer: &'a str,
    #[serde(with = "crate::timestamp")]
    created_at: OffsetDateTime,
    expires_at: i64,
}

impl Inbox {
    /// The inbox in the table of this name. A [`Retention`] cannot be shorter than a duplicate can be on its
    /// way.
    pub fn new(table_name: impl Into<String>, retention: Retention) -> Self {
        Self { table: Table::new(table_name, "PK"), retention, generations: Generations::default() }
    }

    /// The same for consumers of these generations.
    #[must_use]
    pub fn of_generations(mut self, generations: Generations) -> Self {
        self.generations = generations;
        self
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The action that remembers this message for this consumer, and fails when it is remembered already.
    ///
    /// The consumer's name is part of the key: two consumers of one service may handle the same message. A
    /// row whose time is up counts as absent, since DynamoDB deletes expired rows only within a few days.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when the row cannot be written as an item.
    pub fn remember(&self, consumer: &str, message_id: Uuid, now: OffsetDateTime) -> Result<Put, ItemError> {
        let row = Row {
            pk: self.partition(consumer, message_id),
            message_id,
            consumer,
            created_at: now,
            expires_at: (now + self.retention.duration()).unix_timestamp(),
        };
        let now = AttributeValue::N(now.unix_timestamp().to_string());
        let unknown = Condition::not_exists("PK").or(Condition::less_than("ExpiresAt", now));
        Ok(Put::new(&self.table, &row)?.when(unknown))
    }

    /// The action that forgets a message, so that it is handled again when it comes again: for an inbox that
    /// remembers a message whose effect is not there, as after a restore.
    pub fn forget(&self, consumer: &str, message_id: Uuid) -> Delete {
        Delete::new(&self.table, self.table.key(self.partition(consumer, message_id), None))
            .when(Condition::exists("PK"))
    }

    /// How long it remembers.
    pub fn retention(&self) -> Retention {
        self.retention
    }

    /// Whether this message is remembered for this consumer. Only for when there is nothing to commit: to
    /// decide by it whether to handle a message would leave a gap in which somebody else does.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub async fn remembers(
        &self,
        database: &impl Database,
        consumer: &str,
        message_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<bool, ReadError> {
        let row =
            database.get(&self.table, self.table.key(self.partition(consumer, message_id), None)).await?;
        let expires = row.as_ref().and_then(|row| row.get("ExpiresAt")?.as_n().ok()?.parse::<i64>().ok());
        Ok(expires.is_some_and(|expires| expires >= now.unix_timestamp()))
    }

    fn partition(&self, consumer: &str, message_id: Uuid) -> String {
        match self.generations.of(consumer) {
            1 => format!("MESSAGE#{consumer}#{message_id}"),
            // No name of a queue has this sign.
            generation => format!("MESSAGE#{consumer}@{generation}#{message_id}"),
        }
    }
}
