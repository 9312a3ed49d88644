//! What the service does. Each use case loads what it needs, lets the domain decide, and commits change, message and memory together.

mod deciding;

use std::sync::atomic::{AtomicBool, Ordering};

use service_kit::ServiceSettings;
use time::OffsetDateTime;
use transactional_messaging::{
    ambient::Ambient,
    channels::Channels,
    consumer::{Delivery, Handled, HandlerError, IdempotentConsumer},
    error::PublishError,
    inbox::{Inbox, Retention, RetentionTooShort},
    message::{Context, Place, Sequence, Subject},
    outbox::Outbox,
};
use unit_of_work::{CommitError, Database, ItemError, LoadError, UnitOfWork};
use uuid::Uuid;

use crate::{
    domain::{Customer, Money, Name, News},
    messages::{CustomerCreated, Head, OrderCancelled, OrderCreated, OrderRejected},
    service::{ORDER_CANCELLED_QUEUE, ORDER_CREATED_QUEUE, ORDER_REJECTED_QUEUE},
    store::CustomerStore,
};

/// The use cases of the customers service.
#[derive(Clone, Debug)]
pub struct Customers<D> {
    store: CustomerStore<D>,
    outbox: Outbox,
    on_order_created: IdempotentConsumer<D>,
    on_order_cancelled: IdempotentConsumer<D>,
    on_order_rejected: IdempotentConsumer<D>,
    ambient: Ambient,
}

/// Why a customer was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// There is a customer with this id, and it is another one: the id came from a key that was used for another request.
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
    Commit(CommitError<AlreadyExists>),
}

/// There is a customer with this id.
#[derive(Clone, Copy, Debug)]
pub struct AlreadyExists;

impl<D: Database + Clone> Customers<D> {
    /// The use cases on these tables.
    ///
    /// # Errors
    ///
    /// [`RetentionTooShort`] when the inbox would forget messages that can still come again.
    pub fn new(database: D, settings: &ServiceSettings, ambient: Ambient) -> Result<Self, RetentionTooShort> {
        let retention =
            Retention::of_days(settings.inbox_retention_days, Channels::fifo(settings.base.fifo))?;
        let inbox = Inbox::new(&settings.inbox_table, retention);
        let consumer =
            |name: &str| IdempotentConsumer::new(name, inbox.clone(), database.clone(), ambient.clone());
        Ok(Self {
            on_order_created: consumer(ORDER_CREATED_QUEUE),
            on_order_cancelled: consumer(ORDER_CANCELLED_QUEUE),
            on_order_rejected: consumer(ORDER_REJECTED_QUEUE),
            store: CustomerStore::new(database.clone(), &settings.table),
            outbox: Outbox::new(&settings.outbox_table, "/customers"),
            ambient,
        })
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
        let customer = Customer::new(id, name, limit, self.ambient.now());
        let mut work = UnitOfWork::new(self.ambient.id());
        work.add(self.store.insert(&customer)?.or(AlreadyExists));
        let event = CustomerCreated {
            head: self.head(context, id, customer.created_at),
            name: customer.name.as_str().to_owned(),
            credit_limit: limit.minor_units(),
        };
        let place = Place::first(subject(id), Sequence::of(customer.version, 0));
        self.outbox.publish(&mut work, &place, context, &event, AlreadyExists)?;
        match work.commit(self.store.database()).await {
            Ok(()) => {
                tracing::info!(customer_id = %id, "customer_created");
                Ok(())
            }
            Err(CommitError::Rejected(AlreadyExists)) => self.is_the_same(&customer).await,
            Err(error) => Err(CreateError::Commit(error)),
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
    pub async fn reserve_credit(&self, delivery: Delivery<OrderCreated>) -> Result<Handled, HandlerError> {
        // The commit itself finds out whether the order was decided before, and nearly none was: that is read when it was refused.
        let again = AtomicBool::new(false);
        let decide = |work| self.decide_on_order(work, &delivery, again.swap(true, Ordering::Relaxed));
        self.on_order_created.once(&delivery, decide).await
    }

    /// Releases what is reserved for a cancelled order.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether the message should come again.
    pub async fn release_credit(&self, delivery: Delivery<OrderCancelled>) -> Result<Handled, HandlerError> {
        let OrderCancelled { order_id, customer_id } = delivery.message;
        let ids = (customer_id, order_id);
        let settle = |work| self.settle_end(work, News::OrderCancelled, ids);
        self.on_order_cancelled.once(&delivery, settle).await
    }

    /// Releases what was reserved for an order that was given up before anybody heard of the reservation. For an order that was
    /// rejected because this service refused it there is nothing to do.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether the message should come again.
    pub async fn settle_rejection(&self, delivery: Delivery<OrderRejected>) -> Result<Handled, HandlerError> {
        let OrderRejected { order_id, customer_id } = delivery.message;
        let ids = (customer_id, order_id);
        let settle = |work| self.settle_end(work, News::OrderRejected, ids);
        self.on_order_rejected.once(&delivery, settle).await
    }

    async fn is_the_same(&self, wanted: &Customer) -> Result<(), CreateError> {
        let same =
            |stored: &Customer| stored.name == wanted.name && stored.credit_limit == wanted.credit_limit;
        match self.store.customer(wanted.id).await? {
            Some(stored) if same(&stored) => Ok(()),
            Some(_) => Err(CreateError::KeyReused),
            // Something is in its place, or the insert would not have been refused.
            None => Err(CreateError::Erased),
        }
    }

    fn head(&self, context: &Context, customer_id: Uuid, created_at: OffsetDateTime) -> Head {
        Head { event_id: self.ambient.id(), correlation_id: context.correlation_id, customer_id, created_at }
    }
}

fn subject(customer_id: Uuid) -> Subject {
    Subject::aggregate("customer", customer_id)
}
