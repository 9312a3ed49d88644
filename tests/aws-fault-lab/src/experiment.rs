//! What is surveyed: something that can be run under a plan, and judged.

use std::fmt::{Debug, Display};
use std::sync::Arc;

use crate::connector::Sabotage;
use crate::error::BoxError;
use crate::fault::Fault;
use crate::plan::Plan;
use crate::run::Run;

/// Something that can be run under a plan, and judged. [`Laboratory`](crate::Laboratory) is one for any
/// program; whoever has a domain that is judged in a way of its own writes another, from
/// [`parts`](crate::parts).
pub trait Experiment: Sync {
    /// The kinds of damage.
    type Kind: Ord + Clone + Debug + Display + Send + 'static;

    /// What is run, for messages.
    fn name(&self) -> &str;

    /// Which components there are.
    fn outline(&self) -> Outline;

    /// The faults that are tried: all, unless said otherwise.
    fn faults(&self) -> Vec<Fault> {
        Fault::ALL.to_vec()
    }

    /// One run, from an empty AWS to the judgement. It is polled on a paused clock, and the same plan has to
    /// give the same run.
    ///
    /// # Errors
    ///
    /// When the run cannot be judged.
    fn conduct(
        &self,
        plan: &Plan,
        sabotage: Option<Sabotage>,
    ) -> impl Future<Output = Result<Run<Self::Kind>, BoxError>>;
}

/// Which components there are, as far as faults concern them. Others, such as clients, are not started again
/// after a crash.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// What takes messages from queues.
    pub consumers: Vec<Arc<str>>,
    /// What works in a loop and is no consumer.
    pub relays: Vec<Arc<str>>,
    /// What is called with the records of a stream.
    pub functions: Vec<Arc<str>>,
}

impl Outline {
    /// Whether this component takes its work up again after a crash.
    pub(crate) fn restarts(&self, component: &str) -> bool {
        let mut all = self.consumers.iter().chain(&self.relays).chain(&self.functions);
        all.any(|name| **name == *component)
    }
}
