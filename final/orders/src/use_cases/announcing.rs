//! Which message tells of which state.

use transactional_messaging::{error::PublishError, message::Context};
use unit_of_work::{Database, UnitOfWork};

use super::Orders;
use crate::{
    domain::{Order, State},
    messages::{EventMeta, OrderApproved, OrderCancelled, OrderCreated, OrderRejected},
    store::{rejection_reason, state_name},
};

impl<D: Database + Clone> Orders<D> {
    /// Stores the message that tells of an order's new state.
    pub(super) fn announce<E>(
        &self,
        work: &mut UnitOfWork<E>,
        context: &Context,
        order: &Order,
    ) -> Result<(), PublishError> {
        let head = self.meta(context, order);
        match order.state {
            State::Pending => {
                let event = OrderCreated { head, order_total: order.total.minor_units() };
                self.outbox.publish(work, order, context, &event)
            }
            State::Approved => self.outbox.publish(work, order, context, &OrderApproved { head }),
            State::Rejected | State::TimedOut => {
                let event = OrderRejected { head, reason: rejection_reason(order.state) };
                self.outbox.publish(work, order, context, &event)
            }
            State::Cancelled => self.outbox.publish(work, order, context, &OrderCancelled { head }),
        }
    }

    fn meta(&self, context: &Context, order: &Order) -> EventMeta {
        EventMeta {
            event_id: self.ambient.id(),
            correlation_id: context.correlation_id,
            order_id: order.id,
            customer_id: order.customer_id,
            state: state_name(order.state),
            created_at: order.changed_at(),
        }
    }
}
