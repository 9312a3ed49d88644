//! What came out of one run of an experiment.

use std::collections::BTreeSet;

use crate::call::Call;
use crate::finding::Finding;
use crate::lane::Lane;
use crate::plan::Plan;

/// What came out of one run.
#[derive(Clone, Debug)]
pub struct Run<K> {
    /// What went wrong on purpose.
    pub plan: Plan,
    /// Every AWS call of the program, in the order in which they were made.
    pub calls: Vec<Call>,
    /// How often functions were invoked.
    pub invocations: usize,
    /// How many queues can hold a message that nobody can read.
    pub queues: usize,
    /// The damage.
    pub findings: BTreeSet<Finding<K>>,
    /// The first message that a consumer received, as it lay in its queue; empty if none did.
    pub first_received: String,
    /// What came of it, in words.
    pub end: String,
    /// The lane of a component in a diagram.
    pub lane_of: fn(&str) -> Lane,
}

impl<K: PartialEq> Run<K> {
    /// How many findings of this kind there are.
    pub fn count(&self, kind: K) -> usize {
        self.findings.iter().filter(|finding| finding.kind == kind).count()
    }
}
