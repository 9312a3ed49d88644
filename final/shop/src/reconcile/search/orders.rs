//! What is found about the orders of a page: each beside what its customer decided about it.

use customers::{domain::Decision, use_cases::Reserving};
use orders::{
    domain::{Order, State, Trigger},
    messages::{CREDIT_RESERVATION_FAILED, CREDIT_RESERVED, VALIDATION_FAILED},
    store::{Kept, state_name},
};
use transactional_messaging::{aggregate::Aggregate as _, inbox::Inbox, relay::operate::StoredRow};
use unit_of_work::Item;
use uuid::Uuid;

use super::{Page, Search, damaged};
use crate::reconcile::{
    books::BoxError,
    finding::{Finding, Mend, Rule},
    rules::{Duty, duty},
};

impl Search<'_> {
    /// Orders that disagree with what others know of them.
    pub(super) async fn orders(&mut self, from: Option<Item>) -> Result<Page, BoxError> {
        let (items, next) = self.books.orders.store.page(from).await?;
        self.read += items.len();
        let (mut found, mut orders) = (Vec::new(), Vec::new());
        for item in items {
            match item {
                Kept::Damaged(key, error) => found.push(damaged(key, &error)),
                Kept::Order(order) if self.is_old(order.changed_at()) => {
                    orders.push(order);
                }
                Kept::Order(_) => {}
            }
        }
        let ids = orders.iter().map(|order| (order.customer_id, order.id)).collect();
        let decisions = self.books.customers.store.decisions(&ids).await?;
        let mut quiet = Vec::new();
        for order in &orders {
            let decision = match decisions.get(&(order.customer_id, order.id)) {
                // It cannot be read, which is told of where decisions are gone through.
                Some(None) => continue,
                Some(Some(decision)) => Some(*decision),
                None => None,
            };
            let finding = self.of_order(order, decision).await?;
            // Every other rule tells of the order, or leads it to where it is told of.
            if finding.as_ref().is_none_or(|finding| finding.rule == Rule::Reserve) {
                quiet.push(order);
            }
            found.extend(finding);
        }
        found.extend(self.never_told(quiet).await?);
        Ok((found, next))
    }

    async fn of_order(
        &mut self,
        order: &Order,
        decision: Option<Decision>,
    ) -> Result<Option<Finding>, BoxError> {
        let (about, ids) = (order.subject().as_str().to_owned(), (order.customer_id, order.id));
        let seen = format!("it is {}, and {}", state_name(order.state), words(decision));
        let total = order.total.minor_units();
        Ok(match (duty(Some(order.state), decision), decision) {
            (Duty::Nothing, Some(Decision::Reserved(amount))) if amount.minor_units() != total => {
                Some(Finding::for_a_person(about, format!("{seen}, but its total is {total}")))
            }
            (Duty::Nothing | Duty::Release, _) => None,
            (Duty::TellOrder, _) => self.tell_order(order, (about, seen), decision).await?,
            (Duty::TellDecision, Some(decision)) => self.tell_decision(ids, (about, seen), decision).await?,
            (Duty::GiveUp, _) => {
                let mend = Mend::Lead(order.clone(), Trigger::TimeIsUp);
                let lost = "why and when it ended: it becomes REJECTED with the reason TIMEOUT";
                Some(Finding::new(Rule::GiveUp, about, seen, mend).losing(lost))
            }
            (Duty::Cancel, _) => {
                let mend = Mend::Lead(order.clone(), Trigger::CancelRequested);
                Some(Finding::new(Rule::Cancel, about, seen, mend))
            }
            (Duty::Reserve, _) => Some(self.reserve(ids, (about, seen), total).await?),
            (Duty::Person | Duty::TellDecision, _) => Some(Finding::for_a_person(about, seen)),
        })
    }

    async fn reserve(
        &mut self,
        ids: (Uuid, Uuid),
        (about, seen): (String, String),
        total: u64,
    ) -> Result<Finding, BoxError> {
        let planned = self.planned.get(&ids.0).copied().unwrap_or_default();
        Ok(match self.books.customers.service.can_reserve(ids.0, total, planned).await? {
            Reserving::Reserved | Reserving::Changed => {
                self.plan(ids.0, i128::from(total));
                Finding::new(Rule::Reserve, about, seen, Mend::Reserve { ids, total })
            }
            Reserving::OverLimit => Finding::for_a_person(
                about,
                format!("{seen}; {total} is over what is left of the credit: cancel it, or raise the limit"),
            ),
            Reserving::UnknownCustomer => {
                let seen = format!("{seen}; there is no customer/{}, either", ids.0);
                Finding::for_a_person(about, seen).losing(format!("customer/{}", ids.0))
            }
        })
    }

    async fn tell_order(
        &self,
        order: &Order,
        (about, seen): (String, String),
        decision: Option<Decision>,
    ) -> Result<Option<Finding>, BoxError> {
        let (books, outbox) = (self.books, self.books.orders.outbox.table());
        if order.state == State::Cancelled
            && decision.is_none()
            && books.customers.service.find(order.customer_id).await?.is_none()
        {
            let seen = format!("{seen}; there is no customer/{}, either", order.customer_id);
            let lost = format!("customer/{}", order.customer_id);
            return Ok(Some(Finding::for_a_person(about, seen).losing(lost)));
        }
        let consumer = match order.state {
            State::Cancelled => customers::messages::ORDER_CANCELLED.name(),
            State::Rejected | State::TimedOut => customers::messages::ORDER_REJECTED.name(),
            State::Pending | State::Approved => customers::messages::ORDER_CREATED.name(),
        };
        let Some(row) = books.told(outbox, &[order]).await?.remove(&order.id) else {
            let mend = Mend::TellOrder(order.clone());
            return Ok(Some(Finding::new(Rule::TellOrder, about, seen, mend)));
        };
        self.remembered(&books.customers.inbox, consumer, &row, (about, seen)).await
    }

    async fn tell_decision(
        &self,
        ids: (Uuid, Uuid),
        (about, seen): (String, String),
        decision: Decision,
    ) -> Result<Option<Finding>, BoxError> {
        let Some(row) = self.books.waiting_decision(ids).await? else {
            let mend = Mend::TellDecision(ids, decision);
            return Ok(Some(Finding::new(Rule::TellDecision, about, seen, mend)));
        };
        let queues = [
            (CREDIT_RESERVED.topic(), CREDIT_RESERVED.name()),
            (CREDIT_RESERVATION_FAILED.topic(), CREDIT_RESERVATION_FAILED.name()),
            (VALIDATION_FAILED.topic(), VALIDATION_FAILED.name()),
        ];
        let is_of = |topic: &str| row.topic.as_deref() == Some(topic);
        let Some((_, consumer)) = queues.into_iter().find(|(topic, _)| is_of(topic.name())) else {
            return Ok(None);
        };
        self.remembered(&self.books.orders.inbox, consumer, &row, (about, seen)).await
    }

    /// A message that waits in vain: its consumer takes it for handled.
    async fn remembered(
        &self,
        inbox: &Inbox,
        consumer: &'static str,
        row: &StoredRow,
        (about, seen): (String, String),
    ) -> Result<Option<Finding>, BoxError> {
        let handled = self.books.is_handled(inbox, consumer, row).await?;
        Ok(handled.map(|message| {
            let seen = format!("{seen}; its message waits, but {consumer} remembers it as handled");
            Finding::new(Rule::Forget, about, seen, Mend::Forget { inbox: inbox.clone(), consumer, message })
        }))
    }

    /// Orders of whose last change there is no trace that anybody was told, though there should be one.
    async fn never_told(&self, orders: Vec<&Order>) -> Result<Vec<Finding>, BoxError> {
        let Some((sent, kept)) = &self.books.orders.sent else { return Ok(Vec::new()) };
        let since = self.books.ambient.now() - *kept;
        let is_young = |order: &&Order| order.changed_at() > since;
        // A pending order is judged by what its customer knows.
        let orders: Vec<_> =
            orders.into_iter().filter(is_young).filter(|order| order.state != State::Pending).collect();
        let known = self.books.told(sent, &orders).await?;
        let orders: Vec<_> = orders.into_iter().filter(|order| !known.contains_key(&order.id)).collect();
        let waiting = self.books.told(self.books.orders.outbox.table(), &orders).await?;
        let untold = orders.into_iter().filter(|order| !waiting.contains_key(&order.id)).map(|order| {
            let (about, state) = (order.subject().as_str().to_owned(), state_name(order.state));
            let seen = format!("it is {state}, and there is no trace that anybody was told");
            Finding::new(Rule::TellOrder, about, seen, Mend::TellOrder(order.clone()))
        });
        Ok(untold.collect())
    }
}

fn words(decision: Option<Decision>) -> String {
    match decision {
        None => "its customer knows nothing of it".to_owned(),
        Some(Decision::Reserved(amount)) => format!("{} is reserved for it", amount.minor_units()),
        Some(Decision::Refused) => "its customer refused it".to_owned(),
        Some(Decision::Released) => "its customer knows that it has ended".to_owned(),
    }
}
