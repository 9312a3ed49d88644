//! What a rule does about a finding: one unit of work, on the condition that everything is as it was read.

use std::convert::Infallible;

use customers::use_cases::Reserving;
use unit_of_work::{AttributeValue, Check, CommitError, Condition, Delete, Table, UnitOfWork};

use super::{
    books::{Books, BoxError},
    finding::{Finding, Mend},
};

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mended {
    /// It is mended.
    Yes,
    /// It is not as it was when it was found: whoever looks again finds what is left.
    Changed,
    /// A person has to decide.
    LeftOver,
}

impl Books {
    /// Does what the rule of this finding says.
    ///
    /// # Errors
    ///
    /// What AWS said. Nothing of this finding was done then, or all of it.
    pub async fn mend(&self, finding: &Finding) -> Result<Mended, BoxError> {
        let (orders, customers) = (&self.orders.service, &self.customers.service);
        let is_mended = match &finding.mend {
            Mend::Nobody => return Ok(Mended::LeftOver),
            Mend::TellOrder(order) => orders.tell_again(order).await?,
            Mend::Lead(order, trigger) => orders.lead_on(order, *trigger).await?,
            Mend::TellDecision(ids, decision) => customers.tell_again(*ids, *decision).await?,
            Mend::Release(ids) => customers.release_again(*ids).await?,
            Mend::Recount { id, version, reserved } => customers.recount(*id, *version, *reserved).await?,
            Mend::Reserve { ids, total } => match customers.reserve_again(*ids, *total).await? {
                Reserving::Reserved => true,
                Reserving::Changed => false,
                Reserving::OverLimit | Reserving::UnknownCustomer => return Ok(Mended::LeftOver),
            },
            Mend::Forget { inbox, consumer, message } => {
                let mut work = UnitOfWork::new(self.ambient.id());
                work.add(inbox.forget(consumer, *message));
                self.committed(work).await?
            }
            Mend::Drop { outbox, row, ground: (table, key, is_same) } => {
                let mut work = UnitOfWork::new(self.ambient.id());
                work.add(Check::new(table, key.clone(), is_same.clone()));
                work.add(dropped(outbox, row));
                self.committed(work).await?
            }
        };
        Ok(if is_mended { Mended::Yes } else { Mended::Changed })
    }

    async fn committed(&self, work: UnitOfWork<Infallible>) -> Result<bool, BoxError> {
        match work.commit(&self.database).await {
            Ok(()) => Ok(true),
            Err(CommitError::ConditionFailed { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// The deletion of a row, if it still is the same message.
fn dropped(outbox: &Table, row: &transactional_messaging::relay::operate::StoredRow) -> Delete {
    let is_key = |name: &str| [Some(outbox.partition_key()), outbox.sort_key()].contains(&Some(name));
    let key = row.item().iter().filter(|(name, _)| is_key(name));
    let key = key.map(|(name, value)| (name.clone(), value.clone())).collect();
    let is_it = match row.item().get("MessageId") {
        Some(id @ AttributeValue::S(_)) => Condition::equals("MessageId", id.clone()),
        _ => Condition::exists(outbox.partition_key()),
    };
    Delete::new(outbox, key).when(is_it)
}
