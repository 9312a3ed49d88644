//! A run's trace as a Mermaid sequence diagram, with the fault where it struck.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::call::{Call, Outcome, TABLES};
use crate::fault::Fault;
use crate::report::is_dull;
use crate::run::Run;

impl Run {
    /// The calls from `before` calls before the fault to `after` calls after it, polls left out, as the text of a
    /// Mermaid `sequenceDiagram`. Without a fault it begins with the first call.
    pub fn sequence_diagram(&self, before: usize, after: usize) -> String {
        let told: Vec<&Call> = self.calls.iter().filter(|call| !is_dull(call)).collect();
        let middle = told.iter().position(|call| call.fault.is_some()).unwrap_or(0);
        let shown = &told[middle.saturating_sub(before)..(middle + after + 1).min(told.len())];
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut text = "sequenceDiagram\n".to_owned();
        for call in shown {
            for name in [&*call.site.component, &call.site.target] {
                let next = format!("p{}", names.len() + 1);
                if !names.contains_key(name) {
                    let _ = writeln!(text, "    participant {next} as {}", readable(name));
                    names.insert(name.to_owned(), next);
                }
            }
        }
        for call in shown {
            let (from, to) = (&names[&*call.site.component], &names[&call.site.target]);
            let what = format!("{} {}", call.site.operation, call.messages.join(", "));
            text.push_str(&lines(call, from, to, what.trim_end()));
        }
        text
    }
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
