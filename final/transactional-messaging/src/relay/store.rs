//! The outbox table as the relay sees it. Every read is consistent; what a read of several items does not show may still come.

use std::{collections::HashMap, sync::Arc};

use aws_sdk_dynamodb::{
    error::BuildError,
    operation::transact_get_items::TransactGetItemsError,
    types::{
        AttributeValue, DeleteRequest, Get, ItemResponse, KeysAndAttributes, PutRequest, TransactGetItem,
        WriteRequest,
    },
};
use time::{Duration, OffsetDateTime};
use unit_of_work::{DynamoDb, Item, Table, to_item};
use waiting::{Backoff, in_time};

use super::{
    BoxError, RelayError,
    damage::{Row, row_of},
    flow::ROWS_A_READ,
};
use crate::{
    outbox::{OutboxRow, RowKey},
    timestamp,
};

/// How many rows of one subject are read at once.
const PAGE: i32 = 100;

#[derive(Clone, Debug)]
pub(super) struct OutboxStore {
    pub(super) database: DynamoDb,
    pub(super) table: Table,
    /// Where sent messages are kept, and for how long.
    pub(super) sent: Option<(Table, Duration)>,
}

/// Whether it is a row's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Its predecessor is not there any more: it was sent.
    Now,
    /// Its predecessor is there.
    Behind,
    /// The row is not there any more: another relay has sent it.
    Over,
    /// A commit that concerns one of the two is still becoming visible.
    Unclear,
}

/// A page of a search: the rows, and where the next page begins.
pub(super) struct Page {
    pub(super) items: Vec<Item>,
    pub(super) next: Option<Item>,
}

impl OutboxStore {
    /// Those of these rows that are there.
    pub(super) async fn rows(&self, keys: &[RowKey], backoff: Backoff) -> Result<Vec<Row>, RelayError> {
        let mut rows = Vec::with_capacity(keys.len());
        for keys in keys.chunks(ROWS_A_READ) {
            let keys = keys.iter().map(|key| self.table.key(&key.partition, Some(&key.sequence))).collect();
            let asked = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            let (mut asked, mut attempts) = (Some(asked.map_err(read)?), 0);
            while let Some(some) = asked.take() {
                let request = self.database.client().batch_get_item().request_items(self.table.name(), some);
                let answer = in_time(request.send()).await.map_err(read)?.map_err(read)?;
                let found = answer.responses.unwrap_or_default().remove(self.table.name());
                rows.extend(found.unwrap_or_default().into_iter().map(row_of));
                asked = answer.unprocessed_keys.and_then(|mut rest| rest.remove(self.table.name()));
                attempts += 1;
                if asked.is_some() {
                    wait(&backoff, attempts).await.map_err(read)?;
                }
            }
        }
        Ok(rows)
    }

    /// The subject's first rows behind this sequence, or its very first ones.
    pub(super) async fn rows_behind(&self, partition: &str, last: Option<&str>) -> Result<Page, RelayError> {
        let behind = last.unwrap_or_default();
        let request = self.database.client().query().table_name(self.table.name()).consistent_read(true);
        let request = request
            .key_condition_expression("PK = :partition AND SK > :behind")
            .expression_attribute_values(":partition", AttributeValue::S(partition.to_owned()))
            // No text is empty in a key.
            .expression_attribute_values(
                ":behind",
                AttributeValue::S(if behind.is_empty() { " " } else { behind }.to_owned()),
            )
            .limit(PAGE);
        let answer = self.database.query(&self.table, request).await.map_err(read)?;
        Ok(Page { items: answer.items.unwrap_or_default(), next: answer.last_evaluated_key })
    }

