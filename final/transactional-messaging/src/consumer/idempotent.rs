//! The idempotent consumer: effect, inbox row and outgoing messages in one unit of work.

use std::{future::Future, time::Duration};

use unit_of_work::{Backoff, CommitError, Database, LostRace, ReadError, UnitOfWork, retry_lost_races};
use uuid::Uuid;

use super::{Delivery, Handled, HandlerError};
use crate::{ambient::Ambient, inbox::Inbox};

/// How often a message is decided anew before it goes back to its queue. With ten writers on one aggregate somebody commits in each
/// round, so the tenth attempt at the latest would do; the rest is for writers in other processes.
const ATTEMPTS: u32 = 16;
const FIRST_WAIT: Duration = Duration::from_millis(15);
const LONGEST_WAIT: Duration = Duration::from_millis(800);

/// Gives each message its effect once, however often it is delivered and whoever else handles it at the same time.
#[derive(Clone, Debug)]
pub struct IdempotentConsumer<D> {
    name: String,
    inbox: Inbox,
    database: D,
    ambient: Ambient,
}

/// Why a commit of a message's effect did not take place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The message was handled before.
    Duplicate,
    /// Something the decision rested on has changed: decide anew. Attach this to every condition on what was read.
    LostRace,
}

enum Attempt {
    LostRace,
    Failed(HandlerError),
}

impl LostRace for Attempt {
    fn is_lost_race(&self) -> bool {
        matches!(self, Self::LostRace)
    }
}

impl<D: Database> IdempotentConsumer<D> {
    /// A consumer with this name, which is part of the inbox key: never change the name of a consumer that has handled messages.
    pub fn new(name: impl Into<String>, inbox: Inbox, database: D, ambient: Ambient) -> Self {
        Self { name: name.into(), inbox, database, ambient }
    }

    /// The consumer's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    // ANCHOR: once
    /// Handles a message once. `decide` loads what it needs, decides, and adds its writes to the unit of work it is given; it is called
    /// anew after a lost race, so it must have no effect but through the unit of work.
    ///
    /// # Errors
    ///
    /// What `decide` returned, or a retryable error when the commit did not go through.
    pub async fn once<M, F, Fut>(&self, delivery: &Delivery<M>, decide: F) -> Result<Handled, HandlerError>
    where
        F: Fn(UnitOfWork<Stop>) -> Fut,
        Fut: Future<Output = Result<UnitOfWork<Stop>, HandlerError>>,
    {
        let id = delivery.envelope.id;
        let backoff = Backoff::new(self.ambient.id(), ATTEMPTS, FIRST_WAIT, LONGEST_WAIT);
        let outcome = retry_lost_races(backoff, || async {
            let mut work = UnitOfWork::new(self.ambient.id());
            let remember = self.inbox.remember(&self.name, id, self.ambient.now()).map_err(failed)?;
            work.add(remember.or(Stop::Duplicate));
            let work = match decide(work).await {
                Ok(work) => work,
                // What was decided long ago need not make sense a second time.
                Err(error) => match self.has_handled(id).await {
                    Ok(true) => return Ok(Handled::Duplicate),
                    Ok(false) => return Err(Attempt::Failed(error)),
                    // Nobody knows yet whether the error counts.
                    Err(unread) => return Err(failed(unread)),
                },
            };
            match work.commit(&self.database).await {
                Ok(()) => Ok(Handled::Done),
                Err(CommitError::Rejected(Stop::Duplicate)) => Ok(Handled::Duplicate),
                Err(CommitError::Rejected(Stop::LostRace)) => Err(Attempt::LostRace),
                Err(error) => Err(failed(error)),
            }
        });
        outcome.await.map_err(|attempt| match attempt {
            Attempt::Failed(error) => error,
            Attempt::LostRace => {
                HandlerError::retryable(format!("lost the race for the aggregate {ATTEMPTS} times"))
            }
        })
    }
    // ANCHOR_END: once

    async fn has_handled(&self, message_id: Uuid) -> Result<bool, ReadError> {
        self.inbox.remembers(&self.database, &self.name, message_id, self.ambient.now()).await
    }
}

fn failed(error: impl Into<HandlerError>) -> Attempt {
    Attempt::Failed(error.into())
}
