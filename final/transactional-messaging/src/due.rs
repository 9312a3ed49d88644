//! Sparse indexes on a time: which items of a table wait for something, in the sequence in which their times
//! come.
//!
//! An item is in the index while it has the index's two attributes, a shard and a time, and leaves it when
//! they go. So the index holds what waits and nothing else, and whoever asks it reads neither the table nor
//! what is over.

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use futures::future::join_all;
use time::OffsetDateTime;
use unit_of_work::{DynamoDb, Item, ReadError, Table};

use crate::timestamp;

/// An index spreads over this many partitions. A single one would cap all writes of the table at the 1,000
/// write units a second of one partition, since a throttled index throttles its table ("Amazon DynamoDB
/// Developer Guide, Best practices for designing partition keys").
pub const SHARDS: u64 = 8;

/// How many keys are read at once: what a search holds in memory, for each shard.
const PAGE: i32 = 100;

/// A sparse index over one table. It projects keys only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueIndex {
    /// Its name.
    pub name: &'static str,
    /// The attribute that is its partition key: a text, made by [`shard_of`].
    pub shard: &'static str,
    /// The attribute that is its sort key: a time as [`timestamp`] writes it.
    pub time: &'static str,
}

/// The shard of the item with this key: FNV-1a, because the hash is stored and must stay the same in every
/// version of the program.
pub fn shard_of(key: &str) -> String {
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash % SHARDS).to_string()
}

impl DueIndex {
    /// Calls `handle` with the key of every item whose time is `now` or earlier, the earliest of each shard
    /// first; shards are searched side by side, and each page by page. How many there were.
    ///
    /// The index follows the table by a moment: an item may be named that has just left it, and one that has
    /// just come is found by the next search. So `handle` must look at the item itself.
    ///
    /// # Errors
    ///
    /// The first [`ReadError`] of a search or error of `handle`, either of which ends the search of its shard
    /// only.
    pub async fn each_due<E, F>(
        &self,
        database: &DynamoDb,
        table: &Table,
        now: OffsetDateTime,
        handle: impl Fn(Item) -> F,
    ) -> Result<u64, E>
    where
        E: From<ReadError>,
        F: Future<Output = Result<(), E>>,
    {
        let handle = &handle;
        let search = |shard: u64| async move {
            let (mut count, mut from) = (0, None);
            loop {
                let page = self.page(database, table, &shard.to_string(), now, from).await?;
                for key in page.items {
                    handle(key).await?;
                    count += 1;
                }
                match page.next {
                    Some(next) => from = Some(next),
                    None => return Ok(count),
                }
            }
        };
        join_all((0..SHARDS).map(search)).await.into_iter().sum()
    }

    /// How many items wait, due or not. Of each shard one answer of DynamoDB is counted, which reads a
    /// mebibyte of keys at most, so of very many there are fewer here. It bounds what counting costs: 128
    /// read units for each shard ("Amazon DynamoDB Developer Guide, Query").
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub async fn count(&self, database: &DynamoDb, table: &Table) -> Result<u64, ReadError> {
        let of_shard = |shard: u64| {
            let request = database.client().query().table_name(table.name()).index_name(self.name);
            let request = request
                .select(Select::Count)
                .key_condition_expression("#shard = :shard")
                .expression_attribute_names("#shard", self.shard)
                .expression_attribute_values(":shard", text(&shard.to_string()));
            async move { Ok(u64::try_from(database.query(table, request).await?.count()).unwrap_or_default()) }
        };
        join_all((0..SHARDS).map(of_shard)).await.into_iter().sum()
    }

    /// Asks whether the index is there and may be queried.
    ///
    /// # Errors
    ///
    /// [`ReadError`] when it is not.
    pub async fn check(&self, database: &DynamoDb, table: &Table) -> Result<(), ReadError> {
        let nothing = self.query(database, table, "-").select(Select::Count).limit(1);
        database.query(table, nothing.expression_attribute_values(":now", text("-"))).await.map(drop)
    }

    async fn page(
        &self,
        database: &DynamoDb,
        table: &Table,
        shard: &str,
        now: OffsetDateTime,
        from: Option<Item>,
    ) -> Result<Page, ReadError> {
        let now = timestamp::format(now).map_err(|error| ReadError {
            table: table.name().to_owned(),
            retryable: false,
            source: error.into(),
        })?;
        let request = self.query(database, table, shard).expression_attribute_values(":now", text(&now));
        let answer = database.query(table, request.limit(PAGE).set_exclusive_start_key(from)).await?;
        Ok(Page { items: answer.items.unwrap_or_default(), next: answer.last_evaluated_key })
    }

    fn query(
        &self,
        database: &DynamoDb,
        table: &Table,
        shard: &str,
    ) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        let request = database.client().query().table_name(table.name()).index_name(self.name);
        request
            .key_condition_expression("#shard = :shard AND #time <= :now")
            .expression_attribute_names("#shard", self.shard)
            .expression_attribute_names("#time", self.time)
            .expression_attribute_values(":shard", text(shard))
    }
}

struct Page {
    items: Vec<Item>,
    next: Option<Item>,
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_spread_over_all_shards() {
        let used: std::collections::HashSet<_> = (0..200).map(|n| shard_of(&format!("ORDER#{n}"))).collect();
        assert_eq!(used.len() as u64, SHARDS);
    }

    #[test]
    fn the_hash_is_the_published_one() {
        // "foobar" is a test vector of the FNV reference code: 0x85944171f73967e8.
        assert_eq!(shard_of("foobar"), (0x8594_4171_f739_67e8_u64 % SHARDS).to_string());
    }
}
