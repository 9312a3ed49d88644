//! What is done about an order that disagrees with what others know of it, as after a restore: it is told
//! again, or leads its life to where others have seen it.

use std::convert::Infallible;

use transactional_messaging::message::Context;
use unit_of_work::{CommitError, Database, UnitOfWork};

use super::{OrderError, Orders};
use crate::domain::{Order, Transition, Trigger, transition};

impl<D: Database + Clone> Orders<D> {
    /// Tells again of the state that an order is in, at the place of the message that told of it first, with
    /// an id of its own, so that no inbox takes it for handled: whether the order was still as it was read,
    /// and that place free. Who has heard of it before takes no harm: each consumer decides by its own state.
    ///
    /// # Errors
    ///
    /// [`OrderError`].
    pub async fn tell_again(&self, order: &Order) -> Result<bool, OrderError> {
        let mut work: UnitOfWork<Infallible> = UnitOfWork::new(self.ambient.id());
        work.add(self.store.unchanged(order)?);
        self.announce(&mut work, &self.conversation(order), order)?;
        self.mended(work).await
    }

    /// Leads an order to where this trigger leads: whether it was still as it was read, and the trigger leads
    /// anywhere.
    ///
    /// # Errors
    ///
    /// [`OrderError`].
    pub async fn lead_on(&self, order: &Order, trigger: Trigger) -> Result<bool, OrderError> {
        let Transition::Becomes(state) = transition(order.state, trigger) else { return Ok(false) };
        let changed = order.becomes(state, self.ambient.now());
        let mut work: UnitOfWork<Infallible> = UnitOfWork::new(self.ambient.id());
        work.add(self.store.update(&changed)?);
        self.announce(&mut work, &self.conversation(order), &changed)?;
        self.mended(work).await
    }

    fn conversation(&self, order: &Order) -> Context {
        Context::of_request(order.correlation_id.unwrap_or_else(|| self.ambient.id()))
    }

    async fn mended(&self, work: UnitOfWork<Infallible>) -> Result<bool, OrderError> {
        match work.commit(self.store.database()).await {
            Ok(()) => Ok(true),
            Err(CommitError::ConditionFailed { .. }) => Ok(false),
            Err(error) => Err(OrderError::Commit(error)),
        }
    }
}
