//! Runs in words: what came of them, what was damaged, and which calls were made around a fault.

use std::fmt::{self, Write as _};

use crate::call::{Call, Outcome};
use crate::fault::Fault;
use crate::run::Run;

/// How many calls of the same component are shown before and after a fault.
const AROUND: usize = 2;

impl<K: fmt::Display> Run<K> {
    /// What came of it, as the experiment tells it: text of several lines, which may be empty.
    pub fn outcome(&self) -> String {
        self.end.clone()
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

    /// Every call that tells something, with its index, the moment, and a mark where a fault struck.
    pub fn trace(&self) -> String {
        let mut text = String::new();
        for call in self.calls.iter().filter(|call| !is_dull(call)) {
            let mark = if call.fault.is_some() { '>' } else { ' ' };
            let (site, at) = (&call.site, call.at.as_secs_f64());
            let what =
                [&[format!("{} {}", site.operation, site.target)], &call.messages[..], &call.about[..]];
            let (what, ending) = (what.concat().join(" "), ending(call));
            let _ = writeln!(
                text,
                "{mark} {:>4} {at:>9.3} s  {:<14} {what:<48} {ending}",
                call.index, site.component
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

impl Call {
    /// What became of it, in words.
    pub fn ending(&self) -> &'static str {
        ending(self)
    }
}

fn ending(call: &Call) -> &'static str {
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
