//! Giving up a parked message.

use unit_of_work::{AttributeValue, Check, CommitError, Condition, Delete, UnitOfWork};
use uuid::Uuid;

use super::{OutboxView, StoredRow};

/// Why a message was not given up. It is still there, unless the outcome is unknown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SkipError {
    /// It is not parked: it will be sent by itself.
    #[error("the row is not parked, so the relay sends it; there is nothing to give up")]
    NotParked,
    /// It is not as it was when somebody decided to give it up.
    #[error("the row has changed or gone since it was read; look at it again")]
    Changed,
    /// What stands in front of it was not sent yet. Without this row, what stands behind it would overtake
    /// that.
    #[error("the message before it is still there; let that be sent, or give it up first")]
    Behind,
    /// The commit did not go through.
    #[error("the row could not be deleted")]
    Commit(#[source] CommitError<Refused>),
}

/// What made the commit not take place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The row is another one by now.
    #[error("the row has changed or gone")]
    Changed,
    /// Its predecessor is there.
    #[error("the message before it is still there")]
    Behind,
}

/// Deletes a parked row, if it is as it was read, and if what stands in front of it was sent: both in one
/// transaction, because a relay takes a predecessor that is gone for one that was sent.
///
/// What the message tells of was committed, and no consumer will hear of it: keep [the
/// item](StoredRow::item). What stands behind it goes on when its subject is
/// [woken](crate::relay::Relay::wake).
///
/// # Errors
///
/// [`SkipError`].
pub async fn skip(outbox: &OutboxView, row: &StoredRow, token: Uuid) -> Result<(), SkipError> {
    if row.parked.is_none() {
        return Err(SkipError::NotParked);
    }
    let as_read = ["Parked", "MessageId", "Message"].map(|name| match row.item().get(name) {
        Some(value) => Condition::equals(name, value.clone()),
        None => Condition::not_exists(name),
    });
    let is_same = as_read.into_iter().fold(Condition::exists("PK"), Condition::and);
    let mut work = UnitOfWork::new(token);
    work.add(Delete::new(&outbox.table, outbox.key(&row.key)).when(is_same).or(Refused::Changed));
    // One that is no sequence is nobody's key.
    if let Some(AttributeValue::S(before)) = row.item().get("Predecessor") {
        let mut key = outbox.key(&row.key);
        key.insert("SK".to_owned(), AttributeValue::S(before.clone()));
        let is_gone = Check::new(&outbox.table, key, Condition::not_exists("PK"));
        if *before != row.key.sequence && !before.is_empty() {
            work.add(is_gone.or(Refused::Behind));
        }
    }
    match work.commit(&outbox.database).await {
        Ok(()) => Ok(()),
        Err(CommitError::Rejected(Refused::Changed)) => Err(SkipError::Changed),
        Err(CommitError::Rejected(Refused::Behind)) => Err(SkipError::Behind),
        Err(error) => Err(SkipError::Commit(error)),
    }
}
