//! What the service does. Each use case loads what it needs, lets the domain decide, and commits change, message and memory together.

mod announcing;
mod error;
mod giving_up;

pub use error::OrderError;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use service_kit::ServiceSettings;
use transactional_messaging::{
    ambient::Ambient,
    channels::Channels,
    consumer::{Delivery, Handled, HandlerError, IdempotentConsumer, Stop},
    inbox::{Inbox, Retention, RetentionTooShort},
    message::Context,
    outbox::Outbox,
};
use unit_of_work::{Backoff, CommitError, Database, LoadError, UnitOfWork, retry_lost_races};
use uuid::Uuid;

use crate::{
    domain::{Answer, Happening, Order, Refusal, Total, answer},
    messages::AboutOrder,
    service::{CREDIT_RESERVATION_FAILED_QUEUE, CREDIT_RESERVED_QUEUE, VALIDATION_FAILED_QUEUE},
    store::{OrderStore, state_name},
};

/// How often a cancellation is decided anew when the order changes under it.
const CANCEL_ATTEMPTS: u32 = 5;

/// How long an order may be pending unless the service is told otherwise. A decision takes seconds. While the customers service is down
/// or its messages are being tried again it takes longer, and an order that is given up too early is lost business; nobody waits for
/// one that has been pending for an hour.
pub const DEFAULT_TIMEOUT_SECONDS: u32 = 60 * 60;

/// By how much the clocks of two instances may differ before it is told. Those that are kept in time differ by less.
const CLOCKS_MAY_DIFFER: time::Duration = time::Duration::SECOND;

/// The use cases of the orders service.
#[derive(Clone, Debug)]
pub struct Orders<D> {
    store: OrderStore<D>,
    outbox: Outbox,
    on_credit_reserved: IdempotentConsumer<D>,
    on_reservation_failed: IdempotentConsumer<D>,
    on_validation_failed: IdempotentConsumer<D>,
    timeout: Duration,
    ambient: Ambient,
    /// The minute in which it was said last that clocks differ.
    told: Arc<AtomicI64>,
}

