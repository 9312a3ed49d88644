//! What is found in outboxes: rows that tell of what is not there.

use std::collections::BTreeSet;

use orders::domain::Order;
use transactional_messaging::{
    aggregate::Aggregate as _,
    message::Sequence,
    relay::operate::{OutboxView, StoredRow},
};
use unit_of_work::{Condition, Item, Table, VERSION};

use super::{Page, Search, Step};
use crate::reconcile::{
    books::{BoxError, id_of, ids_in},
    finding::{Finding, Mend, Rule},
};

impl Search<'_> {
    /// Rows that tell of what is not there.
    pub(super) async fn outbox(&mut self, from: Option<Item>) -> Result<Page, BoxError> {
        let books = self.books;
        let is_of_orders = self.step == Step::OrdersOutbox;
        let view = if is_of_orders { &books.orders.outbox } else { &books.customers.outbox };
        let (items, next) = books.database.page(view.table(), from).await?;
        self.read += items.len();
        let rows: Vec<_> = items.into_iter().filter_map(StoredRow::of).collect();
        let rows: Vec<_> =
            rows.into_iter().filter(|row| row.created_at.is_none_or(|made| self.is_old(made))).collect();
        let found = match is_of_orders {
            true => self.of_orders(view, rows).await?,
            false => self.of_customers(view, rows).await?,
        };
        Ok((found, next))
    }

    async fn of_orders(&self, view: &OutboxView, rows: Vec<StoredRow>) -> Result<Vec<Finding>, BoxError> {
        let (store, of_customers) = (&self.books.orders.store, &self.books.customers.store);
        let ids: BTreeSet<_> = rows.iter().filter_map(|row| id_of(&row.key.subject, Order::KIND)).collect();
        let orders = store.orders(&ids).await?;
        let decisions = of_customers.decisions(&rows.iter().filter_map(ids_in).collect()).await?;
        let found = rows.into_iter().filter_map(|row| {
            let id = id_of(&row.key.subject, Order::KIND)?;
            let version = orders.get(&id).map(|order| order.as_ref().map(|order| order.version));
            let is_first = row.predecessor.is_none();
            match (version.flatten(), ids_in(&row)) {
                (Some(1..), Some(ids)) if is_first && !decisions.contains_key(&ids) => {
                    let at = (of_customers.table().clone(), of_customers.decision_item(ids.0, ids.1));
                    let why = "it is decided, and its customer, who knows nothing of it, would decide anew";
                    Some(dropping(view, row, why, (at, Condition::not_exists("PK"))))
                }
                _ => too_new(view, row, version, (store.table().clone(), store.key(id))),
            }
        });
        Ok(found.collect())
    }

    async fn of_customers(&self, view: &OutboxView, rows: Vec<StoredRow>) -> Result<Vec<Finding>, BoxError> {
        let (store, of_orders) = (&self.books.customers.store, &self.books.orders.store);
        let ids: BTreeSet<_> = rows.iter().filter_map(|row| id_of(&row.key.subject, "customer")).collect();
        let about: BTreeSet<_> = rows.iter().filter_map(ids_in).collect();
        let (versions, decisions) = (store.versions(&ids).await?, store.decisions(&about).await?);
        let orders = of_orders.orders(&about.iter().map(|(_, order)| *order).collect()).await?;
        let found = rows.into_iter().filter_map(|row| {
            let id = id_of(&row.key.subject, "customer");
            let Some(ids) = ids_in(&row) else {
                let at = (store.table().clone(), store.customer_item(id?));
                return too_new(view, row, versions.get(&id?).copied(), at);
            };
            let is_absent = Condition::not_exists("PK");
            if !decisions.contains_key(&ids) {
                let at = (store.table().clone(), store.decision_item(ids.0, ids.1));
                return Some(dropping(view, row, "there is no such decision", (at, is_absent)));
            }
            if !orders.contains_key(&ids.1) {
                let at = (of_orders.table().clone(), of_orders.key(ids.1));
                return Some(dropping(view, row, "there is no such order", (at, is_absent)));
            }
            let at = (store.table().clone(), store.customer_item(id?));
            too_new(view, row, versions.get(&id?).copied(), at)
        });
        Ok(found.collect())
    }
}

/// A row of a version that its aggregate has not reached; the version is none where nothing is there, and a
/// none in it where that was erased or cannot be read.
fn too_new(
    view: &OutboxView,
    row: StoredRow,
    version: Option<Option<u64>>,
    at: (Table, Item),
) -> Option<Finding> {
    let told = row.key.sequence.parse::<Sequence>().ok()?.version();
    match version {
        None => Some(dropping(view, row, "it is not there", (at, Condition::not_exists("PK")))),
        Some(Some(version)) if version < told => {
            let why = format!("it is in version {version}, not {told}");
            Some(dropping(view, row, &why, (at, Condition::number_is(VERSION, version))))
        }
        Some(_) => None,
    }
}

fn dropping(
    view: &OutboxView,
    row: StoredRow,
    why: &str,
    ((table, key), is_so): ((Table, Item), Condition),
) -> Finding {
    let (about, kind) =
        (row.key.subject.as_str().to_owned(), row.kind.clone().unwrap_or_else(|| "a message".to_owned()));
    let id = row.message_id.map_or_else(|| row.key.sequence.clone(), |id| id.to_string());
    let seen = format!("{kind} {id} waits to be sent, but {why}");
    let lost = format!("the change that {kind} tells of; who was told of it before has heard of it");
    let mend = Mend::Drop { outbox: view.table().clone(), row: Box::new(row), ground: (table, key, is_so) };
    Finding::new(Rule::DropRow, about, seen, mend).losing(lost)
}
