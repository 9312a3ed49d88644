//! What the customers service makes of the events of an order.

use transactional_messaging::{
    aggregate::Aggregate as _,
    consumer::{Conflict, Delivery, HandlerError},
    message::{Context, Message, Place, Subject},
};
use unit_of_work::{Check, Database, UnitOfWork};
use uuid::Uuid;

use super::Customers;
use crate::{
    domain::{CreditAction, Customer, Decision, Money, OrderEvent, credit_action},
    messages::{
        Announced, CustomerCreditReservationFailed, CustomerCreditReserved, CustomerValidationFailed,
        EventMeta, OrderCreated,
    },
};

impl<D: Database + Clone> Customers<D> {
    /// `again` says that a commit was refused before. Its condition is that nobody has decided, so only then
    /// somebody may have.
    pub(super) async fn decide_on_order(
        &self,
        work: UnitOfWork<Conflict>,
        delivery: &Delivery<OrderCreated>,
        again: bool,
    ) -> Result<UnitOfWork<Conflict>, HandlerError> {
        let OrderCreated { order_id, customer_id, order_total } = delivery.message;
        let total = Money::new(order_total).map_err(|error| HandlerError::terminal(error.to_string()))?;
        let context = delivery.envelope.context_for_effects();
        let before = if again { self.store.decision(customer_id, order_id).await? } else { None };
        if credit_action(before, OrderEvent::OrderCreated) != CreditAction::Decide {
            return Ok(work);
        }
        let now = self.ambient.now();
        let head = self.meta(&context, customer_id, now);
        let Some(customer) = self.store.customer(customer_id).await? else {
            tracing::info!(%customer_id, %order_id, "customer_not_found");
            let event = CustomerValidationFailed { head, order_id, error: "CUSTOMER_NOT_FOUND_ERROR" };
            return self.refuse(work, self.store.absent(customer_id), (head, order_id), &context, &event);
        };
        match customer.reserve(total, now) {
            Some(changed) => self.reserve(work, (&customer, &changed), (head, order_id), total, &context),
            None => {
                tracing::info!(%customer_id, %order_id, "credit_limit_exceeded");
                let event = CustomerCreditReservationFailed { head, order_id };
                self.refuse(work, self.store.unchanged(&customer)?, (head, order_id), &context, &event)
            }
        }
    }

    pub(super) fn reserve(
        &self,
        mut work: UnitOfWork<Conflict>,
        (before, changed): (&Customer, &Customer),
        (head, order_id): (EventMeta, Uuid),
        total: Money,
        context: &Context,
    ) -> Result<UnitOfWork<Conflict>, HandlerError> {
        let (ids, decision) = ((changed.id, order_id), Decision::Reserved(total));
        work.add(self.store.update(changed)?);
        work.add(self.store.decide(ids, None, decision, head.created_at)?);
        let event = CustomerCreditReserved { head, order_id };
        self.outbox.publish(&mut work, &Announced(changed, Some(before)), context, &event)?;
        tracing::info!(customer_id = %changed.id, %order_id, "credit_reserved");
        Ok(work)
    }

    // ANCHOR: refuse
    /// Refuses an order on a ground that must still hold when the refusal is committed. The customer does not
    /// change, so it has no new version that could give the message a place among the customer's own: the
    /// decision is a subject of its own.
    fn refuse<M: Message>(
        &self,
        mut work: UnitOfWork<Conflict>,
        ground: Check,
        (head, order_id): (EventMeta, Uuid),
        context: &Context,
        event: &M,
    ) -> Result<UnitOfWork<Conflict>, HandlerError> {
        let ids = (head.customer_id, order_id);
        work.add(ground);
        work.add(self.store.decide(ids, None, Decision::Refused, head.created_at)?);
        let subject = Subject::aggregate(Announced::KIND, head.customer_id).about("order", order_id);
        self.outbox.publish(&mut work, Place::only(subject), context, event)?;
        Ok(work)
    }
    // ANCHOR_END: refuse

    /// An order has ended, one way or the other: nothing stays reserved for it, and nothing ever will be.
    pub(super) async fn settle_end(
        &self,
        mut work: UnitOfWork<Conflict>,
        event: OrderEvent,
        (customer_id, order_id): (Uuid, Uuid),
    ) -> Result<UnitOfWork<Conflict>, HandlerError> {
        let now = self.ambient.now();
        let before = self.store.decision(customer_id, order_id).await?;
        match credit_action(before, event) {
            CreditAction::Nothing | CreditAction::Decide => return Ok(work),
            CreditAction::NeverReserve => {
                if event == OrderEvent::OrderCancelled {
                    self.approving_customer(customer_id).await?;
                }
                tracing::warn!(%customer_id, %order_id, news = ?event, "order_was_overtaken_by_its_end");
            }
            CreditAction::GiveBack(amount) => {
                let customer = self.approving_customer(customer_id).await?;
                work.add(self.store.update(&customer.give_back(amount, now))?);
                tracing::info!(%customer_id, %order_id, "credit_released");
            }
        }
        let ids = (customer_id, order_id);
        work.add(self.store.decide(ids, before, Decision::Released, now)?);
        Ok(work)
    }

    /// The customer of an order that was approved at some time, so there must be one.
    async fn approving_customer(&self, id: Uuid) -> Result<Customer, HandlerError> {
        let customer = self.store.customer(id).await?;
        customer.ok_or_else(|| {
            HandlerError::terminal("an order of a customer that does not exist cannot have been approved")
        })
    }
}
