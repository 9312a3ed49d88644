//! Which message tells of which state.

use transactional_messaging::{
    consumer::Stop,
    error::PublishError,
    message::{Context, Place, Sequence, Subject},
};
use unit_of_work::{Database, UnitOfWork};

use super::Orders;
use crate::{
    domain::{Order, State},
    messages::{Head, OrderApproved, OrderCancelled, OrderCreated, OrderRejected},
    store::{rejection_reason, state_name},
};

impl<D: Database + Clone> Orders<D> {
    /// Stores the message that tells of an order's new state.
    pub(super) fn announce(
        &self,
        work: &mut UnitOfWork<Stop>,
        context: &Context,
        order: &Order,
    ) -> Result<(), PublishError> {
        let head = self.head(context, order);
        let (subject, sequence) = (Subject::aggregate("order", order.id), Sequence::of(order.version, 0));
        // Every version of an order is announced, so the message before is that of the version before.
        let place = &match order.version.checked_sub(1) {
            None => Place::first(subject, sequence),
            Some(before) => Place::after(subject, sequence, Sequence::of(before, 0)),
        };
        let stop = Stop::LostRace;
        match order.state {
            State::Pending => {
                let event = OrderCreated { head, order_total: order.total.minor_units() };
                self.outbox.publish(work, place, context, &event, stop)
            }
            State::Approved => self.outbox.publish(work, place, context, &OrderApproved { head }, stop),
            State::Rejected | State::TimedOut => {
                let event = OrderRejected { head, reason: rejection_reason(order.state) };
                self.outbox.publish(work, place, context, &event, stop)
            }
            State::Cancelled => self.outbox.publish(work, place, context, &OrderCancelled { head }, stop),
        }
    }

    fn head(&self, context: &Context, order: &Order) -> Head {
        Head {
            event_id: self.ambient.id(),
            correlation_id: context.correlation_id,
            order_id: order.id,
            customer_id: order.customer_id,
            state: state_name(order.state),
            created_at: order.updated_at.unwrap_or(order.created_at),
        }
    }
}
