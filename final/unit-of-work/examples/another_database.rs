//! A database of one's own: accounts in the memory of a process, with limits of its own. Two transfers race,
//! and no money is lost.
//!
//! `cargo run -p unit-of-work --example another_database`

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a small program, with ids at random")]

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use unit_of_work::{
    AttributeValue, Backoff, CancellationReason, CommitError, Database, Item, Limits, LostRace, ReadError,
    Table, TransactFailure, UnitOfWork, Write, WriteKind, from_item, retry_lost_races,
};
use uuid::Uuid;

/// Items by their keys, and the tokens of what was applied.
#[derive(Default)]
struct Shelf(Mutex<(BTreeMap<String, Item>, HashSet<Uuid>)>);

impl Database for Shelf {
    async fn transact(&self, token: Uuid, writes: &[Write]) -> Result<(), TransactFailure> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (items, applied) = &mut *shelf;
        if applied.contains(&token) {
            return Ok(());
        }
        let holds = |write: &Write| {
            write.condition.as_ref().is_none_or(|condition| condition.holds(items.get(&place(&write.key))))
        };
        let found = |write: &Write| items.get(&place(&write.key)).filter(|_| write.wants_found).cloned();
        let reason = |write| match holds(write) {
            true => CancellationReason::None,
            false => CancellationReason::ConditionFailed(found(write)),
        };
        if !writes.iter().all(holds) {
            return Err(TransactFailure::Cancelled(writes.iter().map(reason).collect()));
        }
        if writes.iter().any(|write| matches!(write.kind, WriteKind::Update { .. })) {
            return Err(TransactFailure::Refused("this database has no updates; put the whole item".into()));
        }
        for write in writes {
            match &write.kind {
                WriteKind::Put(item) => drop(items.insert(place(&write.key), item.clone())),
                WriteKind::Delete => drop(items.remove(&place(&write.key))),
                WriteKind::Update { .. } | WriteKind::Check => {}
            }
        }
        applied.insert(token);
        Ok(())
    }

    async fn get(&self, _: &Table, key: Item) -> Result<Option<Item>, ReadError> {
        // Where others would wait for the network.
        tokio::task::yield_now().await;
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).0.get(&place(&key)).cloned())
    }

    fn limits(&self) -> Limits {
        Limits { actions: 10, ..Limits::DYNAMODB }
    }
}

fn place(key: &Item) -> String {
    key.get("PK").and_then(|value| AttributeValue::as_s(value).ok()).cloned().unwrap_or_default()
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Account {
    #[serde(rename = "PK")]
    name: String,
    cents: u64,
    version: u64,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("an account was changed by somebody else")]
    Race,
    #[error(transparent)]
    Other(Box<dyn std::error::Error>),
}

impl LostRace for Failure {
    fn is_lost_race(&self) -> bool {
        matches!(self, Self::Race)
    }
}

async fn transfer(database: &impl Database, from: &str, to: &str, cents: u64) -> Result<(), Failure> {
    let accounts = &Table::new("accounts", "PK");
    let changed = async |name: &str, change: fn(u64, u64) -> u64| {
        let item =
            database.get(accounts, accounts.key(name, None)).await?.ok_or("there is no such account")?;
        let account: Account = from_item(item)?;
        let account =
            Account { cents: change(account.cents, cents), version: account.version + 1, ..account };
        Ok::<_, Box<dyn std::error::Error>>(accounts.replace(&account)?.or(Failure::Race))
    };
    let mut work = UnitOfWork::new(Uuid::new_v4());
    work.add(changed(from, u64::saturating_sub).await.map_err(Failure::Other)?);
    work.add(changed(to, u64::saturating_add).await.map_err(Failure::Other)?);
    match work.commit(database).await {
        Err(CommitError::Rejected(race)) => Err(race),
        ended => ended.map_err(|error| Failure::Other(error.into())),
    }
}

/// Both transfer at the same time. What each has in the end.
async fn race() -> Result<[u64; 2], Box<dyn std::error::Error>> {
    let (database, accounts) = (Shelf::default(), Table::new("accounts", "PK"));
    let mut work: UnitOfWork<()> = UnitOfWork::new(Uuid::new_v4());
    for name in ["Ada", "Bob"] {
        work.add(accounts.insert(&Account { name: name.to_owned(), cents: 1000, version: 0 })?);
    }
    work.commit(&database).await?;
    let backoff = || Backoff::new(Uuid::new_v4(), 9, Duration::from_millis(1), Duration::from_millis(9));
    let ada = retry_lost_races(backoff(), || transfer(&database, "Ada", "Bob", 300));
    let bob = retry_lost_races(backoff(), || transfer(&database, "Bob", "Ada", 100));
    let (ada, bob) = tokio::join!(ada, bob);
    ada.and(bob)?;
    let mut left = [0; 2];
    for (name, left) in ["Ada", "Bob"].into_iter().zip(&mut left) {
        let item = database.get(&accounts, accounts.key(name, None)).await?.ok_or("the account is lost")?;
        *left = from_item::<Account>(item)?.cents;
    }
    Ok(left)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [ada, bob] = race().await?;
    println!("Ada has {ada} cents, Bob has {bob}");
    Ok(())
}

#[test]
fn no_money_is_lost() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    assert_eq!(runtime.block_on(race())?, [800, 1200]);
    Ok(())
}
