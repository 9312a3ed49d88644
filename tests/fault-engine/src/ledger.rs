//! From images and deliveries to facts: what happened to which order, and which event tells of it.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::facts::{EventKind, ORDERS, State, label_of_total};
use crate::history::{Commit, CustomerImage};
use crate::probe::Seen;

/// What the client was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 2xx and a body.
    Done(Value),
    /// Another status; the change was refused or failed.
    Failed(u16),
    /// Nothing: it does not know what happened, and does not ask again.
    None,
}

impl Answer {
    pub(crate) fn id(&self) -> Option<&str> {
        match self {
            Self::Done(body) => body["id"].as_str(),
            _ => None,
        }
    }
}

/// Something that happened, named by the event that tells of it, such as `OrderApproved` of order A.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Fact {
    pub(crate) kind: EventKind,
    /// `order A` or `customer 1`.
    pub(crate) about: String,
}

impl Fact {
    pub(crate) fn new(kind: EventKind, about: impl Into<String>) -> Self {
        Self { kind, about: about.into() }
    }
}

/// What is known of one order from the images stored.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrderRecord {
    pub(crate) id: String,
    pub(crate) total: i64,
    /// The states it went through.
    pub(crate) states: Vec<State>,
    /// How often the customer's credit fell by its total.
    pub(crate) reserved: u32,
    /// How often the customer's credit rose by its total.
    pub(crate) released: u32,
}

impl OrderRecord {
    /// The state it is in; none if it was never stored.
    pub(crate) fn state(&self) -> Option<State> {
        self.states.last().copied()
    }
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// By label; an order that was never stored has no states.
    pub(crate) orders: BTreeMap<char, OrderRecord>,
    pub(crate) customer: Option<CustomerImage>,
    /// Changes of credit that fit no order: a write went over one it had not seen.
    pub(crate) overwritten: u32,
    /// Committed facts of each aggregate, in the order of their commits.
    pub(crate) committed: BTreeMap<String, Vec<Fact>>,
    /// Delivered facts in the order of their first delivery, with the ids of the events that told of them.
    pub(crate) delivered: Vec<(Fact, Vec<String>)>,
    /// The labels of the orders by their ids, of those too that only an event tells of.
    pub(crate) labels: HashMap<String, char>,
}

impl Ledger {
    pub(crate) fn new(commits: &[Commit], seen: &[Seen]) -> Self {
        let mut ledger = Self::default();
        commits.iter().for_each(|commit| ledger.note_commit(commit));
        ledger.note_deliveries(seen);
        ledger
    }

    fn note_commit(&mut self, commit: &Commit) {
        match commit {
            Commit::Order(image) => {
                let Some(label) = label_of_total(image.total) else { return };
                let order = self.orders.entry(label).or_default();
                (order.id, order.total) = (image.id.clone(), image.total);
                if order.state() == Some(image.state) {
                    return;
                }
                order.states.push(image.state);
                let about = format!("order {label}");
                self.commit(about.clone(), Fact::new(image.state.event(), about));
            }
            Commit::Customer(None, image) => {
                self.customer = Some(image.clone());
                self.commit("customer 1".to_owned(), Fact::new(EventKind::CustomerCreated, "customer 1"));
            }
            Commit::Customer(Some(before), image) => {
                self.customer = Some(image.clone());
                self.note_change_of_credit(image.available - before.available);
            }
        }
    }

    fn note_change_of_credit(&mut self, change: i64) {
        let Some((label, total)) = ORDERS.into_iter().find(|(_, total)| *total == change.abs()) else {
            self.overwritten += u32::from(change != 0);
            return;
        };
        let order = self.orders.entry(label).or_default();
        order.total = total;
        if change > 0 {
            order.released += 1;
            return;
        }
        order.reserved += 1;
        if order.reserved == 1 {
            let fact = Fact::new(EventKind::CustomerCreditReserved, format!("order {label}"));
            self.commit("customer 1".to_owned(), fact);
        }
    }

    fn commit(&mut self, aggregate: String, fact: Fact) {
        let facts = self.committed.entry(aggregate).or_default();
        // A write that is repeated can take an order back to a state that it has left: that is no new fact.
        if !facts.contains(&fact) {
            facts.push(fact);
        }
    }

    fn note_deliveries(&mut self, seen: &[Seen]) {
        let stored = self.orders.iter().map(|(label, order)| (order.id.as_str(), *label));
        let told = seen
            .iter()
            .filter_map(|event| Some((event.order_id.as_deref()?, label_of_total(event.order_total?)?)));
        let labels: HashMap<&str, char> = told.chain(stored).collect();
        let mut delivered: Vec<(Fact, Vec<String>)> = Vec::new();
        for event in seen {
            let about = match &event.order_id {
                Some(id) => labels
                    .get(id.as_str())
                    .map_or("an unknown order".to_owned(), |label| format!("order {label}")),
                None if self.customer.as_ref().map(|customer| &customer.id) != event.customer_id.as_ref() => {
                    "an unknown customer".to_owned()
                }
                None => "customer 1".to_owned(),
            };
            let fact = Fact::new(event.kind, about);
            match delivered.iter_mut().find(|(known, _)| *known == fact) {
                Some((_, ids)) if ids.contains(&event.id) => {}
                Some((_, ids)) => ids.push(event.id.clone()),
                None => delivered.push((fact, vec![event.id.clone()])),
            }
        }
        self.delivered = delivered;
        self.labels = labels.into_iter().map(|(id, label)| (id.to_owned(), label)).collect();
    }

    pub(crate) fn was_delivered(&self, fact: &Fact) -> bool {
        self.delivered.iter().any(|(delivered, _)| delivered == fact)
    }

    pub(crate) fn was_committed(&self, fact: &Fact) -> bool {
        self.committed.values().any(|facts| facts.contains(fact))
    }
}
