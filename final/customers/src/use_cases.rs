//! What the service does. Each use case loads what it needs, lets the domain decide, and commits change,
//! message and memory together.

mod deciding;
mod mending;

pub use mending::Reserving;

use std::{
    convert::Infallible,
    sync::atomic::{AtomicBool, Ordering},
};

use time::OffsetDateTime;
use transactional_messaging::{
    ambient::Ambient,
    consumer::{Delivery, Handled, HandlerError, IdempotentConsumer},
    error::PublishError,
    inbox::Inbox,
    message::Context,
    outbox::Outbox,
};
use unit_of_work::{CommitError, Database, ItemError, LoadError, UnitOfWork};
use uuid::Uuid;

use crate::{
    domain::{Customer, Email, Money, Name, OrderEvent},
    messages::{Announced, CustomerCreated, EventMeta, OrderCancelled, OrderCreated, OrderRejected},
    store::CustomerStore,
};

/// The use cases of the customers service.
#[derive(Clone, Debug)]
pub struct Customers<D> {
    store: CustomerStore<D>,
    outbox: Outbox,
    consumer: IdempotentConsumer<D>,
    ambient: Ambient,
}

/// Why a customer was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// There is a customer with this id, and it is another one: the id came from a key that was used for
    /// another request.
    #[error("the idempotency key was used for another customer")]
    KeyReused,
    /// The same request created a customer before, and that one was erased since.
    #[error("the customer that this request created was erased")]
    Erased,
    /// The existing customer could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The message could not be stored.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The customer could not be written as an item.
    #[error(transparent)]
    Item(#[from] ItemError),
    /// The commit did not go through.
    #[error(transparent)]
    Commit(CommitError<Infallible>),
}

impl<D: Database + Clone> Customers<D> {
    /// The use cases on these tables.
    pub fn new(store: CustomerStore<D>, inbox: Inbox, outbox: Outbox, ambient: Ambient) -> Self {
        let consumer = IdempotentConsumer::new(inbox, store.database().clone(), ambient.clone());
        Self { store, outbox, consumer, ambient }
    }

    /// Creates a customer with this id, or finds that the same request created it before.
    ///
    /// # Errors
    ///
    /// [`CreateError`].
    pub async fn create(
        &self,
        context: &Context,
        id: Uuid,
        name: Name,
        limit: Money,
    ) -> Result<(), CreateError> {
        self.create_reached_at(context, (id, name, limit), None).await
    }

    /// The same for a customer that may have said where mails to it go.
    ///
    /// # Errors
    ///
    /// [`CreateError`].
    pub async fn create_reached_at(
        &self,
        context: &Context,
        (id, name, limit): (Uuid, Name, Money),
        email: Option<Email>,
    ) -> Result<(), CreateError> {
        let customer = Customer::new(id, name, limit, self.ambient.now()).reached_at(email);
        let mut work = UnitOfWork::new(self.ambient.id());
        work.add(self.store.insert(&customer)?.or_found(|found| found));
        let event = CustomerCreated {
            head: self.meta(context, id, customer.created_at),
            name: customer.name.as_str().to_owned(),
            credit_limit: limit.minor_units(),
            email: customer.email.as_ref().map(|email| email.as_str().to_owned()),
        };
        self.outbox.publish(&mut work, &Announced(&customer, None), context, &event)?;
        match work.commit(self.store.database()).await.map_err(CommitError::into_rejected) {
            Ok(()) => {
                tracing::info!(customer_id = %id, "customer_created");
                Ok(())
            }
            // What is in its place came with the refusal.
            Err(Ok(Some(found))) => is_the_same(&customer, CustomerStore::<D>::found(found)?.as_ref()),
            Err(Ok(None) | Err(CommitError::ConditionFailed { .. })) => {
                is_the_same(&customer, self.store.customer(id).await?.as_ref())
            }
            Err(Err(error)) => Err(CreateError::Commit(error)),
        }
    }

    /// An id for a new customer.
    pub fn new_id(&self) -> Uuid {
        self.ambient.id()
    }

    /// A customer, if there is one.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub async fn find(&self, id: Uuid) -> Result<Option<Customer>, LoadError> {
        self.store.customer(id).await
    }

    /// Reserves the total of a new order, or refuses.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether the message should come again.
    pub async fn reserve_credit(self, delivery: Delivery<OrderCreated>) -> Result<Handled, HandlerError> {
        // The commit itself finds out whether the order was decided before, and nearly none was: that is read
        // when it was refused.
        let again = AtomicBool::new(false);
        let decide = |work| self.decide_on_order(work, &delivery, again.swap(true, Ordering::Relaxed));
        self.consumer.once(&delivery, decide).await
    }

    /// Releases what is reserved for a cancelled order.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether the message should come again.
    pub async fn release_credit(self, delivery: Delivery<OrderCancelled>) -> Result<Handled, HandlerError> {
        let OrderCancelled { order_id, customer_id } = delivery.message;
        let ids = (customer_id, order_id);
        let settle = |work| self.settle_end(work, OrderEvent::OrderCancelled, ids);
        self.consumer.once(&delivery, settle).await
    }

    /// Releases what was reserved for an order that was given up before anybody heard of the reservation. For
    /// an order that was rejected because this service refused it there is nothing to do.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether the message should come again.
    pub async fn settle_rejection(self, delivery: Delivery<OrderRejected>) -> Result<Handled, HandlerError> {
        let OrderRejected { order_id, customer_id } = delivery.message;
        let ids = (customer_id, order_id);
        let settle = |work| self.settle_end(work, OrderEvent::OrderRejected, ids);
        self.consumer.once(&delivery, settle).await
    }

    fn meta(&self, context: &Context, customer_id: Uuid, created_at: OffsetDateTime) -> EventMeta {
        EventMeta {
            event_id: self.ambient.id(),
            correlation_id: context.correlation_id,
            customer_id,
            created_at,
        }
    }
}

/// Whether the customer that is there was created by the same request.
fn is_the_same(wanted: &Customer, stored: Option<&Customer>) -> Result<(), CreateError> {
    let said = |customer: &Customer| (customer.name.clone(), customer.credit_limit, customer.email.clone());
    match stored {
        Some(stored) if said(stored) == said(wanted) => Ok(()),
        Some(_) => Err(CreateError::KeyReused),
        // Something is in its place, or the insert would not have been refused.
        None => Err(CreateError::Erased),
    }
}
