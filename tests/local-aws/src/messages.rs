//! The messages in queues, in a file: each is there before its sender is answered, and leaves with its
//! deletion.
//!
//! rustack keeps them in memory. After a restart they are sent again, in their sequence, with new ids; one
//! that was in somebody's hands is visible at once, and its receives count from zero.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, Result, params};
use serde_json::Value;

const TABLE: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS messages (number INTEGER PRIMARY KEY, id TEXT UNIQUE, handle TEXT, queue TEXT, request TEXT);
    CREATE INDEX IF NOT EXISTS by_handle ON messages (handle)";

/// Nothing is kept without a file.
#[derive(Default)]
pub(crate) struct Messages(Option<Mutex<Connection>>);

impl Messages {
    pub(crate) fn in_file(file: &Path) -> Result<Self> {
        let connection = Connection::open(file)?;
        connection.execute_batch(TABLE)?;
        Ok(Self(Some(Mutex::new(connection))))
    }

    /// A message is in a queue: `request` is what puts it there again.
    pub(crate) fn sent(&self, id: &str, request: &Value) {
        let queue = name(&request["QueueUrl"]);
        let insert = "INSERT OR REPLACE INTO messages (id, queue, request) VALUES (?1, ?2, ?3)";
        self.run(|db| db.execute(insert, params![id, queue, request.to_string()]));
    }

    /// What an operation on a queue changed, by its request and its answer.
    pub(crate) fn saw(&self, operation: &str, request: &Value, answer: &Value) {
        if self.0.is_none() {
            return;
        }
        let queue = name(&request["QueueUrl"]);
        let entries = || request["Entries"].as_array().into_iter().flatten();
        let successful = || answer["Successful"].as_array().into_iter().flatten();
        match operation {
            "SendMessage" => self.sent(text(&answer["MessageId"]), request),
            "SendMessageBatch" => {
                for sent in successful() {
                    let Some(entry) = entries().find(|entry| entry["Id"] == sent["Id"]) else { continue };
                    let mut alone = entry.clone();
                    alone["QueueUrl"] = request["QueueUrl"].clone();
                    self.sent(text(&sent["MessageId"]), &alone);
                }
            }
            // Here a message shows that it was moved to a dead-letter queue, too.
            "ReceiveMessage" => {
                let update = "UPDATE messages SET handle = ?1, queue = ?2 WHERE id = ?3";
                for message in answer["Messages"].as_array().into_iter().flatten() {
                    let (handle, id) = (text(&message["ReceiptHandle"]), text(&message["MessageId"]));
                    self.run(|db| db.execute(update, params![handle, queue, id]));
                }
            }
            "DeleteMessage" => self.deleted(request),
            "DeleteMessageBatch" => {
                let is_done = |entry: &&Value| successful().any(|done| done["Id"] == entry["Id"]);
                entries().filter(is_done).for_each(|entry| self.deleted(entry));
            }
            "PurgeQueue" | "DeleteQueue" => {
                self.run(|db| db.execute("DELETE FROM messages WHERE queue = ?1", params![queue]));
            }
            _ => {}
        }
    }

    /// Takes all messages out, in their sequence, as requests to the queues where they were last.
    pub(crate) fn take(&self) -> Vec<Value> {
        let read = |db: &Connection| {
            let mut rows = db.prepare("SELECT queue, request FROM messages ORDER BY number")?;
            let rows = rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
            rows.collect::<Result<Vec<_>>>()
        };
        let rows = self.run(read).unwrap_or_default();
        self.run(|db| db.execute("DELETE FROM messages", []));
        let request = |(queue, request): (String, String)| {
            let mut request: Value = serde_json::from_str(&request).ok()?;
            let moved =
                text(&request["QueueUrl"]).rsplit_once('/').map(|(start, _)| format!("{start}/{queue}"));
            request["QueueUrl"] = moved?.into();
            Some(request)
        };
        rows.into_iter().filter_map(request).collect()
    }

    fn deleted(&self, request: &Value) {
        let handle = text(&request["ReceiptHandle"]);
        self.run(|db| db.execute("DELETE FROM messages WHERE handle = ?1", params![handle]));
    }

    fn run<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Option<T> {
        let connection = self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        work(&connection).inspect_err(|error| tracing::error!(%error, "local_aws_messages_not_kept")).ok()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn name(url: &Value) -> &str {
    text(url).rsplit('/').next().unwrap_or_default()
}
