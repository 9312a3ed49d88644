//! The invariants, judged from what is stored and what was delivered, never from the program's own word.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use crate::facts::{EventKind, State};
use crate::ledger::{Answer, Fact, Ledger, OrderRecord};
use crate::probe::Leftovers;

/// The kinds of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A committed change whose event was never delivered, or whose effect never came.
    Lost,
    /// An event was delivered for a change that was never committed.
    Phantom,
    /// An effect took place twice, or two events tell of one change.
    Doubled,
    /// An aggregate's events were delivered in another order than that of its commits.
    Disordered,
    /// An order or a message that is not finished although nothing goes on any more.
    Stuck,
    /// The customer's credit is not the limit less the approved orders.
    Money,
}

impl Kind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Lost, Self::Phantom, Self::Doubled, Self::Disordered, Self::Stuck, Self::Money];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Phantom => "phantom",
            Self::Doubled => "doubled",
            Self::Disordered => "disordered",
            Self::Stuck => "stuck",
            Self::Money => "money",
        }
    }

    /// The letter that stands for it in the matrix: the first of its name, `O` for disordered.
    pub fn letter(self) -> char {
        match self {
            Self::Lost => 'L',
            Self::Phantom => 'P',
            Self::Doubled => 'D',
            Self::Disordered => 'O',
            Self::Stuck => 'S',
            Self::Money => 'M',
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One piece of damage.
pub type Finding = aws_fault_lab::Finding<Kind>;

/// Everything that is judged.
pub(crate) struct Case<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) leftovers: &'a Leftovers,
    /// Ids of aggregates that are parked with a reason.
    pub(crate) parked: &'a BTreeSet<String>,
    pub(crate) told: &'a BTreeMap<char, Answer>,
    pub(crate) cancelled: Option<&'a Answer>,
    /// Answers that came later than is promised.
    pub(crate) late: &'a BTreeMap<String, Duration>,
}

