//! Rows of an outbox, or of the table of sent messages, as they lie there.

use time::OffsetDateTime;
use unit_of_work::{AttributeValue, DynamoDb, Item, ReadError, Table, can_pass};
use uuid::Uuid;
use waiting::in_time;

use super::super::row::{correlation_in, row_of};
use crate::{
    message::Subject,
    outbox::{OutboxRow, RowKey, outbox_table, partition_of, subject_of},
    timestamp,
};

/// How many rows are read at once: what a look at a table holds in memory.
const PAGE: i32 = 200;

/// A row that may be damaged: what can be read of it is there. One of the table of sent messages has the
/// time, too.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRow {
    /// Whose row it is, and its sort key.
    pub key: RowKey,
    /// The sequence of the subject's message before it; none of the first.
    pub predecessor: Option<String>,
    /// The message's id.
    pub message_id: Option<Uuid>,
    /// One id for everything that one request set off.
    pub correlation_id: Option<Uuid>,
    /// The kind of message.
    pub kind: Option<String>,
    /// The topic, without the prefix of a deployment.
    pub topic: Option<String>,
    /// When the message was made.
    pub created_at: Option<OffsetDateTime>,
    /// When it was sent; none in an outbox.
    pub sent_at: Option<OffsetDateTime>,
    /// Why it is parked, if it is.
    pub parked: Option<String>,
    /// What keeps it from being sent as it is, parked or not. It quotes no value.
    pub damage: Option<String>,
    item: Item,
}

impl StoredRow {
    /// What an item says; none of what is no row, such as the notes of a tailer.
    pub fn of(item: Item) -> Option<Self> {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let (id, time) = (
            |name: &str| text(name).and_then(|text| Uuid::parse_str(&text).ok()),
            |name: &str| text(name).and_then(|text| timestamp::parse(&text).ok()),
        );
        let key = RowKey { subject: subject_of(&text("PK")?)?, sequence: text("SK")? };
        // A mark is a mark whatever its type.
        let parked = item.get("Parked").map(|mark| mark.as_s().map_or("no reason is given", String::as_str));
        Some(Self {
            predecessor: text("Predecessor"),
            message_id: id("MessageId"),
            correlation_id: id("CorrelationId").or_else(|| correlation_in(&text("Message")?)),
            kind: text("Kind"),
            topic: text("Topic"),
            created_at: time("CreatedAt"),
            sent_at: time("SentAt"),
            parked: parked.map(str::to_owned),
            damage: sendable(&item).err(),
            key,
            item,
        })
    }

    /// The row that a relay would send.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words that quote no value.
    pub fn sendable(&self) -> Result<OutboxRow, String> {
        sendable(&self.item)
    }

    /// The whole item. It holds the message, and so perhaps personal data.
    pub fn item(&self) -> &Item {
        &self.item
    }

    /// The message as it is, or will be, sent, as far as there is one.
    pub fn message(&self) -> Option<&str> {
        self.item.get("Message")?.as_s().ok().map(String::as_str)
    }
}

fn sendable(item: &Item) -> Result<OutboxRow, String> {
    let mut item = item.clone();
    item.remove("Parked");
    row_of(item).map_err(|bad| bad.reason.unwrap_or_default())
}

/// An outbox, or a table of sent messages, as somebody sees it who looks. Every read is consistent.
#[derive(Clone, Debug)]
pub struct OutboxView {
    pub(super) database: DynamoDb,
    pub(super) table: Table,
}

impl OutboxView {
    /// The table of this name.
    pub fn new(database: DynamoDb, table_name: impl Into<String>) -> Self {
        Self { database, table: outbox_table(table_name) }
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The next rows of the whole table behind this one, those of a subject together and in sequence, and
    /// behind which row to go on; none at the end.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub async fn page(&self, behind: Option<&RowKey>) -> Result<(Vec<StoredRow>, Option<RowKey>), ReadError> {
        let mut begin = behind.map(|row| self.key(row));
        loop {
            let request = self.database.client().scan().table_name(self.table.name()).consistent_read(true);
            let sent = request.limit(PAGE).set_exclusive_start_key(begin).send();
            let answer = in_time(sent).await.map_err(|late| self.failed(true, late))?;
            let answer = answer.map_err(|error| self.failed(can_pass(&error), error))?;
            begin = answer.last_evaluated_key;
            let rows: Vec<_> = answer.items.into_iter().flatten().filter_map(StoredRow::of).collect();
            match (rows.last().map(|row| row.key.clone()), &begin) {
                (_, None) => return Ok((rows, None)),
                (Some(last), Some(_)) => return Ok((rows, Some(last))),
                // Nothing but notes of a tailer.
                (None, Some(_)) => {}
            }
        }
    }

    /// All rows of a subject, in sequence.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub async fn subject(&self, subject: &Subject) -> Result<Vec<StoredRow>, ReadError> {
        let (mut rows, mut begin) = (Vec::new(), None);
        loop {
            let request = self.database.client().query().table_name(self.table.name()).consistent_read(true);
            let request = request
                .key_condition_expression("PK = :partition")
                .expression_attribute_values(":partition", AttributeValue::S(partition_of(subject)))
                .set_exclusive_start_key(begin);
            let answer = self.database.query(&self.table, request).await?;
            rows.extend(answer.items.into_iter().flatten().filter_map(StoredRow::of));
            begin = answer.last_evaluated_key;
            if begin.is_none() {
                return Ok(rows);
            }
        }
    }

    pub(super) fn key(&self, row: &RowKey) -> Item {
        self.table.key(partition_of(&row.subject), Some(&row.sequence))
    }

    fn failed(
        &self,
        retryable: bool,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> ReadError {
        ReadError { table: self.table.name().to_owned(), retryable, source: source.into() }
    }
}
