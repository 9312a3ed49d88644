//! What came of the customer and the orders of a run, in words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::facts::{LIMIT, State};
use crate::judge::cents;
use crate::ledger::{Answer, Ledger, OrderRecord};

/// What there is to tell.
pub(crate) struct Outcome<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) told: &'a BTreeMap<char, Answer>,
    pub(crate) cancelled: Option<&'a Answer>,
    /// Ids of aggregates that are parked with a reason.
    pub(crate) parked: &'a BTreeSet<String>,
}

impl Outcome<'_> {
    /// What became of the customer and the orders, a line each.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let Some(customer) = &self.ledger.customer else {
            return "  customer 1 was not created\n".to_owned();
        };
        let _ = writeln!(text, "  customer 1   {:>7}  credit limit", cents(LIMIT));
        for (label, order) in &self.ledger.orders {
            let parked = if self.parked.contains(&order.id) { "; parked, with the reason" } else { "" };
            let _ =
                writeln!(text, "  order {label}      {:>7}  {}{parked}", cents(order.total), became(order));
        }
        for (label, _) in self.told.iter().filter(|(_, told)| **told == Answer::None) {
            let _ = writeln!(text, "  the client got no answer when it placed order {label}");
        }
        if let Some(Answer::Failed(status)) = self.cancelled {
            let _ = writeln!(text, "  cancelling order A was refused ({status})");
        }
        let _ = writeln!(text, "  credit left  {:>7}", cents(customer.available));
        text
    }
}

fn became(order: &OrderRecord) -> String {
    if order.states.is_empty() {
        return "not stored, but credit was reserved for it".to_owned();
    }
    let states: Vec<_> = order.states.iter().map(State::to_string).collect();
    states.join(", then ")
}
