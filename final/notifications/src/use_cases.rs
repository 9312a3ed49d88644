//! What becomes of an event: a wish for a mail, or an address. Both are written in the transaction that
//! remembers the message; nothing is sent here.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;
use transactional_messaging::{
    ambient::Ambient,
    consumer::{Conflict, Delivery, Handled, HandlerError, IdempotentConsumer},
    inbox::Inbox,
};
use unit_of_work::{Database, Put, UnitOfWork};
use uuid::Uuid;

use crate::{
    domain::{Decision, Mail, MailId},
    messages::{CustomerCreated, OrderApproved, OrderCancelled, OrderRejected},
    store::Store,
};

/// The use cases of the notifications service.
#[derive(Clone, Debug)]
pub struct Notifications<D> {
    store: Store<D>,
    consumer: IdempotentConsumer<D>,
    ambient: Ambient,
    fresh: Fresh,
}

impl<D: Database + Clone> Notifications<D> {
    /// The use cases on these tables.
    pub fn new(store: Store<D>, inbox: Inbox, ambient: Ambient) -> Self {
        let consumer = IdempotentConsumer::new(inbox, store.database().clone(), ambient.clone());
        Self { store, consumer, ambient, fresh: Fresh::default() }
    }

    /// What was wanted here and not sent yet, for a sender in the same process.
    pub fn fresh(&self) -> Fresh {
        self.fresh.clone()
    }

    /// Remembers how to reach a new customer.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether the message should come again.
    pub async fn remember_address(
        self,
        delivery: Delivery<CustomerCreated>,
    ) -> Result<Handled, HandlerError> {
        let CustomerCreated { customer_id, email } = &delivery.message;
        self.store_once(&delivery, || Ok(self.store.remember(*customer_id, email.clone())?)).await
    }

    /// Wishes for the mail that tells of an approval.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether the message should come again.
    pub async fn tell_of_approval(self, delivery: Delivery<OrderApproved>) -> Result<Handled, HandlerError> {
        let OrderApproved { order_id, customer_id } = delivery.message;
        self.want(&delivery, MailId { order: order_id, decision: Decision::Approved }, customer_id).await
    }

    /// Wishes for the mail that tells of a rejection.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether the message should come again.
    pub async fn tell_of_rejection(self, delivery: Delivery<OrderRejected>) -> Result<Handled, HandlerError> {
        let OrderRejected { order_id, customer_id } = delivery.message;
        self.want(&delivery, MailId { order: order_id, decision: Decision::Rejected }, customer_id).await
    }

    /// Wishes for the mail that tells of a cancellation.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether the message should come again.
    pub async fn tell_of_cancellation(
        self,
        delivery: Delivery<OrderCancelled>,
    ) -> Result<Handled, HandlerError> {
        let OrderCancelled { order_id, customer_id } = delivery.message;
        self.want(&delivery, MailId { order: order_id, decision: Decision::Cancelled }, customer_id).await
    }

    // ANCHOR: want
    /// The wish is a row beside the inbox row. A second message about the same decision, or the same one
    /// after the inbox has forgotten it, finds the mail there and wishes for nothing.
    async fn want<M>(
        &self,
        delivery: &Delivery<M>,
        id: MailId,
        customer: Uuid,
    ) -> Result<Handled, HandlerError> {
        let correlation_id = delivery.envelope.correlationid;
        let wish =
            || Ok(self.store.insert(&Mail::wanted(id, customer, correlation_id, self.ambient.now()))?);
        let handled = self.store_once(delivery, wish).await?;
        if handled == Handled::Done {
            tracing::info!(order_id = %id.order, decision = id.decision.name(), "mail_wanted");
            self.fresh.add(id);
        }
        Ok(handled)
    }
    // ANCHOR_END: want

    /// What is there already is a duplicate, too.
    async fn store_once<M>(
        &self,
        delivery: &Delivery<M>,
        put: impl Fn() -> Result<Put, HandlerError> + Sync,
    ) -> Result<Handled, HandlerError> {
        let put = &put;
        let decide = |mut work: UnitOfWork<Conflict>| async move {
            work.add(put()?.or(Conflict::Duplicate));
            Ok(work)
        };
        self.consumer.once(delivery, decide).await
    }
}

/// How many mails are remembered as fresh. Any more are found by the index.
const MOST_FRESH: usize = 1_000;

/// Mails that were wanted in this process: a hint to its sender, so that they need not wait for its next look
/// at the index. What is lost with the process is found there. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Fresh(Arc<(Mutex<VecDeque<MailId>>, Notify)>);

impl Fresh {
    fn add(&self, id: MailId) {
        let mut mails = self.mails();
        if mails.len() < MOST_FRESH {
            mails.push_back(id);
            self.0.1.notify_one();
        }
    }

    /// The one that has waited longest, which is then forgotten here.
    pub fn take(&self) -> Option<MailId> {
        self.mails().pop_front()
    }

    /// Waits until there may be one.
    pub async fn added(&self) {
        self.0.1.notified().await;
    }

    fn mails(&self) -> MutexGuard<'_, VecDeque<MailId>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
