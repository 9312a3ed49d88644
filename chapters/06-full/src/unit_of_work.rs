//! The unit of work: everything that one request or message changes, written in one transaction or not at
//! all.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put, TransactWriteItem};
use serde::Serialize;

use crate::App;
use crate::error::Error;

/// How often to try when somebody else is faster.
const ATTEMPTS: u32 = 10;

/// The longest first pause; each further one may be longer by as much.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Writes that belong together. Nothing is written before [`UnitOfWork::commit`], and dropping it writes
/// nothing.
#[derive(Debug, Default)]
pub struct UnitOfWork {
    /// Each with the error that it means when its condition does not hold.
    actions: Vec<(TransactWriteItem, Error)>,
}

impl UnitOfWork {
    /// Nothing so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an item that must not exist yet. If it does, the commit fails with `otherwise`.
    ///
    /// # Errors
    ///
    /// [`Error::Aws`] if the value cannot be stored as an item.
    pub fn insert<T: Serialize>(
        &mut self,
        table: &str,
        key: &str,
        value: &T,
        otherwise: Error,
    ) -> Result<(), Error> {
        let put = put(table, key, value)?.condition_expression("attribute_not_exists(PK)");
        self.add(put, otherwise)
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
        self.add(put.expression_attribute_values(":version", version), Error::LostRace)
    }

    fn add(&mut self, put: PutBuilder, otherwise: Error) -> Result<(), Error> {
        let put = put.build().map_err(Error::aws)?;
        self.actions.push((TransactWriteItem::builder().put(put).build(), otherwise));
        Ok(())
    }

    /// Writes all of it, or nothing.
    ///
    /// # Errors
    ///
    /// That of the action whose condition failed, or [`Error::LostRace`]: nothing was written.
    /// [`Error::Aws`]: that is not known.
    pub async fn commit(self, app: &App) -> Result<(), Error> {
        if self.actions.is_empty() {
            return Ok(());
        }
        let (actions, otherwise): (Vec<_>, Vec<_>) = self.actions.into_iter().unzip();
        #[expect(clippy::disallowed_methods, reason = "this is the unit of work")]
        let request = app.dynamodb.transact_write_items().set_transact_items(Some(actions));
        let Err(error) = request.send().await else { return Ok(()) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                Err(why(otherwise, cancelled.cancellation_reasons()).unwrap_or_else(|| Error::aws(error)))
            }
            _ => Err(Error::aws(error)),
        }
    }
}

/// Tries anew while somebody else is faster, after a random pause: two that met would meet again.
///
/// # Errors
///
/// What the attempt returns; [`Error::LostRace`] when it has lost too often.
pub async fn retry<T, F: Future<Output = Result<T, Error>>>(
    app: &App,
    attempt: impl Fn() -> F,
) -> Result<T, Error> {
    for number in 1..ATTEMPTS {
        match attempt().await {
            Err(Error::LostRace) => {
                tokio::time::sleep(FIRST_PAUSE.mul_f64(f64::from(number) * app.ambient.random())).await;
            }
            done => return done,
        }
    }
    attempt().await
}

fn put<T: Serialize>(table: &str, key: &str, value: &T) -> Result<PutBuilder, Error> {
    let item: HashMap<String, AttributeValue> = serde_dynamo::to_item(value).map_err(Error::aws)?;
    let put = Put::builder().table_name(table).set_item(Some(item));
    Ok(put.item("PK", AttributeValue::S(key.to_owned())))
}

/// DynamoDB gives a reason for each action, in the sequence of the actions. The first condition that failed
/// decides.
fn why(otherwise: Vec<Error>, reasons: &[CancellationReason]) -> Option<Error> {
    let is = |code: &'static str| move |reason: &CancellationReason| reason.code() == Some(code);
    if let Some(first) = reasons.iter().position(is("ConditionalCheckFailed")) {
        return otherwise.into_iter().nth(first);
    }
    reasons.iter().any(is("TransactionConflict")).then_some(Error::LostRace)
}
