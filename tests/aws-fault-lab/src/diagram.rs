//! A run's trace as a Mermaid sequence diagram, with the fault where it struck.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::call::{Call, Outcome, SECOND_COPY, TABLES};
use crate::fault::Fault;
use crate::lane::Lane;
use crate::run::Run;
use crate::trace::is_dull;

impl<K> Run<K> {
    /// The calls from `before` calls before the fault to `after` calls after it, polls left out, as the text
    /// of a Mermaid `sequenceDiagram`. Without a fault it begins with the first call. Which callers share a
    /// lane, the experiment says.
    pub fn sequence_diagram(&self, before: usize, after: usize) -> String {
        let told: Vec<&Call> = self.calls.iter().filter(|call| !is_dull(call)).collect();
        let middle = told.iter().position(|call| call.fault.is_some()).unwrap_or(0);
        let shown = &told[middle.saturating_sub(before)..(middle + after + 1).min(told.len())];
        let lane_of = |call: &Call| ((self.lane_of)(&call.site.component), Lane::of_service(call.service));
        let lanes: BTreeSet<Lane> = shown.iter().flat_map(|call| <[Lane; 2]>::from(lane_of(call))).collect();
        let mut text = "sequenceDiagram\n".to_owned();
        for Lane { id, name, .. } in lanes {
            let _ = writeln!(text, "    participant {id} as {}", readable(&name));
        }
        for call in shown {
            let (from, to) = lane_of(call);
            text.push_str(&lines(call, &from.id, &to.id, &what(call)));
        }
        text
    }
}

/// The operation with what it is about: messages and things that have names, or else the tables.
fn what(call: &Call) -> String {
    let target = readable(&call.site.target);
    let subject = match (target_is_said(call), call.about.is_empty()) {
        (true, _) => [&call.messages[..], &call.about[..]].concat().join(", "),
        (false, true) => target,
        (false, false) => format!("{target}: {}", call.about.join(", ")),
    };
    let second = if call.site.component.ends_with(SECOND_COPY) { " (second)" } else { "" };
    format!("{}{second} {subject}", call.site.operation).trim_end().to_owned()
}

/// The type of a message says which topic it goes to.
fn target_is_said(call: &Call) -> bool {
    call.service != "DynamoDB" && !(call.messages.is_empty() && call.about.is_empty())
}

fn lines(call: &Call, from: &str, to: &str, what: &str) -> String {
    let done = format!("    {from}->>{to}: {what}\n");
    let lost = format!("    {from}-x{to}: {what}\n");
    let crash = format!("    Note over {from}: CRASH\n");
    match (call.fault, call.outcome) {
        (Some(Fault::CrashBefore), _) => format!("{crash}    Note over {from}: never sent: {what}\n"),
        (Some(Fault::CrashAfter), _) => format!("{done}{crash}"),
        (Some(Fault::AnswerLost), _) => format!("{done}    {to}--x{from}: answer lost\n"),
        (Some(Fault::HalfVisible), _) => format!("{done}    Note over {to}: visible item by item\n"),
        (Some(fault), _) => format!("{lost}    Note over {from},{to}: {fault}\n"),
        (None, Outcome::Refused) => format!("{done}    {to}-->>{from}: refused\n"),
        (None, Outcome::Lost) => lost,
        (None, _) => done,
    }
}

/// A `+` or `;` has a meaning of its own in a diagram.
fn readable(name: &str) -> String {
    name.replace(TABLES, ", ").replace(['+', ';', '#'], " ")
}
