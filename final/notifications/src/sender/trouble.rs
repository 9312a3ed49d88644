//! Why a mail could not be led on.

use std::convert::Infallible;

use unit_of_work::{CommitError, ItemError, LoadError, LostRace, ReadError};

/// A mail could not be led on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// A mail, an address or the index could not be read.
    #[error("what is to be sent could not be read")]
    Load(#[from] LoadError),
    /// A mail could not be written as an item.
    #[error(transparent)]
    Item(#[from] ItemError),
    /// Where a mail stands could not be stored. It is found again, and what is not known then is a doubt.
    #[error("where a mail stands could not be stored")]
    Commit(#[source] CommitError<Infallible>),
    /// Others changed the mail each time. A later look finds it.
    #[error("the mail is being changed by others")]
    Contended,
}

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Self {
        Self::Load(error.into())
    }
}

impl LostRace for Trouble {
    fn is_lost_race(&self) -> bool {
        matches!(self, Self::Contended)
    }
}
