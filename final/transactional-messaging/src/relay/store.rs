//! The outbox table as the relay sees it. Every read is consistent; what a read of several items does not
//! show may still come.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    operation::transact_get_items::TransactGetItemsError::TransactionCanceledException,
    types::{
        AttributeValue, CancellationReason, DeleteRequest, Get, ItemResponse, KeysAndAttributes, PutRequest,
        TransactGetItem, WriteRequest,
    },
};
use time::{Duration, OffsetDateTime};
use unit_of_work::{DynamoDb, Item, Table, to_item};
use waiting::{Backoff, in_time};

use super::{
    RelayError,
    row::{Row, key_of, row_of},
};
use crate::{error::BoxError, outbox::OutboxRow, timestamp};

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
    /// Nothing was seen, because of another's row.
    Unseen,
}

impl OutboxStore {
    /// Those of these 100 rows at most that are there, and the partition keys of those of which DynamoDB did
    /// not say whether they are.
    pub(super) async fn rows(&self, keys: Vec<Item>) -> Result<(Vec<Row>, HashSet<String>), BoxError> {
        let asked = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build()?;
        let request = self.client().batch_get_item().request_items(self.table.name(), asked);
        let answer = in_time(request.send()).await??;
        let rows = answer.responses.into_iter().flatten().flat_map(|(_, rows)| rows).map(row_of).collect();
        let unread = answer.unprocessed_keys.iter().flatten().flat_map(|(_, rest)| rest.keys());
        let partition = |key: &Item| key.get("PK").and_then(|value| value.as_s().ok()).cloned();
        Ok((rows, unread.filter_map(partition).collect()))
    }

    /// The subject's first rows behind this sequence, or its very first ones; and whether there may be more
    /// behind them.
    pub(super) async fn rows_behind(
        &self,
        partition: &str,
        last: Option<&str>,
    ) -> Result<(Vec<Row>, bool), BoxError> {
        let request = self.client().query().table_name(self.table.name()).consistent_read(true).limit(PAGE);
        let request = request
            .key_condition_expression("PK = :partition AND SK > :behind")
            .expression_attribute_values(":partition", AttributeValue::S(partition.to_owned()))
            // No text is empty in a key.
            .expression_attribute_values(":behind", AttributeValue::S(last.unwrap_or(" ").to_owned()));
        let answer = in_time(request.send()).await??;
        let rows: Vec<_> = answer.items.into_iter().flatten().map(row_of).collect();
        let more = answer.last_evaluated_key.is_some() && !rows.is_empty();
        Ok((rows, more))
    }

    /// The next page of the whole table, and where the one after it begins.
    pub(super) async fn page(&self, begin: Option<Item>) -> Result<(Vec<Item>, Option<Item>), BoxError> {
        let request = self.client().scan().table_name(self.table.name()).consistent_read(true);
        let answer = in_time(request.set_exclusive_start_key(begin).send()).await??;
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
    }

    /// Whose turn it is of 50 rows at most, each behind its predecessor.
    ///
    /// Row and predecessor are looked at together in one transaction: no other read tells apart what was
    /// deleted and what is not visible yet ("Amazon DynamoDB Developer Guide, Isolation levels"). Where a
    /// commit is under way the whole call is refused, and says for which.
    pub(super) async fn turns(&self, rows: impl Iterator<Item = &OutboxRow>) -> Result<Vec<Turn>, BoxError> {
        let gets = rows.flat_map(|row| self.pair(row)).collect::<Result<_, _>>()?;
        let request = self.client().transact_get_items().set_transact_items(Some(gets));
        let error = match in_time(request.send()).await? {
            Ok(answer) => return Ok(answer.responses().chunks(2).map(turn).collect()),
            Err(error) => error,
        };
        let Some(TransactionCanceledException(cancelled)) = error.as_service_error() else {
            return Err(error.into());
        };
        let is_blamed = |reason: &CancellationReason| !matches!(reason.code(), None | Some("None"));
        let reasons = cancelled.cancellation_reasons();
        let others = if reasons.iter().any(is_blamed) { Turn::Unseen } else { Turn::Unclear };
        let of_pair = |pair: &[_]| if pair.iter().any(is_blamed) { Turn::Unclear } else { others };
        Ok(reasons.chunks(2).map(of_pair).collect())
    }

