//! Many items at once, for whoever goes through a whole table: its pages, and items by their keys.

use std::time::Duration;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use waiting::in_time;

use crate::{
    database::ReadError,
    dynamodb::{DynamoDb, judged},
    item::{Item, Table},
};

/// How many items one page of a table has.
const PAGE: i32 = 100;

/// How many keys one call asks for: as many as `BatchGetItem` takes.
const AT_ONCE: usize = 100;

/// How often DynamoDB is asked for what it left out of an answer.
const ATTEMPTS: u32 = 8;

/// The pause before the second attempt; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(25);

impl DynamoDb {
    /// The next page of a whole table, a hundred items at most, and where the one after it begins; none at
    /// the end. Read consistently.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which says whether asking again can help.
    pub async fn page(
        &self,
        table: &Table,
        from: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), ReadError> {
        let request = self.client().scan().table_name(table.name()).consistent_read(true);
        let request = request.limit(PAGE).set_exclusive_start_key(from);
        let answer = judged(table, in_time(request.send()).await)?;
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
    }

    /// Those of the items with these keys that are there, in no sequence, read consistently. No key may come
    /// twice.
    ///
    /// # Errors
    ///
    /// [`ReadError`], also when DynamoDB leaves a part out of its answers again and again.
    pub async fn get_all(&self, table: &Table, keys: &[Item]) -> Result<Vec<Item>, ReadError> {
        let mut found = Vec::new();
        for some in keys.chunks(AT_ONCE) {
            let (mut left, mut attempts, mut pause) = (some.to_vec(), 0, FIRST_PAUSE);
            while !left.is_empty() {
                if attempts == ATTEMPTS {
                    return Err(failed(table, true, "dynamodb leaves out a part of each answer"));
                }
                if attempts > 0 {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                attempts += 1;
                let asked = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build();
                let asked = asked.map_err(|error| failed(table, false, error))?;
                let request = self.client().batch_get_item().request_items(table.name(), asked);
                let answer = judged(table, in_time(request.send()).await)?;
                found.extend(answer.responses.into_iter().flatten().flat_map(|(_, items)| items));
                let unread = answer.unprocessed_keys.into_iter().flatten();
                left = unread.flat_map(|(_, rest)| rest.keys).collect();
            }
        }
        Ok(found)
    }
}

fn failed(
    table: &Table,
    retryable: bool,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> ReadError {
    ReadError { table: table.name().to_owned(), retryable, source: source.into() }
}