impl Case<'_> {
    /// All damage, each piece once.
    pub(crate) fn judge(&self) -> BTreeSet<Finding> {
        let mut findings = BTreeSet::new();
        let mut add = |kind, what: String| findings.extend([Finding { kind, what }]);
        self.judge_loss(&mut add);
        self.judge_phantoms(&mut add);
        self.judge_doubling(&mut add);
        self.judge_order(&mut add);
        self.judge_ends(&mut add);
        self.judge_money(&mut add);
        findings
    }

    fn judge_loss(&self, add: &mut impl FnMut(Kind, String)) {
        for (aggregate, facts) in &self.ledger.committed {
            for fact in facts.iter().filter(|fact| !self.ledger.was_delivered(fact)) {
                if !self.is_set_aside(aggregate) {
                    add(Kind::Lost, format!("{} of {} was never delivered", fact.kind, fact.about));
                }
            }
        }
        for (label, order) in &self.ledger.orders {
            let unreleased =
                order.state() == Some(State::Cancelled) && order.reserved > 0 && order.released == 0;
            if unreleased && self.ledger.overwritten == 0 && !self.is_excused(*label) {
                add(Kind::Lost, format!("the credit of order {label} was never released"));
            }
        }
        let stored =
            |label: &char| self.ledger.orders.get(label).is_some_and(|order| !order.states.is_empty());
        for (label, _) in
            self.told.iter().filter(|(label, told)| matches!(told, Answer::Done(_)) && !stored(label))
        {
            add(Kind::Lost, format!("order {label} was confirmed and is not stored"));
        }
        let a = self.ledger.orders.get(&'A');
        let told_cancelled = matches!(self.cancelled, Some(Answer::Done(_)));
        if told_cancelled && a.is_some_and(|order| order.state() != Some(State::Cancelled)) {
            add(Kind::Lost, "the cancellation of order A was confirmed and is not stored".to_owned());
        }
    }

    fn judge_phantoms(&self, add: &mut impl FnMut(Kind, String)) {
        for (fact, _) in &self.ledger.delivered {
            let must_be_committed = match fact.kind {
                // A refusal leaves the customer as it is: there is no commit to compare with.
                EventKind::CustomerCreditReservationFailed | EventKind::CustomerValidationFailed => false,
                // A write that went over another hides which orders credit was reserved for.
                EventKind::CustomerCreditReserved => self.ledger.overwritten == 0,
                EventKind::CustomerCreated
                | EventKind::OrderCreated
                | EventKind::OrderApproved
                | EventKind::OrderRejected
                | EventKind::OrderCancelled => true,
            };
            if must_be_committed && !self.ledger.was_committed(fact) {
                add(
                    Kind::Phantom,
                    format!("{} of {} was delivered and never happened", fact.kind, fact.about),
                );
            }
        }
        for (label, order) in &self.ledger.orders {
            if order.states.is_empty() && order.reserved > order.released {
                add(Kind::Phantom, format!("credit is reserved for order {label}, which is not stored"));
            }
        }
    }

    fn judge_doubling(&self, add: &mut impl FnMut(Kind, String)) {
        for (label, OrderRecord { reserved, released, .. }) in &self.ledger.orders {
            if *reserved > 1 {
                add(Kind::Doubled, format!("credit of order {label} was reserved {reserved} times"));
            }
            if *released > 1 {
                add(Kind::Doubled, format!("credit of order {label} was released {released} times"));
            }
        }
        for (Fact { kind, about }, ids) in self.ledger.delivered.iter().filter(|(_, ids)| ids.len() > 1) {
            let reserved_twice = *kind == EventKind::CustomerCreditReserved
                && self
                    .ledger
                    .orders
                    .iter()
                    .any(|(label, order)| order.reserved > 1 && *about == format!("order {label}"));
            if !reserved_twice {
                add(Kind::Doubled, format!("{} different events say {kind} of {about}", ids.len()));
            }
        }
    }

    fn judge_order(&self, add: &mut impl FnMut(Kind, String)) {
        if self.ledger.overwritten > 0 {
            return;
        }
        for (aggregate, facts) in &self.ledger.committed {
            let place =
                |fact: &Fact| self.ledger.delivered.iter().position(|(delivered, _)| delivered == fact);
            let places: Vec<usize> = facts.iter().filter_map(place).collect();
            if !places.is_sorted() {
                add(Kind::Disordered, format!("events of {aggregate} were delivered out of order"));
            }
        }
    }

    fn judge_ends(&self, add: &mut impl FnMut(Kind, String)) {
        for (label, order) in &self.ledger.orders {
            if order.state() == Some(State::Pending) && !self.is_excused(*label) {
                add(Kind::Stuck, format!("order {label} is still PENDING"));
            }
        }
        for (request, took) in self.late {
            add(Kind::Stuck, format!("{request} was answered after {} s", took.as_secs()));
        }
        for (queue, count) in &self.leftovers.waiting {
            add(Kind::Stuck, format!("{count} message(s) wait in the queue {queue}"));
        }
        for (queue, count) in &self.leftovers.unexplained {
            add(Kind::Stuck, format!("{count} message(s) lie in {queue} and say no reason"));
        }
    }

    fn judge_money(&self, add: &mut impl FnMut(Kind, String)) {
        let Some(customer) = &self.ledger.customer else { return };
        let held = |(label, order): (&char, &OrderRecord)| {
            let times = match self.is_excused(*label) {
                true => i64::from(order.reserved) - i64::from(order.released),
                false => i64::from(order.state() == Some(State::Approved)),
            };
            times * order.total
        };
        let expected = customer.limit - self.ledger.orders.iter().map(held).sum::<i64>();
        if customer.available != expected {
            let (found, expected) = (cents(customer.available), cents(expected));
            add(Kind::Money, format!("credit left is {found} and should be {expected}"));
        }
    }

    /// Whether the order waits because the program has set aside what it waits for, and says so.
    fn is_excused(&self, label: char) -> bool {
        self.is_set_aside(&format!("order {label}")) || (label != 'D' && self.is_set_aside("customer 1"))
    }

    fn is_set_aside(&self, aggregate: &str) -> bool {
        let id = match (aggregate.strip_prefix("order ").and_then(|label| label.chars().next()), aggregate) {
            (Some(label), _) => self.ledger.orders.get(&label).map(|order| order.id.as_str()),
            (None, _) => self.ledger.customer.as_ref().map(|customer| customer.id.as_str()),
        };
        id.is_some_and(|id| self.parked.contains(id))
    }
}

/// An amount for people.
pub(crate) fn cents(amount: i64) -> String {
    format!("{}{}.{:02}", if amount < 0 { "-" } else { "" }, amount.abs() / 100, amount.abs() % 100)
}
