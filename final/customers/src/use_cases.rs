//! What the service does. Each use case loads what it needs, lets the domain decide, and commits change, message and memory together.

use service_kit::ServiceSettings;
use time::OffsetDateTime;
use transactional_messaging::{
    ambient::Ambient,
    consumer::{Delivery, Handled, HandlerError, IdempotentConsumer, Stop},
    error::PublishError,
    inbox::{DEFAULT_RETENTION, Inbox},
    message::{Context, Message, Sequence, Subject},
    outbox::Outbox,
};
use unit_of_work::{Check, CommitError, Database, ItemError, LoadError, UnitOfWork};
use uuid::Uuid;

use crate::{
    domain::{Customer, Decision, Money, Name, Release, Reserve},
    messages::{
        CustomerCreated, CustomerCreditReservationFailed, CustomerCreditReserved, CustomerValidationFailed,
        Head, OrderCancelled, OrderCreated,
    },
    service::{ORDER_CANCELLED_QUEUE, ORDER_CREATED_QUEUE},
    store::CustomerStore,
};

/// The use cases of the customers service.
#[derive(Clone, Debug)]
pub struct Customers<D> {
    store: CustomerStore<D>,
    outbox: Outbox,
    on_order_created: IdempotentConsumer<D>,
    on_order_cancelled: IdempotentConsumer<D>,
    ambient: Ambient,
}

/// Why a customer was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// There is a customer with this id, and it is another one: the id came from a key that was used for another request.
    #[error("the idempotency key was used for another customer")]
    KeyReused,
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
    pub fn new(database: D, settings: &ServiceSettings, ambient: Ambient) -> Self {
        let inbox = Inbox::new(&settings.inbox_table, DEFAULT_RETENTION);
        let consumer =
            |name: &str| IdempotentConsumer::new(name, inbox.clone(), database.clone(), ambient.clone());
        Self {
            on_order_created: consumer(ORDER_CREATED_QUEUE),
            on_order_cancelled: consumer(ORDER_CANCELLED_QUEUE),
            store: CustomerStore::new(database.clone(), &settings.table),
            outbox: Outbox::new(&settings.outbox_table, "/customers"),
            ambient,
        }
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
        let place = (&subject(id), Sequence::of(customer.version, 0));
        self.outbox.publish(&mut work, place, context, &event, AlreadyExists)?;
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
        self.on_order_created.once(&delivery, |work| self.decide_on_order(work, &delivery)).await
    }

    /// Releases what is reserved for a cancelled order.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether the message should come again.
    pub async fn release_credit(&self, delivery: Delivery<OrderCancelled>) -> Result<Handled, HandlerError> {
        self.on_order_cancelled.once(&delivery, |work| self.settle_cancellation(work, &delivery)).await
    }

    async fn is_the_same(&self, wanted: &Customer) -> Result<(), CreateError> {
        let same =
            |stored: &Customer| stored.name == wanted.name && stored.credit_limit == wanted.credit_limit;
        let stored = self.store.customer(wanted.id).await?;
        if stored.as_ref().is_some_and(same) { Ok(()) } else { Err(CreateError::KeyReused) }
    }

    async fn decide_on_order(
        &self,
        work: UnitOfWork<Stop>,
        delivery: &Delivery<OrderCreated>,
    ) -> Result<UnitOfWork<Stop>, HandlerError> {
        let OrderCreated { order_id, customer_id, order_total } = delivery.message;
        let total = Money::new(order_total).map_err(|error| HandlerError::terminal(error.to_string()))?;
        let context = delivery.envelope.context_for_effects();
        let now = self.ambient.now();
        let head = self.head(&context, customer_id, now);
        let before = self.store.decision(customer_id, order_id).await?;
        let Some(customer) = self.store.customer(customer_id).await? else {
            if before.is_some() {
                return Ok(work);
            }
            tracing::info!(%customer_id, %order_id, "customer_not_found");
            let event = CustomerValidationFailed { head, order_id, error: "CUSTOMER_NOT_FOUND_ERROR" };
            return self.refuse(work, self.store.absent(customer_id), (head, order_id), &context, &event);
        };
        match customer.reserve(before, total, now) {
            Reserve::AlreadyDecided => Ok(work),
            Reserve::LimitExceeded => {
                tracing::info!(%customer_id, %order_id, "credit_limit_exceeded");
                let event = CustomerCreditReservationFailed { head, order_id };
                self.refuse(work, self.store.unchanged(&customer), (head, order_id), &context, &event)
            }
            Reserve::Reserved(changed) => {
                tracing::info!(%customer_id, %order_id, "credit_reserved");
                let mut work = work;
                let decision = Decision::Reserved(total);
                work.add(self.store.update(&changed)?.or(Stop::LostRace));
                work.add(
                    self.store.decide((customer_id, order_id), before, decision, now)?.or(Stop::LostRace),
                );
                let place = (&subject(customer_id), Sequence::of(changed.version, 0));
                let event = CustomerCreditReserved { head, order_id };
                self.outbox.publish(&mut work, place, &context, &event, Stop::LostRace)?;
                Ok(work)
            }
        }
    }

    // ANCHOR: refuse
    /// Refuses an order on a ground that must still hold when the refusal is committed. The customer does not change, so it has no new
    /// version that could give the message a place among the customer's own: it gets a subject of its own.
    fn refuse<M: Message>(
        &self,
        mut work: UnitOfWork<Stop>,
        ground: Check,
        (head, order_id): (Head, Uuid),
        context: &Context,
        event: &M,
    ) -> Result<UnitOfWork<Stop>, HandlerError> {
        let ids = (head.customer_id, order_id);
        work.add(ground.or(Stop::LostRace));
        work.add(self.store.decide(ids, None, Decision::Refused, head.created_at)?.or(Stop::LostRace));
        let place = (&subject(head.customer_id).about("order", order_id), Sequence::single());
        self.outbox.publish(&mut work, place, context, event, Stop::LostRace)?;
        Ok(work)
    }
    // ANCHOR_END: refuse

    async fn settle_cancellation(
        &self,
        mut work: UnitOfWork<Stop>,
        delivery: &Delivery<OrderCancelled>,
    ) -> Result<UnitOfWork<Stop>, HandlerError> {
        let OrderCancelled { order_id, customer_id } = delivery.message;
        let now = self.ambient.now();
        let before = self.store.decision(customer_id, order_id).await?;
        let Some(customer) = self.store.customer(customer_id).await? else {
            return Err(HandlerError::terminal(
                "an order of a customer that does not exist cannot have been approved",
            ));
        };
        match customer.release(before, now) {
            Release::NothingToRelease => return Ok(work),
            Release::NothingDecided => tracing::warn!(%customer_id, %order_id, "cancellation_overtook_order"),
            Release::Released(changed) => {
                work.add(self.store.update(&changed)?.or(Stop::LostRace));
                tracing::info!(%customer_id, %order_id, "credit_released");
            }
        }
        let ids = (customer_id, order_id);
        work.add(self.store.decide(ids, before, Decision::Released, now)?.or(Stop::LostRace));
        Ok(work)
    }

    fn head(&self, context: &Context, customer_id: Uuid, created_at: OffsetDateTime) -> Head {
        Head { event_id: self.ambient.id(), correlation_id: context.correlation_id, customer_id, created_at }
    }
}

fn subject(customer_id: Uuid) -> Subject {
    Subject::aggregate("customer", customer_id)
}
