//! Running the checker: all states of the sound protocol, the shortest way to what a defect breaks.

use std::{
    fmt,
    time::{Duration, Instant},
};

use stateright::{Checker, HasDiscoveries, Model};

use crate::{
    Defect,
    action::Action,
    properties::{COUNT, POSSIBLE, missing},
    protocol::Protocol,
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
    /// The longest of the ways by which a state was met first, in steps; with several threads it may be a
    /// little longer than the shortest.
    pub depth: usize,
    /// How long it took.
    pub took: Duration,
    /// What was broken first.
    pub violation: Option<Found>,
    /// What should have been possible and was not.
    pub not_seen: Vec<&'static str>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "states generated {}", self.generated)?;
        writeln!(f, "distinct states  {}", self.distinct)?;
        writeln!(f, "depth            {}", self.depth)?;
        writeln!(f, "properties       {} in every state, {} to be possible", COUNT, POSSIBLE.len())?;
        writeln!(f, "seconds          {:.0}", self.took.as_secs_f64())?;
        write!(f, "violations       {}", usize::from(self.violation.is_some()))?;
        match &self.violation {
            Some(found) => write!(f, "\n{}\n{}", found.properties.join("\n"), found.trace.join("\n")),
            None => Ok(()),
        }
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

/// Explores all states of the protocol, or those up to the first that breaks a property.
pub fn explore(model: Protocol, threads: usize) -> Report {
    let started = Instant::now();
    let checker =
        model.checker().threads(threads).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let (model, distinct) = (checker.model(), checker.unique_state_count());
    let violation = checker.discoveries().into_values().next().map(|path| {
        let last = path.last_state();
        let properties = model.broken(last).map(|rule| rule.name).collect();
        Found { properties, trace: trace(model, path.into_vec()), distinct }
    });
    Report {
        generated: checker.state_count(),
        distinct,
        // The checker counts states on the way, this report steps.
        depth: checker.max_depth() - 1,
        took: started.elapsed(),
        violation,
        not_seen: missing(model),
    }
}

/// The shortest way to what the defect breaks; `None` when all of its states keep all properties.
pub fn find(defect: Defect) -> Option<Found> {
    explore(Protocol::with(defect), 1).violation
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
