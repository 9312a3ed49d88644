//! The runs behind the cells of the matrix, as a script that a page of the book loads: it works from a
//! folder, without a server.
//!
//! Every run with one fault is there. Of a row with several faults there is the first run without damage, and
//! the first with each set of kinds of damage. A run differs from the one without faults in a stretch of its
//! calls, and only that stretch is stored; calls and lines of text are stored once and named by their
//! numbers. So some thousand runs fit into some hundred kilobytes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::hash::Hash;

use fault_engine::{Call, EVERY_INVOCATION, Fault, Injection, Kind, Outcome, Plan, Row, Run};
use serde_json::{Value, json};

use crate::matrix::rows;

/// The runs of one program.
#[derive(Debug)]
pub struct Gallery {
    program: &'static str,
    calls: Numbered<Vec<String>>,
    lines: Numbered<String>,
    sound: Shown,
    rows: BTreeMap<Row, Vec<Value>>,
    /// What was shown of the rows with several faults.
    seen: BTreeSet<(Row, BTreeSet<Kind>)>,
}

/// A run by the numbers of its calls, and of the lines that say how it ended.
#[derive(Debug, Default)]
struct Shown {
    calls: Vec<usize>,
    end: Vec<usize>,
    damage: Vec<usize>,
}

impl Gallery {
    /// A gallery with nothing in it but the run without faults.
    pub fn new(program: &'static str, sound: &Run) -> Self {
        let (calls, lines) = (Numbered::default(), Numbered::default());
        let sound_is_none = Shown::default();
        let mut gallery = Self {
            program,
            calls,
            lines,
            sound: sound_is_none,
            rows: BTreeMap::new(),
            seen: BTreeSet::new(),
        };
        gallery.sound = gallery.shown(sound);
        gallery
    }

    /// Takes in runs of a row of the matrix.
    pub fn keep(&mut self, row: Row, runs: &[Run]) {
        for run in runs {
            let kinds = run.findings.iter().map(|finding| finding.kind).collect();
            if matches!(row, Row::One(_)) || self.seen.insert((row, kinds)) {
                let entry = self.entry(row, run);
                self.rows.entry(row).or_default().push(entry);
            }
        }
    }

    /// Place, calls as in the run without faults at the beginning and at the end, the calls between, the end,
    /// the damage.
    fn entry(&mut self, row: Row, run: &Run) -> Value {
        let Shown { calls, end, damage } = self.shown(run);
        let sound = &self.sound.calls;
        let most = calls.len().min(sound.len());
        let alike = |(one, other): &(&usize, &usize)| one == other;
        let first = calls.iter().zip(sound).take_while(alike).count();
        let last = calls.iter().rev().zip(sound.iter().rev()).take(most - first).take_while(alike).count();
        json!([place(row, &run.plan), first, last, calls[first..calls.len() - last], end, damage])
    }

    fn shown(&mut self, run: &Run) -> Shown {
        let calls = told(run).into_iter().map(|call| self.calls.number(described(call))).collect();
        let mut lines =
            |text: String| text.lines().map(|line| self.lines.number(line.trim().to_owned())).collect();
        Shown { calls, end: lines(run.outcome()), damage: lines(run.damage()) }
    }

    /// The script.
    pub fn text(&self) -> String {
        let program = self.program;
        let mut text = format!(
            "// The runs of {program} behind the matrix; written by `cargo test -p fault-lab`, shown by book/theme/runs.js.\n\
             (window.faultRuns ??= {{}})[{}] = {{\n",
            json!(program)
        );
        let mut lists =
            vec![listed("calls", self.calls.values.clone()), listed("lines", self.lines.values.clone())];
        lists.push(format!("\"sound\":{}", json!([self.sound.calls, self.sound.end])));
        let meaning = |row| match row {
            Row::One(fault) => fault.meaning(),
            Row::Pairs => "two faults in one component, one soon after the other",
            Row::Random => "two to four faults at random",
        };
        let meanings: Value =
            self.rows.keys().map(|row| (row.name().to_owned(), json!(meaning(*row)))).collect();
        lists.push(format!("\"meanings\":{meanings}"));
        let rows = rows().filter_map(|row| Some(listed(row.name(), self.rows.get(&row)?.clone())));
        lists.push(format!("\"rows\":{{\n{}}}", rows.collect::<Vec<_>>().join(",\n")));
        let _ = writeln!(text, "{}}};", lists.join(",\n"));
        text
    }
}

/// One entry a line, so that a difference can be read.
fn listed<T: Into<Value>>(name: &str, entries: impl IntoIterator<Item = T>) -> String {
    let entries: Vec<_> = entries.into_iter().map(|entry| entry.into().to_string()).collect();
    format!("{}:[\n{}]", json!(name), entries.join(",\n"))
}

/// Where the fault struck: the index of a call, or a text.
fn place(row: Row, plan: &Plan) -> Value {
    let Row::One(fault) = row else { return json!(plan.to_string()) };
    let Some(Injection { at, .. }) = plan.injections.first() else { return json!("") };
    match fault {
        _ if fault.strikes_a_call() => json!(at),
        Fault::HalfVisible => json!(format!("transaction {}, sequence {}", at / 10 + 1, at % 10 + 1)),
        Fault::DuplicateDelivery if *at == 0 => json!("the copy comes at once"),
        Fault::DuplicateDelivery => json!("the copy comes 45 seconds later"),
        Fault::ConcurrentConsumers | Fault::ConcurrentRelays if *at == 0 && plan.seed > 0 => {
            json!(format!("latencies {}", plan.seed + 1))
        }
        Fault::PoisonPayload => json!(format!("message {}", at + 1)),
        _ if *at == EVERY_INVOCATION => json!("every invocation"),
        Fault::ConcurrentConsumers => json!("latencies 1"),
        _ => json!(format!("invocation {}", at + 1)),
    }
}

