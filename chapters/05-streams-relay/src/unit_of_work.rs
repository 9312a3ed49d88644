//! The unit of work: everything that one request or message changes, written in one transaction or not at all.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put, TransactWriteItem};
use serde::Serialize;

use crate::App;
use crate::error::Error;

/// Writes that belong together. Nothing is written before [`UnitOfWork::commit`], and dropping it writes nothing.
#[derive(Debug, Default)]
pub struct UnitOfWork {
    puts: Vec<Put>,
}

impl UnitOfWork {
    /// Nothing so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an item that must not exist yet.
    ///
    /// # Errors
    ///
    /// [`Error::Aws`] if the value cannot be stored as an item.
    pub fn insert<T: Serialize>(&mut self, table: &str, key: &str, value: &T) -> Result<(), Error> {
        let put = put(table, key, value)?.condition_expression("attribute_not_exists(PK)");
        self.puts.push(put.build().map_err(Error::aws)?);
        Ok(())
    }

    /// Replaces an item that must still have the version that was read.
    ///
    /// # Errors
    ///
    /// [`Error::Aws`] if the value cannot be stored as an item.
    pub fn replace<T: Serialize>(
        &mut self,
        table: &str,
        key: &str,
        value: &T,
        version_read: u64,
    ) -> Result<(), Error> {
        let put = put(table, key, value)?.condition_expression("Version = :version");
        let version = AttributeValue::N(version_read.to_string());
        self.puts.push(put.expression_attribute_values(":version", version).build().map_err(Error::aws)?);
        Ok(())
    }

    /// Writes all of it, or nothing.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyHandled`] and [`Error::LostRace`] if nothing was written; [`Error::Aws`] if that is not known.
    pub async fn commit(self, app: &App) -> Result<(), Error> {
        if self.puts.is_empty() {
            return Ok(());
        }
        let tables: Vec<_> = self.puts.iter().map(|put| put.table_name.clone()).collect();
        let actions = self.puts.into_iter().map(|put| TransactWriteItem::builder().put(put).build());
        #[expect(clippy::disallowed_methods, reason = "this is the unit of work")]
        let request = app.dynamodb.transact_write_items().set_transact_items(Some(actions.collect()));
        let Err(error) = request.send().await else { return Ok(()) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                Err(why(&tables, cancelled.cancellation_reasons()).unwrap_or_else(|| Error::aws(error)))
            }
            _ => Err(Error::aws(error)),
        }
    }
}

fn put<T: Serialize>(
    table: &str,
    key: &str,
    value: &T,
) -> Result<aws_sdk_dynamodb::types::builders::PutBuilder, Error> {
    let item: HashMap<String, AttributeValue> = serde_dynamo::to_item(value).map_err(Error::aws)?;
    let put = Put::builder().table_name(table).set_item(Some(item));
    Ok(put.item("PK", AttributeValue::S(key.to_owned())))
}

/// There is a reason for each action, in their order. That the message was handled before outranks all others.
fn why(tables: &[String], reasons: &[CancellationReason]) -> Option<Error> {
    let refused: Vec<_> =
        tables.iter().zip(reasons.iter().map(|reason| reason.code().unwrap_or("None"))).collect();
    if refused.iter().any(|(table, code)| *table == crate::inbox::TABLE && *code == "ConditionalCheckFailed")
    {
        return Some(Error::AlreadyHandled);
    }
    let is_race = |code: &str| matches!(code, "ConditionalCheckFailed" | "TransactionConflict");
    refused.iter().any(|(_, code)| is_race(code)).then_some(Error::LostRace)
}
