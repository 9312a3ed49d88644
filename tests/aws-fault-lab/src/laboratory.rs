//! A program, a workload and invariants: all that the laboratory needs of anybody.

use std::collections::{BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use aws_types::SdkConfig;
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use local_aws::InMemoryAws;

use crate::call::{Call, Outcome};
use crate::connector::Sabotage;
use crate::error::{BoxError, in_full};
use crate::experiment::{Experiment, Outline};
use crate::fault::Fault;
use crate::finding::Finding;
use crate::lab::{Judge, Lab};
use crate::lane::Lane;
use crate::plan::Plan;
use crate::program::{IntoProgram, Program, Role, panicked};
use crate::run::Run;
use crate::session::Session;
use crate::surroundings::Surroundings;
use crate::survey::Effort;

/// How long the judge may take, on the virtual clock.
const JUDGING: Duration = Duration::from_secs(10 * 60);

/// The kind of damage that a run does which comes to no end, and that of a workload that fails.
const ENDLESS: &str = "endless";
const WORKLOAD: &str = "workload";

type Workload = dyn Fn(Lab) -> LocalBoxFuture<'static, Result<(), BoxError>> + Send + Sync;
type Complaints = LocalBoxFuture<'static, Result<Vec<String>, BoxError>>;

struct Invariant {
    name: String,
    damage: Box<dyn Fn(SdkConfig) -> Complaints + Send + Sync>,
}

/// How far a run may go. What goes further hangs, and is damage.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// AWS calls of the program; 5,000 unless set.
    pub calls: usize,
    /// Time on the virtual clock; two hours unless set.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { calls: 5_000, time: Duration::from_secs(2 * 60 * 60) }
    }
}

/// A program with a workload, invariants that its end state must keep, and what is tried.
pub struct Laboratory {
    name: String,
    program: Program,
    workload: Box<Workload>,
    invariants: Arc<Vec<Invariant>>,
    faults: Vec<Fault>,
    limits: Limits,
    pub(crate) effort: Effort,
}