    /// Predecessor and row.
    fn pair(&self, row: &OutboxRow) -> [Result<TransactGetItem, BuildError>; 2] {
        [row.predecessor.as_deref().unwrap_or_default(), &row.sequence].map(|sequence| {
            let get = Get::builder().table_name(self.table.name()).projection_expression("PK");
            let get = get.set_key(Some(self.table.key(&row.partition, Some(sequence)))).build()?;
            Ok(TransactGetItem::builder().get(get).build())
        })
    }

    /// Deletes rows that were sent, 25 at most, after they were kept in the table of sent messages where
    /// there is one.
    pub(super) async fn delete(
        &self,
        rows: impl Iterator<Item = &OutboxRow> + Clone,
        now: OffsetDateTime,
        backoff: Backoff,
    ) -> Result<(), BoxError> {
        if let Some((table, keep)) = &self.sent {
            let puts = rows.clone().map(|row| kept(row, now, *keep)).collect::<Result<_, _>>()?;
            self.write(table, puts, backoff).await?;
        }
        let deletes = rows.map(|row| {
            let key = self.table.key(&row.partition, Some(&row.sequence));
            let request = DeleteRequest::builder().set_key(Some(key)).build()?;
            Ok::<_, BoxError>(WriteRequest::builder().delete_request(request).build())
        });
        self.write(&self.table, deletes.collect::<Result<_, _>>()?, backoff).await
    }

    /// A batch may be done in part: what was not is asked for again.
    async fn write(
        &self,
        table: &Table,
        requests: Vec<WriteRequest>,
        backoff: Backoff,
    ) -> Result<(), BoxError> {
        let (mut asked, mut attempts) = (HashMap::from([(table.name().to_owned(), requests)]), 0);
        loop {
            let request = self.client().batch_write_item().set_request_items(Some(asked));
            asked = in_time(request.send()).await??.unprocessed_items.unwrap_or_default();
            if asked.is_empty() {
                return Ok(());
            }
            attempts += 1;
            let pause = backoff.delay_after(attempts).ok_or("dynamodb does only parts of a batch")?;
            waiting::pause(pause).await?;
        }
    }

    /// Marks a row that cannot be sent with the reason, so that those behind it wait for it, or takes the
    /// mark away. Whether the row was still there.
    pub(super) async fn mark(
        &self,
        partition: &str,
        sequence: &str,
        reason: Option<&str>,
    ) -> Result<bool, BoxError> {
        let update = if reason.is_some() { "SET Parked = :reason" } else { "REMOVE Parked" };
        let reason = reason.map(|reason| (":reason".to_owned(), AttributeValue::S(reason.to_owned())));
        #[expect(clippy::disallowed_methods, reason = "a mark of the relay's own, which no message tells of")]
        let request = self.client().update_item().table_name(self.table.name()).update_expression(update);
        let request = request
            .set_key(Some(self.table.key(partition, Some(sequence))))
            .set_expression_attribute_values(reason.map(|value| HashMap::from([value])))
            // A row that was sent meanwhile must not come back as a mark without a message.
            .condition_expression("attribute_exists(PK)");
        match in_time(request.send()).await? {
            Ok(_) => Ok(true),
            Err(error)
                if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the marks from all rows of the subject.
    pub(super) async fn unpark(&self, partition: &str) -> Result<(), RelayError> {
        let (mut last, mut more) = (None, true);
        while more {
            let (rows, is_more) =
                self.rows_behind(partition, last.as_deref()).await.map_err(RelayError::Read)?;
            for row in &rows {
                if let Err(bad) = row
                    && bad.reason.is_none()
                {
                    self.mark(partition, &bad.sequence, None).await.map_err(RelayError::Settle)?;
                }
            }
            (last, more) = (rows.last().map(|row| key_of(row).1.to_owned()), is_more);
        }
        Ok(())
    }

    fn client(&self) -> &Client {
        self.database.client()
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