impl<D: Database + Clone> Orders<D> {
    /// The use cases on the tables of these settings.
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
            on_credit_reserved: consumer(CREDIT_RESERVED_QUEUE),
            on_reservation_failed: consumer(CREDIT_RESERVATION_FAILED_QUEUE),
            on_validation_failed: consumer(VALIDATION_FAILED_QUEUE),
            timeout: Duration::from_secs(DEFAULT_TIMEOUT_SECONDS.into()),
            store: OrderStore::new(database.clone(), &settings.table),
            outbox: Outbox::new(&settings.outbox_table, "/orders"),
            ambient,
            told: Arc::default(),
        })
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
        work.add(self.store.insert(&order)?.or(Stop::Duplicate));
        self.announce(&mut work, context, &order)?;
        match work.commit(self.store.database()).await {
            Ok(()) => {
                tracing::info!(order_id = %id, "order_created");
                Ok(())
            }
            Err(CommitError::Rejected(_)) => self.is_the_same(&order).await,
            Err(error) => Err(OrderError::Commit(error)),
        }
    }
    // ANCHOR_END: create

    /// Cancels an approved order. Cancelling it again changes nothing and is no error.
    ///
    /// # Errors
    ///
    /// [`OrderError`].
    pub async fn cancel(&self, context: &Context, id: Uuid) -> Result<(), OrderError> {
        let backoff = Backoff::new(
            self.ambient.id(),
            CANCEL_ATTEMPTS,
            Duration::from_millis(20),
            Duration::from_millis(500),
        );
        retry_lost_races(backoff, || self.try_to_cancel(context, id)).await
    }

    /// Approves the order whose credit was reserved.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether the message should come again.
    pub async fn approve<M: AboutOrder>(&self, delivery: Delivery<M>) -> Result<Handled, HandlerError> {
        let happening = Happening::CreditReserved;
        self.on_credit_reserved.once(&delivery, |work| self.react(work, &delivery, happening, None)).await
    }

    /// Rejects the order that is over the customer's credit.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether the message should come again.
    pub async fn reject_over_limit<M: AboutOrder>(
        &self,
        delivery: Delivery<M>,
    ) -> Result<Handled, HandlerError> {
        let refuse = |work| self.refuse(work, &delivery, Refusal::OverLimit);
        self.on_reservation_failed.once(&delivery, refuse).await
    }

    /// Rejects the order of a customer that does not exist.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether the message should come again.
    pub async fn reject_invalid<M: AboutOrder>(
        &self,
        delivery: Delivery<M>,
    ) -> Result<Handled, HandlerError> {
        let refuse = |work| self.refuse(work, &delivery, Refusal::UnknownCustomer);
        self.on_validation_failed.once(&delivery, refuse).await
    }

    async fn is_the_same(&self, wanted: &Order) -> Result<(), OrderError> {
        let same = |stored: &Order| stored.customer_id == wanted.customer_id && stored.total == wanted.total;
        match self.store.order(wanted.id).await? {
            Some(stored) if same(&stored) => Ok(()),
            Some(_) => Err(OrderError::KeyReused),
            // Something is in its place, or the insert would not have been refused.
            None => Err(OrderError::Erased),
        }
    }

    async fn try_to_cancel(&self, context: &Context, id: Uuid) -> Result<(), OrderError> {
        let order = self.store.order(id).await?.ok_or(OrderError::NotFound)?;
        let cancelled = match answer(order.state, Happening::CancelRequested) {
            Answer::Becomes(state) => order.becomes(state, self.ambient.now()),
            Answer::Already => {
                tracing::info!(order_id = %id, "order_already_cancelled");
                return Ok(());
            }
            Answer::StillPending => return Err(OrderError::StillPending),
            Answer::WasRejected | Answer::TooLate | Answer::Contradiction => {
                return Err(OrderError::WasRejected);
            }
        };
        let mut work = UnitOfWork::new(self.ambient.id());
        work.add(self.store.update(&cancelled)?.or(Stop::LostRace));
        self.announce(&mut work, context, &cancelled)?;
        match work.commit(self.store.database()).await {
            Ok(()) => {
                tracing::info!(order_id = %id, "order_cancelled");
                Ok(())
            }
            Err(CommitError::Rejected(_)) => Err(OrderError::Contended),
            Err(error) => Err(OrderError::Commit(error)),
        }
    }

    /// An order that is placed later than now was taken by an instance whose clock is ahead of this one's, and orders are given up by both.
    fn compare_clocks(&self, order: &Order) {
        let now = self.ambient.now();
        let (ahead, minute) = (order.created_at - now, now.unix_timestamp() / 60);
        if ahead > CLOCKS_MAY_DIFFER && self.told.swap(minute, Ordering::Relaxed) != minute {
            tracing::warn!(order_id = %order.id, ahead_s = ahead.as_seconds_f64(), "clocks_differ");
        }
    }

    async fn refuse<M: AboutOrder>(
        &self,
        work: UnitOfWork<Stop>,
        delivery: &Delivery<M>,
        why: Refusal,
    ) -> Result<UnitOfWork<Stop>, HandlerError> {
        self.react(work, delivery, Happening::CreditRefused, Some(why)).await
    }

    // ANCHOR: react
    async fn react<M: AboutOrder>(
        &self,
        mut work: UnitOfWork<Stop>,
        delivery: &Delivery<M>,
        happening: Happening,
        refusal: Option<Refusal>,
    ) -> Result<UnitOfWork<Stop>, HandlerError> {
        let id = delivery.message.order_id();
        // A transaction becomes visible item by item: its message can be heard of before the order can be read.
        let order = self.store.order(id).await?;
        let order = order.ok_or_else(|| HandlerError::retryable(format!("there is no order {id}")))?;
        self.compare_clocks(&order);
        match answer(order.state, happening) {
            Answer::Becomes(state) => {
                let changed = Order { refusal, ..order.becomes(state, self.ambient.now()) };
                work.add(self.store.update(&changed)?.or(Stop::LostRace));
                self.announce(&mut work, &delivery.envelope.context_for_effects(), &changed)?;
                tracing::info!(order_id = %id, state = state_name(state), "order_decided");
                Ok(work)
            }
            Answer::Already => Ok(work),
            Answer::TooLate => {
                let state = state_name(order.state);
                tracing::info!(order_id = %id, state, ?happening, "order_was_decided_before");
                Ok(work)
            }
            Answer::Contradiction | Answer::StillPending | Answer::WasRejected => {
                Err(HandlerError::terminal(format!(
                    "{happening:?} contradicts order {id}, which is {}",
                    state_name(order.state)
                )))
            }
        }
    }
    // ANCHOR_END: react
}
