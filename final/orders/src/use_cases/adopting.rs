//! Orders that have been pending since before orders had a time.
//!
//! A version of this service that knew no time-out stored neither `DecideBy` nor `PendingShard`, so its
//! orders are in no index, and nobody would ever give them up. They are found once, by reading the whole
//! table.

use std::{convert::Infallible, time::Duration};

use unit_of_work::{CommitError, Database, DynamoDb, LoadError, UnitOfWork};
use uuid::Uuid;
use waiting::Deadline;

use super::{OrderError, Orders};
use crate::{
    domain::{Order, State},
    store::id_in,
};

/// The longest that reading a page of the table, or giving one order its time, may take, attempts included.
const EACH_WITHIN: Duration = Duration::from_secs(10);

/// What a search for orders without a time has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Pending orders without a time.
    pub found: u64,
    /// Those of them that have one now.
    pub adopted: u64,
    /// Those of them that cannot be read: each is told of as `order_not_adopted`, and must be repaired.
    pub damaged: u64,
}

impl<D: Database + Clone> Orders<D> {
    /// Gives a pending order without a time one, counted from now: whether it did. The order's version stays,
    /// because nobody is told of this. Who decides on the order meanwhile does not notice, and wins.
    ///
    /// # Errors
    ///
    /// [`OrderError`].
    pub async fn adopt(&self, id: Uuid) -> Result<bool, OrderError> {
        let has_no_time = |order: &Order| order.state == State::Pending && order.decide_by.is_none();
        let Some(order) = self.store.order(id).await?.filter(has_no_time) else { return Ok(false) };
        let mut work: UnitOfWork<Infallible> = UnitOfWork::new(self.ambient.id());
        work.add(self.store.adopt(order, self.ambient.now() + self.timeout)?);
        match work.commit(self.store.database()).await {
            Ok(()) => {
                tracing::info!(order_id = %id, "pending_order_adopted");
                Ok(true)
            }
            // Somebody has decided, or adopted it, since it was read.
            Err(CommitError::ConditionFailed { .. }) => Ok(false),
            Err(error) => Err(OrderError::Commit(error)),
        }
    }
}

impl Orders<DynamoDb> {
    /// Looks through the whole table, page by page, for pending orders without a time, and gives them one if
    /// `write` says so. It may be called again, and at any time: nothing is done twice.
    ///
    /// # Errors
    ///
    /// [`OrderError`] when the table cannot be read or written: a later call goes on.
    pub async fn adopt_pending(&self, write: bool) -> Result<Adopted, OrderError> {
        let (mut so_far, mut from) = (Adopted::default(), None);
        loop {
            let (keys, next) = Deadline::after(EACH_WITHIN).scope(self.store.without_time(from)).await?;
            for key in keys {
                so_far.found += 1;
                let Some(id) = id_in(&key) else {
                    tracing::error!(?key, "order_not_adopted");
                    so_far.damaged += 1;
                    continue;
                };
                if !write {
                    tracing::info!(order_id = %id, "pending_order_found");
                    continue;
                }
                match Deadline::after(EACH_WITHIN).scope(self.adopt(id)).await {
                    Ok(adopted) => so_far.adopted += u64::from(adopted),
                    Err(error @ OrderError::Load(LoadError::Damaged(_) | LoadError::RuleBroken(_))) => {
                        tracing::error!(order_id = %id, error = &error as &dyn std::error::Error, "order_not_adopted");
                        so_far.damaged += 1;
                    }
                    Err(error) => return Err(error),
                }
            }
            match next {
                Some(next) => from = Some(next),
                None => return Ok(so_far),
            }
        }
    }
}