/// The calls that tell something: no polls, and of a read that is repeated until there is something to do
/// only the last.
fn told(run: &Run) -> Vec<&Call> {
    let mut next: HashMap<&str, &Call> = HashMap::new();
    let mut told = Vec::new();
    for call in run.calls.iter().rev() {
        let operation = call.site.operation.as_str();
        if call.fault.is_none() && matches!(operation, "ReceiveMessage" | "GetQueueUrl") {
            continue;
        }
        let is_read = ["Get", "BatchGet", "Query", "Scan"].iter().any(|verb| operation.starts_with(verb));
        let before = next.insert(&*call.site.component, call);
        let repeated = before.is_some_and(|next| next.site == call.site && next.fault == call.fault);
        if !(is_read && repeated) {
            told.push(call);
        }
    }
    told.reverse();
    told
}

/// Component, operation, target, types of messages, orders, and what became of it: with a `!` if that is the
/// fault's work.
fn described(call: &Call) -> Vec<String> {
    let mark = if call.fault.is_some() { "!" } else { "" };
    // Whether an answer was still awaited when the run ended is of no interest.
    let ending = match (call.fault, call.outcome) {
        (None, Outcome::Unanswered) => "ok",
        _ => call.ending(),
    };
    let site = &call.site;
    let (component, operation, target) =
        (site.component.to_string(), site.operation.clone(), site.target.clone());
    vec![
        component,
        operation,
        target,
        call.messages.join(", "),
        call.about.iter().filter_map(|name| name.strip_prefix("order ")).collect(),
        format!("{mark}{ending}"),
    ]
}

/// Each value once, with a number.
#[derive(Debug)]
struct Numbered<T> {
    numbers: HashMap<T, usize>,
    values: Vec<T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), values: Vec::new() }
    }
}

impl<T: Hash + Eq + Clone> Numbered<T> {
    fn number(&mut self, value: T) -> usize {
        let next = self.values.len();
        *self.numbers.entry(value).or_insert_with_key(|value| {
            self.values.push(value.clone());
            next
        })
    }
}

/// What is the same whenever the runs are made: the run without faults, and for each run with one fault where
/// it struck and which kinds of damage came of it. The rest hangs on the order in which the embedded SQS
/// gives messages whose visibility timeout has passed.
pub fn what_repeats(text: &str) -> Vec<String> {
    let stored = text.split_once(" = ").map_or("", |(_, stored)| stored).trim_end().trim_end_matches(';');
    let stored: Value = serde_json::from_str(stored).unwrap_or_default();
    let named = |list: &str, number: &Value| {
        number
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .map(|number| stored[list][number].to_string())
    };
    let sound = stored["sound"][0].as_array().into_iter().flatten();
    let mut told: Vec<String> = sound.filter_map(|number| named("calls", number)).collect();
    for row in rows() {
        let runs = stored["rows"][row.name()].as_array();
        told.push(format!("{} is {}", row.name(), if runs.is_some() { "there" } else { "not there" }));
        for run in runs.into_iter().flatten().filter(|_| matches!(row, Row::One(_))) {
            let damage = run[5].as_array().into_iter().flatten().filter_map(|number| named("lines", number));
            let kinds: BTreeSet<_> =
                damage.filter_map(|line| Some(line.split_once("  ")?.0.to_owned())).collect();
            told.push(format!("{}: {kinds:?}", run[0]));
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use fault_engine::{baseline, run};

    use super::*;

    /// Puts the calls of a stored run together again, as the page does.
    fn calls(stored: &Value, run: &Value) -> Vec<Value> {
        let sound = stored["sound"][0].as_array().unwrap();
        let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
        let (first, last) = (number(&run[1]), number(&run[2]));
        let middle = run[3].as_array().unwrap();
        let numbers = sound[..first].iter().chain(middle).chain(&sound[sound.len() - last..]);
        numbers.map(|index| stored["calls"][number(index)].clone()).collect()
    }

    #[test]
    fn a_run_is_put_together_again_as_it_was() {
        let program = chapter_01::PROGRAM;
        let sound = baseline(&program).unwrap();
        let mut gallery = Gallery::new(program.name, &sound);
        let row = Row::One(Fault::CrashAfter);
        let runs: Vec<_> =
            [3, 11, 40].map(|at| run(&program, &Plan::one(Fault::CrashAfter, at)).unwrap()).into();
        gallery.keep(row, &runs);
        let text = gallery.text();
        let stored: Value =
            serde_json::from_str(text.split_once(" = ").unwrap().1.trim_end().trim_end_matches(';')).unwrap();
        for (number, run) in runs.iter().enumerate() {
            let entry = &stored["rows"]["crash-after"][number];
            let told: Vec<_> = told(run).into_iter().map(|call| json!(described(call))).collect();
            assert_eq!(calls(&stored, entry), told);
            assert!(told.iter().any(|call| call[5] == "!took effect, then crash"), "{told:?}");
            assert_eq!(entry[5].as_array().unwrap().len(), run.findings.len().max(1));
        }
    }

    #[test]
    fn another_kind_of_damage_at_one_place_does_not_repeat() {
        let text = |kind: &str| {
            let stored = json!({ "lines": [format!("{kind}  of order A")], "rows": { "outage": [[7, 0, 0, [], [], [0]]] } });
            format!("x = {stored};\n")
        };
        assert_eq!(what_repeats(&text("lost")), what_repeats(&text("lost")));
        assert_ne!(what_repeats(&text("lost")), what_repeats(&text("stuck")));
    }
}
