//! Finding out from what is stored whether a commit took effect, when DynamoDB can no longer be asked by its
//! token.

use crate::{
    condition::equal,
    database::{Database, ReadError},
    item::Item,
    write::{Write, WriteKind},
};

/// What the stored items say about a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// An item that only this commit can have written is there.
    TookEffect,
    /// An item that the commit would have inserted is not there.
    DidNot,
    /// Neither: it inserts nothing, or what it would have inserted was there, was changed since, or may have
    /// been taken away.
    None,
}

/// Looks at the items that the commit inserts, such as its inbox and outbox rows: their ids belong to this
/// commit alone.
///
/// Attributes that were added or removed since say nothing, because a relay marks rows that it cannot send.
/// Neither does a missing item that [others may take](crate::Put::taken_by_others): a relay deletes the rows
/// that it has sent.
pub(crate) async fn look(database: &impl Database, writes: &[Write]) -> Result<Evidence, ReadError> {
    let mut evidence = Evidence::None;
    for (write, item) in writes.iter().filter_map(|write| Some((write, inserted(write)?))) {
        match database.get(&write.table, write.key.clone()).await? {
            Some(stored) if agree(&stored, item) => return Ok(Evidence::TookEffect),
            Some(_) => {}
            None if write.taken_by_others => {}
            None => evidence = Evidence::DidNot,
        }
    }
    Ok(evidence)
}

/// The item of a put that needs the place to be free.
fn inserted(write: &Write) -> Option<&Item> {
    let WriteKind::Put(item) = &write.kind else { return None };
    write.condition.as_ref()?.holds(None).then_some(item)
}

fn agree(stored: &Item, ours: &Item) -> bool {
    ours.iter().all(|(name, value)| stored.get(name).is_none_or(|stored| equal(stored, value)))
}
