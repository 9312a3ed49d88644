//! Plans: which faults strike where in one run.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::fault::{Fault, UnknownFault};

/// Marks a plan's fault that strikes at every invocation.
pub const EVERY_INVOCATION: usize = usize::MAX;

/// The place of a transaction that is half visible has the sequence as its last digit.
const SEQUENCES: usize = 10;

/// Where in a program a call is made, as far as it shows from outside: component, operation and target.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    /// The component.
    pub component: Arc<str>,
    /// The operation, such as `PutItem`.
    pub operation: String,
    /// The tables, queue or topic.
    pub target: String,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.component, self.operation, self.target)
    }
}

/// A fault and where it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Injection {
    /// What happens.
    pub fault: Fault,
    /// Where: the index of the AWS call; for stream faults the number of the invocation; for a transaction
    /// that is half visible its number among all transactions, and one digit for the sequence; for the others
    /// a variant.
    pub at: usize,
}

impl fmt::Display for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.fault, self.at)
    }
}

/// All that goes wrong in one run. The same plan gives the same run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Plan {
    /// From it follow the latency of each call and all chance.
    pub seed: u64,
    /// The faults.
    pub injections: Vec<Injection>,
    /// A fault at the first call of a site, whatever its index: for sites that only recovery reaches.
    pub at_site: Option<Box<(Fault, Site)>>,
}

impl Plan {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// One fault.
    pub fn one(fault: Fault, at: usize) -> Self {
        Self { injections: vec![Injection { fault, at }], ..Self::none() }
    }

    /// The same and one fault more.
    #[must_use]
    pub fn and(&self, fault: Fault, at: usize) -> Self {
        let mut plan = self.clone();
        plan.injections.push(Injection { fault, at });
        plan
    }

    pub(crate) fn at(&self, fault: Fault) -> impl Iterator<Item = usize> + '_ {
        self.injections.iter().filter(move |injection| injection.fault == fault).map(|injection| injection.at)
    }

    /// Whether this fault strikes the invocation of a function with this number.
    pub(crate) fn at_invocation(&self, fault: Fault, number: usize) -> bool {
        self.at(fault).any(|at| at == number || at == EVERY_INVOCATION)
    }

    /// Whether this fault strikes anywhere.
    pub fn has(&self, fault: Fault) -> bool {
        self.at(fault).next().is_some()
    }

    pub(crate) fn at_call(&self, index: usize) -> Option<Fault> {
        let strikes = |injection: &&Injection| injection.fault.strikes_a_call() && injection.at == index;
        self.injections.iter().find(strikes).map(|injection| injection.fault)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut injections: Vec<_> = self.injections.iter().map(Injection::to_string).collect();
        injections.extend(self.at_site.iter().map(|at| format!("{}@({})", at.0, at.1)));
        write!(f, "seed {} [{}]", self.seed, injections.join(", "))
    }
}

/// What stands for [`EVERY_INVOCATION`] in the name of a plan.
const EVERY: &str = "every";

/// A text that names no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownPlan {
    /// The fault.
    #[error(transparent)]
    Fault(#[from] UnknownFault),
    /// The rest.
    #[error(
        "{0:?} is no plan; a plan is a list such as crash-after@7,outage@12 with seed=3 in front if that is not 0"
    )]
    Form(String),
}

impl Plan {
    /// Its name: what [`str::parse`] makes the same plan of. `crash-after@7` is a plan with one fault.
    pub fn spec(&self) -> String {
        let mut parts = Vec::new();
        if self.seed != 0 {
            parts.push(format!("seed={}", self.seed));
        }
        for Injection { fault, at } in &self.injections {
            let at = if *at == EVERY_INVOCATION { EVERY.to_owned() } else { at.to_string() };
            parts.push(format!("{fault}@{at}"));
        }
        if let Some((fault, site)) = self.at_site.as_deref() {
            parts.push(format!("{fault}@({site})"));
        }
        if parts.is_empty() { "none".to_owned() } else { parts.join(",") }
    }
}

impl FromStr for Plan {
    type Err = UnknownPlan;

    fn from_str(text: &str) -> Result<Self, UnknownPlan> {
        let unknown = || UnknownPlan::Form(text.to_owned());
        let mut plan = Self::none();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty() && *part != "none") {
            if let Some(seed) = part.strip_prefix("seed=") {
                plan.seed = seed.parse().map_err(|_| unknown())?;
                continue;
            }
            let (fault, at) = part.split_once('@').ok_or_else(unknown)?;
            let fault: Fault = fault.parse()?;
            if let Some(site) = at.strip_prefix('(').and_then(|at| at.strip_suffix(')')) {
                let (component, call) = site.split_once(": ").ok_or_else(unknown)?;
                let (operation, target) = call.split_once(' ').ok_or_else(unknown)?;
                let (operation, target) = (operation.to_owned(), target.to_owned());
                plan.at_site =
                    Some(Box::new((fault, Site { component: component.into(), operation, target })));
            } else {
                let at = if at == EVERY { EVERY_INVOCATION } else { at.parse().map_err(|_| unknown())? };
                plan = plan.and(fault, at);
            }
        }
        Ok(plan)
    }
}

/// Where [`Fault::HalfVisible`] strikes the transaction with this number, from 0, of a run.
///
/// The sequences: 0 as the items are listed, 1 reversed, 2 and more with the first, the second ... item last.
pub(crate) fn half_visible_place(transaction: usize, sequence: usize) -> usize {
    transaction * SEQUENCES + sequence
}

/// The number of the transaction that is struck at this place, and in which sequence its items appear.
pub(crate) fn half_visible_at(place: usize) -> (usize, usize) {
    (place / SEQUENCES, place % SEQUENCES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_says_which_transaction_and_which_sequence() {
        assert_eq!(half_visible_at(half_visible_place(12, 3)), (12, 3));
    }

    #[test]
    fn a_plan_is_read_as_it_is_named() {
        let site =
            Site { component: "mover".into(), operation: "PutItem".to_owned(), target: "a + b".to_owned() };
        let mut several = Plan::one(Fault::CrashAfter, 7).and(Fault::StreamReorder, EVERY_INVOCATION);
        (several.seed, several.at_site) = (3, Some(Box::new((Fault::CrashBefore, site))));
        for plan in [Plan::none(), Plan::one(Fault::Outage, 0), several] {
            assert_eq!(plan.spec().parse(), Ok(plan));
        }
        assert_eq!(Plan::one(Fault::CrashAfter, 7).spec(), "crash-after@7");
        for wrong in ["crash-after", "crash-after@x", "flood@1", "seed=x"] {
            assert!(wrong.parse::<Plan>().is_err(), "{wrong}");
        }
    }
}