    /// The next page of the whole table: keys, times and marks.
    pub(super) async fn page(&self, begin: Option<Item>) -> Result<Page, RelayError> {
        let request = self.database.client().scan().table_name(self.table.name()).consistent_read(true);
        let request =
            request.projection_expression("PK, SK, CreatedAt, Parked").set_exclusive_start_key(begin);
        let answer = in_time(request.send()).await.map_err(read)?.map_err(read)?;
        Ok(Page { items: answer.items.unwrap_or_default(), next: answer.last_evaluated_key })
    }

    /// Whose turn it is of 50 rows at most, each behind its predecessor.
    ///
    /// Row and predecessor are looked at together in one transaction: no other read tells apart what was deleted and what is not visible yet
    /// ("Amazon DynamoDB Developer Guide, Isolation levels"). Where a commit is under way the whole call is refused, and says for which; the
    /// others are asked for again without those.
    pub(super) async fn turns(&self, rows: &[Arc<OutboxRow>]) -> Result<Vec<Turn>, RelayError> {
        let mut turns = vec![Turn::Unclear; rows.len()];
        let mut open: Vec<usize> = (0..rows.len()).collect();
        while !open.is_empty() {
            let gets: Result<Vec<_>, _> =
                open.iter().filter_map(|index| rows.get(*index)).flat_map(|row| self.pair(row)).collect();
            let request =
                self.database.client().transact_get_items().set_transact_items(Some(gets.map_err(read)?));
            let error = match in_time(request.send()).await.map_err(read)? {
                Ok(answer) => {
                    let items = answer.responses.unwrap_or_default();
                    for (index, pair) in open.into_iter().zip(items.chunks(2)) {
                        turns[index] = turn(pair);
                    }
                    return Ok(turns);
                }
                Err(error) => error,
            };
            let Some(TransactGetItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                return Err(read(error));
            };
            let reasons = cancelled.cancellation_reasons();
            let blamed = |pair: usize| {
                let of_pair = reasons.iter().skip(pair * 2).take(2);
                of_pair.filter(|reason| !matches!(reason.code(), None | Some("None"))).count() > 0
            };
            let rest: Vec<_> =
                open.iter().enumerate().filter(|(pair, _)| !blamed(*pair)).map(|(_, index)| *index).collect();
            if rest.len() == open.len() {
                return Ok(turns);
            }
            open = rest;
        }
        Ok(turns)
    }

    /// Predecessor and row.
    fn pair(&self, row: &OutboxRow) -> [Result<TransactGetItem, BuildError>; 2] {
        [row.predecessor.as_deref().unwrap_or_default(), &row.sequence].map(|sequence| {
            let key = self.table.key(&row.partition, Some(sequence));
            let get =
                Get::builder().table_name(self.table.name()).set_key(Some(key)).projection_expression("PK");
            Ok(TransactGetItem::builder().get(get.build()?).build())
        })
    }

    /// Deletes rows that were sent, 25 at most, after they were kept in the table of sent messages where there is one.
    pub(super) async fn delete(
        &self,
        rows: &[Arc<OutboxRow>],
        now: OffsetDateTime,
        backoff: Backoff,
    ) -> Result<(), RelayError> {
        if let Some((table, keep)) = &self.sent {
            let puts: Result<Vec<_>, _> = rows.iter().map(|row| kept(row, now, *keep)).collect();
            self.write(table, puts.map_err(RelayError::Settle)?, backoff).await?;
        }
        let deletes = rows.iter().map(|row| {
            let key = self.table.key(&row.partition, Some(&row.sequence));
            let request = DeleteRequest::builder().set_key(Some(key)).build()?;
            Ok(WriteRequest::builder().delete_request(request).build())
        });
        let deletes: Result<Vec<_>, BoxError> = deletes.collect();
        self.write(&self.table, deletes.map_err(RelayError::Settle)?, backoff).await
    }

