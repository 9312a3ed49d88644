//! Running the checker: all states of the sound protocol, the shortest way to what a defect breaks.

use std::{
    fmt,
    time::{Duration, Instant},
};

use stateright::{Checker, Expectation, HasDiscoveries, Model};

use crate::{
    Defect,
    protocol::{Action, Protocol},
    state::State,
    text::describe,
};

/// How a complete exploration went.
#[derive(Clone, Debug)]
pub struct Report {
    /// States generated, those that were met before included.
    pub generated: usize,
    /// Distinct states.
    pub distinct: usize,
    /// The longest of the ways by which a state was met first, in steps; with several threads it may be a little longer than the shortest.
    pub depth: usize,
    /// How many properties must hold in every state.
    pub always: usize,
    /// How many things must be possible in some state.
    pub possible: usize,
    /// How long it took.
    pub took: Duration,
    /// The properties that were broken, each with the way there.
    pub violations: Vec<Found>,
    /// What should have been possible and was not.
    pub not_seen: Vec<&'static str>,
}

impl Report {
    /// Whether nothing is broken and everything that must be possible is.
    pub fn is_sound(&self) -> bool {
        self.violations.is_empty() && self.not_seen.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "states generated {}", self.generated)?;
        writeln!(f, "distinct states  {}", self.distinct)?;
        writeln!(f, "depth            {}", self.depth)?;
        writeln!(f, "properties       {} in every state, {} to be possible", self.always, self.possible)?;
        writeln!(f, "seconds          {:.0}", self.took.as_secs_f64())?;
        write!(f, "violations       {}", self.violations.len())?;
        for found in &self.violations {
            write!(f, "\n{}\n{}", found.properties.join("\n"), found.trace.join("\n"))?;
        }
        Ok(())
    }
}

/// A broken property.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its names: the properties that the last state of the way breaks.
    pub properties: Vec<&'static str>,
    /// The way to the state that breaks them, a line for each step.
    pub trace: Vec<String>,
    /// How many distinct states were looked at until then.
    pub distinct: usize,
}

/// Explores all states of the protocol.
pub fn explore(model: Protocol, threads: usize) -> Report {
    let started = Instant::now();
    let expected = model.properties();
    let checker =
        model.checker().threads(threads).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let discoveries = checker.discoveries();
    let possible = expected.iter().filter(|it| it.expectation == Expectation::Sometimes).count();
    let mut violations = Vec::new();
    let mut not_seen = Vec::new();
    for property in &expected {
        match (&property.expectation, discoveries.get(property.name)) {
            (Expectation::Sometimes, None) => not_seen.push(property.name),
            (Expectation::Sometimes, Some(_)) | (_, None) => {}
            (_, Some(path)) => violations.push(Found {
                properties: vec![property.name],
                trace: trace(checker.model(), path.clone().into_vec()),
                distinct: checker.unique_state_count(),
            }),
        }
    }
    Report {
        generated: checker.state_count(),
        distinct: checker.unique_state_count(),
        // The checker counts states on the way, this report steps.
        depth: checker.max_depth() - 1,
        always: expected.len() - possible,
        possible,
        took: started.elapsed(),
        violations,
        not_seen,
    }
}

/// The shortest way to what the defect breaks; `None` when all of its states keep all properties.
pub fn find(defect: Defect) -> Option<Found> {
    let mut violations = explore(Protocol::with(defect), 1).violations.into_iter();
    // All of them are broken by the same state.
    let mut first = violations.next()?;
    first.properties.extend(violations.flat_map(|other| other.properties));
    Some(first)
}

fn trace(model: &Protocol, path: Vec<(State, Option<Action>)>) -> Vec<String> {
    path.windows(2)
        .enumerate()
        .filter_map(|(number, step)| {
            let [(before, Some(action)), (after, _)] = step else { return None };
            Some(format!("{:>2}. {}", number + 1, describe(model, before, *action, after)))
        })
        .collect()
}
