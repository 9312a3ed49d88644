//! A database in memory that shows what is committed, lets others in between a read and the commit that rests
//! on it, and fails when told to.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;
use unit_of_work::{
    AttributeValue, CancellationReason, Database, Item, MemoryDatabase, ReadError, Table, TransactFailure,
    Write, WriteKind,
};
use uuid::Uuid;

type Meanwhile = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What goes wrong with a commit.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// Another transaction is in the way.
    Conflict,
    /// It is applied, and nobody hears of it.
    AnswerLost,
    /// The service may not write.
    Refused,
}

/// The database. Clones share what is stored.
#[derive(Clone, Default)]
pub struct Watched {
    /// Where all of it is stored.
    pub memory: MemoryDatabase,
    commits: Arc<Mutex<Vec<Vec<String>>>>,
    meanwhile: Arc<Mutex<VecDeque<Meanwhile>>>,
    failing: Arc<Mutex<Option<Failure>>>,
    unreadable: Arc<Mutex<Option<bool>>>,
    reads: Arc<AtomicUsize>,
}

impl Watched {
    /// Runs this between the next read and its commit; several calls come before the commits after that.
    pub fn meanwhile(&self, what: impl Future<Output = ()> + Send + 'static) {
        self.meanwhile.lock().unwrap().push_back(Box::pin(what));
    }

    /// From now on every commit fails so, or none.
    pub fn fail(&self, failure: Option<Failure>) {
        *self.failing.lock().unwrap() = failure;
    }

    /// From now on every read fails; `retryable` says how.
    pub fn fail_reads(&self, retryable: bool) {
        *self.unreadable.lock().unwrap() = Some(retryable);
    }

    /// How many items were asked for so far.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    /// The transactions that took effect, one line for each write: what is done, the table, the key.
    pub fn commits(&self) -> Vec<Vec<String>> {
        self.commits.lock().unwrap().clone()
    }

    /// The transaction that took effect last.
    pub fn last_commit(&self) -> Vec<String> {
        self.commits().pop().unwrap_or_default()
    }

    /// The messages in the outbox: type, and data as text, in the order of their subjects and sequences.
    pub fn messages(&self, outbox: &str) -> Vec<(String, String)> {
        let rows = self.memory.items(&Table::new(outbox, "PK"));
        let message = |row: &Item| {
            let envelope: Value = serde_json::from_str(row["Message"].as_s().unwrap()).unwrap();
            let data = row["Message"].as_s().unwrap().split(r#""data":"#).nth(1).unwrap();
            (envelope["type"].as_str().unwrap().to_owned(), data[..data.len() - 1].to_owned())
        };
        rows.iter().map(message).collect()
    }

    /// The types of the messages in the outbox.
    pub fn message_types(&self, outbox: &str) -> Vec<String> {
        self.messages(outbox).into_iter().map(|(kind, _)| kind).collect()
    }

    /// All items of a table as text, to compare before and after.
    pub fn dump(&self) -> String {
        format!("{:?}", self.memory)
    }
}

impl Database for Watched {
    async fn transact(&self, token: Uuid, writes: &[Write]) -> Result<(), TransactFailure> {
        // As every call over a network does.
        tokio::task::yield_now().await;
        let meanwhile = self.meanwhile.lock().unwrap().pop_front();
        if let Some(meanwhile) = meanwhile {
            meanwhile.await;
        }
        let failing = *self.failing.lock().unwrap();
        match failing {
            Some(Failure::Conflict) => {
                return Err(TransactFailure::Cancelled(vec![CancellationReason::Conflict; writes.len()]));
            }
            Some(Failure::Refused) => return Err(TransactFailure::Refused("not allowed".into())),
            Some(Failure::AnswerLost) | None => {}
        }
        self.memory.transact(token, writes).await?;
        if failing.is_some() {
            return Err(TransactFailure::Unknown("no answer".into()));
        }
        self.commits.lock().unwrap().push(writes.iter().map(describe).collect());
        Ok(())
    }

    async fn get(&self, table: &Table, key: Item) -> Result<Option<Item>, ReadError> {
        tokio::task::yield_now().await;
        self.reads.fetch_add(1, Ordering::SeqCst);
        let unreadable = *self.unreadable.lock().unwrap();
        match unreadable {
            Some(retryable) => {
                Err(ReadError { table: table.name().to_owned(), retryable, source: "no answer".into() })
            }
            None => self.memory.get(table, key).await,
        }
    }
}

fn describe(write: &Write) -> String {
    let kind = match &write.kind {
        WriteKind::Put(_) => "put",
        WriteKind::Update { .. } => "update",
        WriteKind::Delete => "delete",
        WriteKind::Check => "check",
    };
    let key = |name| write.key.get(name).and_then(|value| AttributeValue::as_s(value).ok());
    let sort = key("SK").map(|sort| format!(" {}", sort.trim_start_matches('0'))).unwrap_or_default();
    let guard = if write.condition.is_some() { "" } else { " without a condition" };
    format!("{kind} {} {}{sort}{guard}", write.table.name(), key("PK").unwrap())
}
