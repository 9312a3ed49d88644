//! Runs in words: what became of the orders, what was damaged, and which calls were made around a fault.

use std::fmt::Write as _;

use crate::call::{Call, Outcome};
use crate::facts::State;
use crate::fault::Fault;
use crate::judge::cents;
use crate::ledger::OrderRecord;
use crate::run::Run;
use crate::workload::{Answer, LIMIT};

/// How many calls of the same component are shown before and after a fault.
const AROUND: usize = 2;

impl Run {
    /// What became of the customer and the orders, a line each.
    pub fn outcome(&self) -> String {
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

    /// The damage, a line each.
    pub fn damage(&self) -> String {
        if self.findings.is_empty() {
            return "  no damage\n".to_owned();
        }
        self.findings.iter().map(|finding| format!("  {finding}\n")).collect()
    }

    /// The call that was struck and its neighbours in the same component.
    pub fn around_the_fault(&self) -> String {
        let Some(struck) = self.struck() else { return String::new() };
        let of_component = |call: &&Call| call.site.component == struck.site.component && !is_dull(call);
        let before: Vec<_> =
            self.calls[..struck.index].iter().rev().filter(of_component).take(AROUND).collect();
        let after = self.calls[struck.index + 1..].iter().filter(of_component).take(AROUND);
        let mut text = String::new();
        for call in before.into_iter().rev().chain([struck]).chain(after) {
            let mark = if call.index == struck.index { '>' } else { ' ' };
            let (site, messages) = (&call.site, call.messages.join(", "));
            let call_text = format!("{} {} {messages}", site.operation, site.target);
            let _ = writeln!(
                text,
                "  {mark} {:<14} {:<65} {}",
                site.component,
                call_text.trim_end(),
                ending(call)
            );
        }
        text
    }

    /// The first call that the plan strikes.
    pub fn struck(&self) -> Option<&Call> {
        self.calls.iter().find(|call| call.fault.is_some())
    }
}

/// Calls that tell nothing.
pub(crate) fn is_dull(call: &Call) -> bool {
    call.fault.is_none() && (call.site.operation == "ReceiveMessage" || call.site.operation == "GetQueueUrl")
}

fn became(order: &OrderRecord) -> String {
    if order.states.is_empty() {
        return "not stored, but credit was reserved for it".to_owned();
    }
    let states: Vec<_> = order.states.iter().map(State::to_string).collect();
    states.join(", then ")
}

/// What became of a call, in words.
pub(crate) fn ending(call: &Call) -> &'static str {
    match (call.fault, call.outcome) {
        (Some(Fault::CrashBefore), _) => "not sent: crash",
        (Some(Fault::CrashAfter), _) => "took effect, then crash",
        (Some(Fault::RequestLost), _) => "lost on its way",
        (Some(Fault::AnswerLost), _) => "took effect, answer lost",
        (Some(Fault::Outage), _) => "service out of reach",
        (Some(Fault::SlowAnswers), _) => "answered late",
        (Some(Fault::RefusedForAWhile), _) => "refused for a while",
        (Some(Fault::RefusedMessage), _) => "refused for ever",
        (Some(Fault::HalfVisible), _) => "took effect item by item",
        (Some(_), _) => "failed",
        (None, Outcome::Done | Outcome::Empty) => "ok",
        (None, Outcome::Refused) => "refused",
        (None, Outcome::Lost) => "no answer",
        (None, Outcome::Unanswered) => "under way",
    }
}
