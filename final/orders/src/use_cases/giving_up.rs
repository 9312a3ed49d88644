//! What becomes of an order on which nobody decides.

use std::time::Duration;

use transactional_messaging::message::Context;
use unit_of_work::{CommitError, Database, DynamoDb, Item, LoadError, UnitOfWork};
use uuid::Uuid;
use waiting::Deadline;

use super::{OrderError, Orders};
use crate::{
    domain::{Transition, Trigger, transition},
    store::{PENDING_INDEX, id_in},
};

/// The longest that reading and rejecting one order may take, attempts included.
const EACH_WITHIN: Duration = Duration::from_secs(10);

impl<D: Database + Clone> Orders<D> {
    // ANCHOR: give_up
    /// Rejects an order on which nobody has decided in time: whether it did. The event belongs to the
    /// conversation in which the order was placed.
    ///
    /// # Errors
    ///
    /// [`OrderError`].
    pub async fn give_up(&self, id: Uuid) -> Result<bool, OrderError> {
        let now = self.ambient.now();
        let Some(order) = self.store.order(id).await?.filter(|order| order.is_overdue(now)) else {
            return Ok(false);
        };
        let Transition::Becomes(state) = transition(order.state, Trigger::TimeIsUp) else { return Ok(false) };
        let given_up = order.becomes(state, now);
        let mut work = UnitOfWork::new(self.ambient.id());
        work.add(self.store.update(&given_up)?);
        let conversation = order.correlation_id.unwrap_or_else(|| self.ambient.id());
        self.announce(&mut work, &Context::of_request(conversation), &given_up)?;
        match work.commit(self.store.database()).await {
            Ok(()) => {
                let late_s = order.decide_by.map(|time| (now - time).whole_seconds());
                tracing::info!(order_id = %id, late_s, "order_given_up");
                Ok(true)
            }
            // Somebody has decided, or given it up, since it was read.
            Err(CommitError::ConditionFailed { .. }) => Ok(false),
            Err(error) => Err(OrderError::Commit(error)),
        }
    }
    // ANCHOR_END: give_up
}

impl Orders<DynamoDb> {
    /// Gives up every order whose time is over, and returns how many it looked at. A damaged order is told of
    /// and passed over.
    ///
    /// # Errors
    ///
    /// [`OrderError`] when the index or an order cannot be read, or a rejection cannot be written: a later
    /// call goes on.
    pub async fn give_up_overdue(&self) -> Result<u64, OrderError> {
        let give_up = |key| self.give_up_found(key);
        PENDING_INDEX.each_due(self.store.database(), self.store.table(), self.ambient.now(), give_up).await
    }

    async fn give_up_found(&self, key: Item) -> Result<(), OrderError> {
        let Some(id) = id_in(&key) else {
            tracing::error!(?key, "overdue_order_not_given_up");
            return Ok(());
        };
        match Deadline::after(EACH_WITHIN).scope(self.give_up(id)).await {
            Err(error @ OrderError::Load(LoadError::Damaged(_) | LoadError::RuleBroken(_))) => {
                tracing::error!(order_id = %id, error = &error as &dyn std::error::Error, "overdue_order_not_given_up");
                Ok(())
            }
            ended => ended.map(drop),
        }
    }
}
