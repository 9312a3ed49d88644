//! Cancelling an order, which somebody else may be deciding on at the same moment.

use std::time::Duration;

use transactional_messaging::message::Context;
use unit_of_work::{Backoff, CommitError, Database, UnitOfWork, retry_lost_races};
use uuid::Uuid;

use super::{OrderError, Orders};
use crate::domain::{Transition, Trigger, transition};

/// How often a cancellation is decided anew when the order changes under it.
const ATTEMPTS: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_millis(500);

impl<D: Database + Clone> Orders<D> {
    /// Cancels an approved order. Cancelling it again changes nothing and is no error.
    ///
    /// # Errors
    ///
    /// [`OrderError`].
    pub async fn cancel(&self, context: &Context, id: Uuid) -> Result<(), OrderError> {
        let backoff = Backoff::new(self.ambient.id(), ATTEMPTS, FIRST_WAIT, LONGEST_WAIT);
        retry_lost_races(backoff, || self.try_to_cancel(context, id)).await
    }

    async fn try_to_cancel(&self, context: &Context, id: Uuid) -> Result<(), OrderError> {
        let order = self.store.order(id).await?.ok_or(OrderError::NotFound)?;
        let cancelled = match transition(order.state, Trigger::CancelRequested) {
            Transition::Becomes(state) => order.becomes(state, self.ambient.now()),
            Transition::Already => {
                tracing::info!(order_id = %id, "order_already_cancelled");
                return Ok(());
            }
            Transition::StillPending => return Err(OrderError::StillPending),
            Transition::WasRejected | Transition::TooLate | Transition::Contradiction => {
                return Err(OrderError::WasRejected);
            }
        };
        let mut work = UnitOfWork::new(self.ambient.id());
        work.add(self.store.update(&cancelled)?);
        self.announce(&mut work, context, &cancelled)?;
        match work.commit(self.store.database()).await {
            Ok(()) => {
                tracing::info!(order_id = %id, "order_cancelled");
                Ok(())
            }
            Err(CommitError::ConditionFailed { .. }) => Err(OrderError::Contended),
            Err(error) => Err(OrderError::Commit(error)),
        }
    }
}
