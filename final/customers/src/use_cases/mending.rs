//! What is done about a customer whose decisions disagree with what others know, as after a restore.

use transactional_messaging::{
    aggregate::Aggregate as _,
    consumer::{Conflict, HandlerError},
    message::{Context, Message, Place, Subject},
};
use unit_of_work::{CommitError, Database, UnitOfWork};
use uuid::Uuid;

use super::Customers;
use crate::{
    domain::{Decision, Money, OrderEvent},
    messages::{
        Announced, CustomerCreditReservationFailed, CustomerCreditReserved, CustomerValidationFailed,
    },
};

/// What became of an approved order of which its customer knew nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserving {
    /// Its total is reserved.
    Reserved,
    /// Its total is over what is left of the credit; nothing is reserved.
    OverLimit,
    /// There is no such customer.
    UnknownCustomer,
    /// Somebody has decided meanwhile.
    Changed,
}

impl<D: Database + Clone> Customers<D> {
    /// Tells again what was decided about an order, with an id of its own, so that no inbox takes it for
    /// handled: whether the decision was still the same, and nothing of the sort waits to be sent. It is a
    /// subject of its own, because the customer may have changed many times since.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether a retry can help.
    pub async fn tell_again(&self, ids: (Uuid, Uuid), decision: Decision) -> Result<bool, HandlerError> {
        let (context, order_id) = (Context::of_request(self.ambient.id()), ids.1);
        let head = self.meta(&context, ids.0, self.ambient.now());
        match decision {
            Decision::Reserved(_) => {
                self.tell(ids, decision, &context, &CustomerCreditReserved { head, order_id }).await
            }
            Decision::Refused if self.store.customer(ids.0).await?.is_some() => {
                let event = CustomerCreditReservationFailed { head, order_id };
                self.tell(ids, decision, &context, &event).await
            }
            Decision::Refused => {
                let event = CustomerValidationFailed { head, order_id, error: "CUSTOMER_NOT_FOUND_ERROR" };
                self.tell(ids, decision, &context, &event).await
            }
            Decision::Released => Ok(false),
        }
    }

    async fn tell<M: Message>(
        &self,
        ids: (Uuid, Uuid),
        decision: Decision,
        context: &Context,
        event: &M,
    ) -> Result<bool, HandlerError> {
        let mut work: UnitOfWork<Conflict> = UnitOfWork::new(self.ambient.id());
        work.add(self.store.still(ids, decision));
        let subject = Subject::aggregate(Announced::KIND, ids.0).about("order", ids.1);
        self.outbox.publish(&mut work, Place::only(subject), context, event)?;
        self.mended(work).await
    }

    /// Whether a total could be reserved if so much more of the customer's credit were reserved than is.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether a retry can help.
    pub async fn can_reserve(&self, id: Uuid, total: u64, more: i128) -> Result<Reserving, HandlerError> {
        let Some(customer) = self.store.customer(id).await? else { return Ok(Reserving::UnknownCustomer) };
        let reserved = i128::from(customer.reserved.minor_units()) + more + i128::from(total);
        let fits = reserved <= i128::from(customer.credit_limit.minor_units());
        Ok(if fits { Reserving::Reserved } else { Reserving::OverLimit })
    }

    /// Reserves the total of an order of which this service knows nothing, as when it was placed. Nothing is
    /// refused: the order was promised already.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether a retry can help.
    pub async fn reserve_again(
        &self,
        (customer_id, order_id): (Uuid, Uuid),
        total: u64,
    ) -> Result<Reserving, HandlerError> {
        let total = Money::new(total).map_err(|error| HandlerError::terminal(error.to_string()))?;
        let now = self.ambient.now();
        let Some(customer) = self.store.customer(customer_id).await? else {
            return Ok(Reserving::UnknownCustomer);
        };
        let Some(changed) = customer.reserve(total, now) else { return Ok(Reserving::OverLimit) };
        let context = Context::of_request(self.ambient.id());
        let head = self.meta(&context, customer_id, now);
        let work = UnitOfWork::new(self.ambient.id());
        let work = self.reserve(work, (&customer, &changed), (head, order_id), total, &context)?;
        Ok(if self.mended(work).await? { Reserving::Reserved } else { Reserving::Changed })
    }

    /// Gives back what is reserved for an order that has ended, or does not exist any more: whether anything
    /// was.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether a retry can help.
    pub async fn release_again(&self, ids: (Uuid, Uuid)) -> Result<bool, HandlerError> {
        let work = UnitOfWork::new(self.ambient.id());
        let work = self.settle_end(work, OrderEvent::OrderRejected, ids).await?;
        if work.is_empty() { Ok(false) } else { self.mended(work).await }
    }

    /// Sets what is reserved of a customer's credit to what its decisions come to: whether the customer was
    /// still in the version beside which they were counted, and they are within its limit.
    ///
    /// # Errors
    ///
    /// [`HandlerError`], which says whether a retry can help.
    pub async fn recount(&self, id: Uuid, version: u64, reserved: u64) -> Result<bool, HandlerError> {
        let reserved = Money::new(reserved).map_err(|error| HandlerError::terminal(error.to_string()))?;
        let customer = self.store.customer(id).await?.filter(|customer| customer.version == version);
        let changed = customer.and_then(|customer| customer.recounted(reserved, self.ambient.now()));
        let Some(changed) = changed else { return Ok(false) };
        let mut work = UnitOfWork::new(self.ambient.id());
        work.add(self.store.update(&changed)?);
        self.mended(work).await
    }

    async fn mended(&self, work: UnitOfWork<Conflict>) -> Result<bool, HandlerError> {
        match work.commit(self.store.database()).await {
            Ok(()) => Ok(true),
            Err(CommitError::ConditionFailed { .. } | CommitError::Rejected(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