    /// A batch may be done in part: what was not is asked for again.
    async fn write(
        &self,
        table: &Table,
        requests: Vec<WriteRequest>,
        backoff: Backoff,
    ) -> Result<(), RelayError> {
        let (mut asked, mut attempts) = (Some(HashMap::from([(table.name().to_owned(), requests)])), 0);
        while let Some(some) = asked.take() {
            let request = self.database.client().batch_write_item().set_request_items(Some(some));
            let answer = in_time(request.send()).await.map_err(settle)?.map_err(settle)?;
            asked = answer.unprocessed_items.filter(|rest| !rest.is_empty());
            attempts += 1;
            if asked.is_some() {
                wait(&backoff, attempts).await.map_err(settle)?;
            }
        }
        Ok(())
    }

    /// Marks a row that cannot be sent; those behind it wait for it. Whether the row was still there.
    pub(super) async fn park(&self, key: &RowKey, reason: &str) -> Result<bool, RelayError> {
        let reason = AttributeValue::S(reason.to_owned());
        self.mark(key, "SET Parked = :reason", Some(HashMap::from([(":reason".to_owned(), reason)]))).await
    }

    /// Takes the marks from all rows of the subject.
    pub(super) async fn unpark(&self, partition: &str) -> Result<(), RelayError> {
        let request = self.database.client().query().table_name(self.table.name()).consistent_read(true);
        let mut parked = request
            .key_condition_expression("PK = :partition")
            .filter_expression("attribute_exists(Parked)")
            .projection_expression("PK, SK")
            .expression_attribute_values(":partition", AttributeValue::S(partition.to_owned()))
            .into_paginator()
            .items()
            .send();
        while let Some(item) = in_time(parked.next()).await.map_err(read)? {
            let text = |item: &Item, name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
            let item = item.map_err(read)?;
            if let (Some(partition), Some(sequence)) = (text(&item, "PK"), text(&item, "SK")) {
                self.mark(&RowKey { partition, sequence }, "REMOVE Parked", None).await?;
            }
        }
        Ok(())
    }

    async fn mark(
        &self,
        key: &RowKey,
        update: &str,
        values: Option<HashMap<String, AttributeValue>>,
    ) -> Result<bool, RelayError> {
        #[expect(clippy::disallowed_methods, reason = "a mark of the relay's own, which no message tells of")]
        let request = self.database.client().update_item().table_name(self.table.name());
        let request = request
            .set_key(Some(self.table.key(&key.partition, Some(&key.sequence))))
            .update_expression(update)
            .set_expression_attribute_values(values)
            // A row that was sent meanwhile must not come back as a mark without a message.
            .condition_expression("attribute_exists(PK)");
        match in_time(request.send()).await.map_err(settle)? {
            Ok(_) => Ok(true),
            Err(error)
                if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(settle(error)),
        }
    }
}

fn turn(pair: &[ItemResponse]) -> Turn {
    let is_there = |response: &ItemResponse| response.item().is_some_and(|item| !item.is_empty());
    match pair {
        [_, row] if !is_there(row) => Turn::Over,
        [predecessor, _] if is_there(predecessor) => Turn::Behind,
        [_, _] => Turn::Now,
        _ => Turn::Unclear,
    }
}

fn kept(row: &OutboxRow, now: OffsetDateTime, keep: Duration) -> Result<WriteRequest, BoxError> {
    let mut item = to_item(row)?;
    item.insert("SentAt".to_owned(), AttributeValue::S(timestamp::format(now)?));
    item.insert("ExpiresAt".to_owned(), AttributeValue::N((now + keep).unix_timestamp().to_string()));
    Ok(WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item)).build()?).build())
}

/// DynamoDB did a part only: how long until it is asked for the rest.
async fn wait(backoff: &Backoff, attempts: u32) -> Result<(), BoxError> {
    let pause = backoff.delay_after(attempts).ok_or("dynamodb does only parts of a batch")?;
    Ok(waiting::pause(pause).await?)
}

fn read(error: impl Into<BoxError>) -> RelayError {
    RelayError::Read(error.into())
}

fn settle(error: impl Into<BoxError>) -> RelayError {
    RelayError::Settle(error.into())
}
