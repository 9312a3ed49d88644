//! What the service does. Each use case loads what it needs, lets the domain decide, and commits change,
//! message and memory together.

mod adopting;
mod announcing;
mod cancelling;
mod clocks;
mod error;
mod giving_up;
mod mending;

pub use adopting::Adopted;
pub use error::OrderError;

use std::time::Duration;

use transactional_messaging::{
    ambient::Ambient,
    consumer::{Conflict, Delivery, Handled, HandlerError, IdempotentConsumer},
    envelope::Envelope,
    inbox::Inbox,
    message::Context,
    outbox::Outbox,
};
use unit_of_work::{CommitError, Database, LoadError, UnitOfWork};
use uuid::Uuid;

use crate::{
    domain::{DEFAULT_TIMEOUT_SECONDS, Order, Refusal, Total, Transition, Trigger, transition},
    messages::{CustomerCreditReservationFailed, CustomerCreditReserved, CustomerValidationFailed},
    store::{OrderStore, state_name},
};
use clocks::Clocks;

/// The use cases of the orders service.
#[derive(Clone, Debug)]
pub struct Orders<D> {
    store: OrderStore<D>,
    outbox: Outbox,
    consumer: IdempotentConsumer<D>,
    timeout: Duration,
    ambient: Ambient,
    clocks: Clocks,
}

impl<D: Database + Clone> Orders<D> {
    /// The use cases on these tables.
    pub fn new(store: OrderStore<D>, inbox: Inbox, outbox: Outbox, ambient: Ambient) -> Self {
        let consumer = IdempotentConsumer::new(inbox, store.database().clone(), ambient.clone());
        let timeout = Duration::from_secs(DEFAULT_TIMEOUT_SECONDS.into());
        Self { store, outbox, consumer, timeout, ambient, clocks: Clocks::default() }
    }

    /// The same with another time that orders may be pending, from now on.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// An id for a new order.
    pub fn new_id(&self) -> Uuid {
        self.ambient.id()
    }

    /// An order, if there is one.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub async fn find(&self, id: Uuid) -> Result<Option<Order>, LoadError> {
        self.store.order(id).await
    }

    // ANCHOR: create
    /// Creates an order with this id, or finds that the same request created it before.
    ///
    /// # Errors
    ///
    /// [`OrderError`].
    pub async fn create(
        &self,
        context: &Context,
        id: Uuid,
        customer_id: Uuid,
        total: Total,
    ) -> Result<(), OrderError> {
        let order = Order::new(id, customer_id, total, self.ambient.now(), self.timeout);
        let order = Order { correlation_id: Some(context.correlation_id), ..order };
        let mut work = UnitOfWork::new(self.ambient.id());
        work.add(self.store.insert(&order)?.or_found(|found| found));
        self.announce(&mut work, context, &order)?;
        match work.commit(self.store.database()).await.map_err(CommitError::into_rejected) {
            Ok(()) => {
                tracing::info!(order_id = %id, "order_created");
                Ok(())
            }
            // What is in its place came with the refusal.
            Err(Ok(Some(found))) => is_the_same(&order, OrderStore::<D>::found(found)?.as_ref()),
            Err(Ok(None) | Err(CommitError::ConditionFailed { .. })) => {
                is_the_same(&order, self.store.order(id).await?.as_ref())
            }
            Err(Err(error)) => Err(OrderError::Commit(error)),
        }
    }
    // ANCHOR_END: create

    /// Approves the order whose credit was reserved.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether the message should come again.
    pub async fn approve(self, delivery: Delivery<CustomerCreditReserved>) -> Result<Handled, HandlerError> {
        let (id, trigger) = (delivery.message.order_id, Trigger::CreditReserved);
        let approve = |work| self.react(work, &delivery.envelope, id, trigger, None);
        self.consumer.once(&delivery, approve).await
    }

    /// Rejects the order that is over the customer's credit.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether the message should come again.
    pub async fn reject_over_limit(
        self,
        delivery: Delivery<CustomerCreditReservationFailed>,
    ) -> Result<Handled, HandlerError> {
        let id = delivery.message.order_id;
        let (trigger, why) = (Trigger::CreditRefused, Some(Refusal::OverLimit));
        let reject = |work| self.react(work, &delivery.envelope, id, trigger, why);
        self.consumer.once(&delivery, reject).await
    }

    /// Rejects the order of a customer that does not exist.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether the message should come again.
    pub async fn reject_invalid(
        self,
        delivery: Delivery<CustomerValidationFailed>,
    ) -> Result<Handled, HandlerError> {
        let id = delivery.message.order_id;
        let (trigger, why) = (Trigger::CreditRefused, Some(Refusal::UnknownCustomer));
        let reject = |work| self.react(work, &delivery.envelope, id, trigger, why);
        self.consumer.once(&delivery, reject).await
    }

    // ANCHOR: react
    async fn react(
        &self,
        mut work: UnitOfWork<Conflict>,
        cause: &Envelope,
        id: Uuid,
        trigger: Trigger,
        refusal: Option<Refusal>,
    ) -> Result<UnitOfWork<Conflict>, HandlerError> {
        // A transaction becomes visible item by item: its message can be heard of before the order can be
        // read.
        let order = self.store.order(id).await?;
        let order = order.ok_or_else(|| HandlerError::retryable(format!("there is no order {id}")))?;
        self.clocks.compare(&order, self.ambient.now());
        match transition(order.state, trigger) {
            Transition::Becomes(state) => {
                let changed = Order { refusal, ..order.becomes(state, self.ambient.now()) };
                work.add(self.store.update(&changed)?);
                self.announce(&mut work, &cause.context_for_effects(), &changed)?;
                tracing::info!(order_id = %id, state = state_name(state), "order_decided");
                Ok(work)
            }
            Transition::Already => Ok(work),
            Transition::TooLate => {
                let state = state_name(order.state);
                tracing::info!(order_id = %id, state, happening = ?trigger, "order_was_decided_before");
                Ok(work)
            }
            Transition::Contradiction | Transition::StillPending | Transition::WasRejected => {
                Err(HandlerError::terminal(format!(
                    "{trigger:?} contradicts order {id}, which is {}",
                    state_name(order.state)
                )))
            }
        }
    }
    // ANCHOR_END: react
}

/// Whether the order that is there was placed by the same request.
fn is_the_same(wanted: &Order, stored: Option<&Order>) -> Result<(), OrderError> {
    let same = |stored: &Order| stored.customer_id == wanted.customer_id && stored.total == wanted.total;
    match stored {
        Some(stored) if same(stored) => Ok(()),
        Some(_) => Err(OrderError::KeyReused),
        // Something is in its place, or the insert would not have been refused.
        None => Err(OrderError::Erased),
    }
}