impl Laboratory {
    /// Without invariants yet. The workload makes what a deployment would have made, and then does what
    /// clients do; when it has ended the program is started, if it was not before, and waited for.
    pub fn new<F, E>(program: impl IntoProgram, workload: impl Fn(Lab) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + 'static,
        E: Into<BoxError>,
    {
        Self {
            name: "the program".to_owned(),
            program: program.into_program(),
            workload: Box::new(move |lab| workload(lab).map(|ended| ended.map_err(Into::into)).boxed_local()),
            invariants: Arc::default(),
            faults: Fault::ALL.to_vec(),
            limits: Limits::default(),
            effort: Effort::default(),
        }
    }

    /// With a name for messages.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// With an invariant: a function that looks at the end state through clients of its own and returns the
    /// damage, each piece in plain words. It is also asked while the program works, to see whether it is
    /// done: it only reads.
    #[must_use]
    pub fn invariant<F, E>(
        mut self,
        name: &str,
        damage: impl Fn(SdkConfig) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Vec<String>, E>> + 'static,
        E: Into<BoxError>,
    {
        let damage = move |aws| damage(aws).map(|found| found.map_err(Into::into)).boxed_local();
        let invariant = Invariant { name: name.to_owned(), damage: Box::new(damage) };
        if let Some(invariants) = Arc::get_mut(&mut self.invariants) {
            invariants.push(invariant);
        }
        self
    }

    /// Tries these faults and no others.
    #[must_use]
    pub fn faults(self, faults: impl IntoIterator<Item = Fault>) -> Self {
        Self { faults: faults.into_iter().collect(), ..self }
    }

    /// Tries all faults but these.
    #[must_use]
    pub fn without(mut self, faults: &[Fault]) -> Self {
        self.faults.retain(|fault| !faults.contains(fault));
        self
    }

    /// With more or less that is tried beyond one fault at every point.
    #[must_use]
    pub fn effort(self, effort: Effort) -> Self {
        Self { effort, ..self }
    }

    /// With other limits.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }
}

impl Experiment for Laboratory {
    type Kind = String;

    fn name(&self) -> &str {
        &self.name
    }

    fn outline(&self) -> Outline {
        let with = |role| {
            let workers = self.program.workers.iter().filter(move |worker| worker.role == role);
            workers.map(|worker| worker.name.clone()).collect()
        };
        let functions = self.program.functions.iter().map(|function| function.name.clone()).collect();
        Outline { consumers: with(Role::Consumer), relays: with(Role::Relay), functions }
    }

    fn faults(&self) -> Vec<Fault> {
        self.faults.clone()
    }

    async fn conduct(&self, plan: &Plan, sabotage: Option<Sabotage>) -> Result<Run<String>, BoxError> {
        let session = Session::new(plan.clone(), self.outline().consumers)
            .with_at_most(self.limits.calls)
            .with_only_what_fits();
        let around =
            Surroundings::new(InMemoryAws::new()?, session.clone(), sabotage).with_what_is_sent_twice();
        let lab = Lab::new(around, self.program.clone(), self.judge());
        let mut findings = self.work(&lab).await;
        lab.stop();
        let judged = tokio::time::timeout(JUDGING, damage(self.invariants.clone(), lab.aws()));
        findings.extend(judged.await.map_err(|_| "the judge does not come to an end")??);
        Ok(Run {
            plan: plan.clone(),
            calls: session.calls(&HashMap::new()),
            invocations: session.invocations(),
            queues: lab.queues(),
            findings,
            first_received: session.first_received(),
            end: session.notes().join("\n"),
            lane_of: Lane::of_its_own,
        })
    }
}

impl Laboratory {
    /// The workload, and the program until it has come to rest: what did not end as it should.
    async fn work(&self, lab: &Lab) -> BTreeSet<Finding<String>> {
        let session = &lab.around().session;
        let mut is_in_workload = true;
        let work = async {
            let worked = AssertUnwindSafe((self.workload)(lab.clone())).catch_unwind().await;
            worked.map_err(|panic| BoxError::from(panicked(&*panic)))??;
            is_in_workload = false;
            lab.settle().await.map_err(BoxError::from)
        };
        let (kind, what) = tokio::select! {
            biased;
            () = session.made_too_many_calls() => (ENDLESS, format!("it made {} calls, which is the limit", self.limits.calls)),
            ended = tokio::time::timeout(self.limits.time, work) => match ended {
                Ok(Ok(())) => return BTreeSet::new(),
                Ok(Err(error)) => return [finding(WORKLOAD, in_full(&*error))].into(),
                Err(_) => (ENDLESS, format!("{} s of virtual time have passed", self.limits.time.as_secs())),
            },
        };
        let who = if is_in_workload { "the workload" } else { "the program" };
        let calls = session.calls(&HashMap::new());
        [finding(kind, format!("{who} does not come to an end: {what}, and {}", hangs_in(&calls)))].into()
    }

    fn judge(&self) -> Judge {
        let invariants = self.invariants.clone();
        Rc::new(move |aws| {
            let invariants = invariants.clone();
            async move { Ok(damage(invariants, aws).await?.is_empty()) }.boxed_local()
        })
    }
}

async fn damage(
    invariants: Arc<Vec<Invariant>>,
    aws: SdkConfig,
) -> Result<BTreeSet<Finding<String>>, BoxError> {
    let mut findings = BTreeSet::new();
    for invariant in invariants.iter() {
        let found = AssertUnwindSafe((invariant.damage)(aws.clone())).catch_unwind().await;
        let found =
            found.map_err(|panic| format!("the invariant {:?} {}", invariant.name, panicked(&*panic)))??;
        findings.extend(found.into_iter().map(|what| finding(&invariant.name, what)));
    }
    Ok(findings)
}

fn finding(kind: &str, what: String) -> Finding<String> {
    Finding { kind: kind.to_owned(), what }
}

/// The call that never got an answer; a poll only if there is no other.
fn hangs_in(calls: &[Call]) -> String {
    let unanswered = || calls.iter().rev().filter(|call| call.outcome == Outcome::Unanswered);
    let told =
        |call: &Call| format!("call {} ({}), made at {:.3} s", call.index, call.site, call.at.as_secs_f64());
    let is_poll = |call: &&Call| call.site.operation == "ReceiveMessage";
    match (unanswered().find(|call| !is_poll(call)), calls.last()) {
        (Some(call), _) => format!("{} has no answer", told(call)),
        (None, Some(last)) => format!("the last call was {}", told(last)),
        (None, None) => "there was no AWS call".to_owned(),
    }
}
