//! What became of orders and customers, as far as the writes that were seen tell.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bounded::Bounded;
use crate::facts::Message;
use crate::wire::{Kind, Write, text};

/// How many orders and customers are remembered.
const MOST: usize = 5_000;

/// What is known of an order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    pub(crate) customer: String,
    pub(crate) total: i64,
    /// Its states, and when it came into each: milliseconds since 1970.
    pub(crate) states: Vec<(String, u64)>,
    /// The kinds of events that tell of it, when each was first stored or published.
    pub(crate) told: BTreeMap<String, u64>,
    /// The kinds in the sequence in which topics first took them.
    pub(crate) published: Vec<String>,
    /// How often credit was reserved for it, and given back.
    pub(crate) reserved: u32,
    pub(crate) released: u32,
    decision: String,
}

impl Order {
    pub(crate) fn state(&self) -> &str {
        self.states.last().map_or("", |(state, _)| state)
    }

    pub(crate) fn had(&self, state: &str) -> bool {
        self.states.iter().any(|(had, _)| had == state)
    }
}

/// What is known of a customer. Amounts are in cents.
#[derive(Clone, Debug, Default)]
pub(crate) struct Customer {
    pub(crate) limit: i64,
    pub(crate) reserved: i64,
    pub(crate) changed_ms: u64,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) orders: Bounded<String, Order>,
    pub(crate) customers: Bounded<String, Customer>,
    /// Whether calls were missed.
    pub(crate) has_gap: bool,
}

/// A write, in words, and what it is about.
pub(crate) struct Change {
    pub(crate) order: Option<String>,
    pub(crate) customer: String,
    pub(crate) words: String,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self { orders: Bounded::new(MOST), customers: Bounded::new(MOST), has_gap: false }
    }

    /// Whether every change is here: else what is missing may be missing here only.
    pub(crate) fn is_whole(&self) -> bool {
        !self.has_gap && !self.orders.forgot() && !self.customers.forgot()
    }

    /// Notes a write. `in_hand` are messages that consumers have and did not finish: a change of credit that
    /// says of itself for which order it is belongs to the last of them whose total it is.
    pub(crate) fn write(&mut self, write: &Write, at_ms: u64, in_hand: &[&Message]) -> Option<Change> {
        let item = &write.item;
        if write.kind != Kind::Put {
            return None;
        }
        if item["State"].is_string() && item["TotalAmount"].is_number() {
            return self.order(item, at_ms);
        }
        if item["Decision"].is_string() && item["OrderId"].is_string() {
            self.decision(item);
            return None;
        }
        item["CreditLimit"].is_number().then(|| self.customer(item, at_ms, in_hand))?
    }

    fn order(&mut self, item: &Value, at_ms: u64) -> Option<Change> {
        let (id, customer, state) = (text(&item["OrderId"]), text(&item["CustomerId"]), text(&item["State"]));
        let total = item["TotalAmount"].as_i64()?;
        let is_new = self.orders.change(&id, |order| {
            (order.customer, order.total) = (customer.clone(), total);
            let is_new = order.state() != state;
            if is_new {
                order.states.push((state.clone(), at_ms));
            }
            is_new
        });
        is_new.then(|| Change {
            words: format!("order {} is {state}", short(&id)),
            order: Some(id),
            customer,
        })
    }

    fn decision(&mut self, item: &Value) {
        let decision = text(&item["Decision"]);
        self.orders.change(&text(&item["OrderId"]), |order| {
            order.reserved += u32::from(decision == "RESERVED");
            order.released += u32::from(decision == "RELEASED" && order.decision == "RESERVED");
            order.decision = decision;
        });
    }

    fn customer(&mut self, item: &Value, at_ms: u64, in_hand: &[&Message]) -> Option<Change> {
        let id = text(&item["CustomerId"]);
        let limit = item["CreditLimit"].as_i64()?;
        let told = item["CreditReserved"].as_i64();
        let reserved =
            told.or_else(|| item["AvailableCredit"].as_i64().map(|available| limit - available))?;
        let before = self.customers.get(&id).cloned();
        let by = reserved - before.as_ref().map_or(0, |before| before.reserved);
        self.customers.insert(id.clone(), Customer { limit, reserved, changed_ms: at_ms });
        let cause = in_hand.iter().rev().find(|message| message.total == Some(by.abs()));
        // Where decisions are stored they say it themselves.
        if let (Some(order), None) = (cause.and_then(|message| message.order.clone()), told) {
            self.orders.change(&order, |order| {
                order.reserved += u32::from(by > 0);
                order.released += u32::from(by < 0);
            });
        }
        let words = match (before, by) {
            (None, _) => format!("customer {} may owe {}", short(&id), cents(limit)),
            (_, 0) => return None,
            (_, by) if by > 0 => format!("{} reserved, {} left", cents(by), cents(limit - reserved)),
            (_, by) => format!("{} given back, {} left", cents(-by), cents(limit - reserved)),
        };
        let order = cause.and_then(|message| message.order.clone());
        Some(Change { order, customer: id, words })
    }

    /// Notes that a message tells of an order.
    pub(crate) fn told(&mut self, message: &Message, at_ms: u64, by_topic: bool) {
        let Some(order) = message.order.as_ref().filter(|_| message.kind.starts_with("Order")) else {
            return;
        };
        self.orders.change(order, |order| {
            order.told.entry(message.kind.clone()).or_insert(at_ms);
            if by_topic && !order.published.contains(&message.kind) {
                order.published.push(message.kind.clone());
            }
        });
    }
}

/// The beginning of an id is not enough where ids begin with the time.
pub(crate) fn short(id: &str) -> &str {
    id.len().checked_sub(6).and_then(|start| id.get(start..)).unwrap_or(id)
}

/// An amount for people.
pub(crate) fn cents(amount: i64) -> String {
    format!("{}{}.{:02}", if amount < 0 { "-" } else { "" }, amount.abs() / 100, amount.abs() % 100)
}
