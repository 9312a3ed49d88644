//! What is found about the decisions of a page: credit that is reserved in vain.

use customers::{domain::Decision, store::Kept};
use orders::{domain::Order, store::state_name};
use unit_of_work::Item;
use uuid::Uuid;

use super::{Page, Search, damaged};
use crate::reconcile::{
    books::BoxError,
    finding::{Finding, Mend, Rule},
    rules::{Duty, duty},
};

impl Search<'_> {
    /// Decisions about orders that are not there, or have ended.
    pub(super) async fn decisions(&mut self, from: Option<Item>) -> Result<Page, BoxError> {
        let (items, next) = self.books.customers.store.page(from).await?;
        self.read += items.len();
        let (mut found, mut decided) = (Vec::new(), Vec::new());
        for item in items {
            match item {
                Kept::Damaged(key, error) => found.push(damaged(key, &error)),
                Kept::Decision { ids, decision, decided_at } if self.is_old(decided_at) => {
                    decided.push((ids, decision));
                }
                Kept::Decision { .. } | Kept::Customer(_) => {}
            }
        }
        let ids = decided.iter().map(|((_, order), _)| *order).collect();
        let orders = self.books.orders.store.orders(&ids).await?;
        for (ids, decision) in decided {
            let order = match orders.get(&ids.1) {
                // It was erased, or cannot be read, which is told of where orders are gone through.
                Some(None) => continue,
                Some(Some(order)) => Some(order),
                None => None,
            };
            match (duty(order.map(|order| order.state), Some(decision)), decision) {
                (Duty::Release, Decision::Reserved(amount)) => {
                    found.extend(self.in_vain(ids, amount.minor_units(), order).await?);
                }
                _ => self.ended += usize::from(order.is_none()),
            }
        }
        Ok((found, next))
    }

    async fn in_vain(
        &mut self,
        ids: (Uuid, Uuid),
        amount: u64,
        order: Option<&Order>,
    ) -> Result<Option<Finding>, BoxError> {
        let is_young = |order: &Order| !self.is_old(order.changed_at());
        // One whose customer is not there was told of when credit was counted.
        if order.is_some_and(is_young) || self.books.customers.service.find(ids.0).await?.is_none() {
            return Ok(None);
        }
        self.plan(ids.0, -i128::from(amount));
        let about = format!("order/{}", ids.1);
        let finding = |seen| Finding::new(Rule::Release, about, seen, Mend::Release(ids));
        Ok(Some(match order {
            Some(order) => {
                finding(format!("it is {}, and {amount} is reserved for it", state_name(order.state)))
            }
            None => finding(format!("{amount} is reserved for it, and there is no such order"))
                .losing(format!("the order of customer/{} over {amount}: it has to be placed again", ids.0)),
        }))
    }
}
