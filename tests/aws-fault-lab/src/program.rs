//! What a program consists of: loops, jobs and functions that take settings for SDK clients and nothing else.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use aws_types::SdkConfig;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use local_aws::mapping::MappingSettings;

use crate::ambient::Ambient;
use crate::error::{BoxError, in_full};

/// A component that works until it is stopped, or has done its work.
#[derive(Clone)]
pub struct Worker {
    /// The component's name.
    pub name: Arc<str>,
    /// What it does.
    pub role: Role,
    /// The work.
    pub run: Start,
}

/// Starts a component.
pub type Start = Arc<dyn Fn(Ambient) -> BoxFuture<'static, Ended> + Send + Sync>;

/// How a component has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It has done what it had to do, and is not started again.
    Done,
    /// It was not to end, and is started again.
    Early,
    /// It has failed with this error, and is started again, later each time.
    Failed(String),
}

/// What a worker does. Faults that concern consumers only are applied by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It takes messages from a queue.
    Consumer,
    /// It publishes messages that are stored.
    Relay,
}

/// A Lambda function that is called with the records of a table's stream.
#[derive(Clone)]
pub struct Function {
    /// The component's name.
    pub name: Arc<str>,
    /// The table whose stream it is mapped to.
    pub table: String,
    /// How it is mapped.
    pub mapping: MappingSettings,
    /// The handler. Each invocation is a new process, as after a crash.
    pub handle: Handle,
}

/// Handles one batch of stream records.
pub type Handle =
    Arc<dyn Fn(Ambient, Event) -> BoxFuture<'static, Result<DynamoDbEventResponse, BoxError>> + Send + Sync>;

/// A program: its components. What fails or panics is started again, a second later and then less and less
/// often, as a supervisor does it; what returns `Ok` has done its work.
///
/// A crash drops the component's future. What it has spawned goes on: keep such tasks in a
/// [`JoinSet`](tokio::task::JoinSet), which ends with its owner, or the laboratory breaks something that no
/// crash of a process can.
#[derive(Clone, Default)]
pub struct Program {
    pub(crate) workers: Vec<Worker>,
    pub(crate) functions: Vec<Function>,
}

impl Program {
    /// Without components yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With something that takes messages from a queue. Some faults run two of it.
    #[must_use]
    pub fn consumer<F, E>(self, name: &str, run: impl Fn(SdkConfig) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.component(name, Role::Consumer, move |ambient| run(ambient.aws().clone()))
    }

    /// With something that works in a loop, such as a poller or a sweeper.
    /// [`ConcurrentRelays`](crate::Fault::ConcurrentRelays) runs two of it.
    #[must_use]
    pub fn poller<F, E>(self, name: &str, run: impl Fn(SdkConfig) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.component(name, Role::Relay, move |ambient| run(ambient.aws().clone()))
    }

    /// With a component that is given time, ids and chance as well, so that its runs can be repeated.
    #[must_use]
    pub fn component<F, E>(
        mut self,
        name: &str,
        role: Role,
        run: impl Fn(Ambient) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let run: Start = Arc::new(move |ambient| {
            let running = AssertUnwindSafe(run(ambient)).catch_unwind();
            running.map(|ended| ended.map_or_else(|panic| Ended::Failed(panicked(&*panic)), ended_as)).boxed()
        });
        self.workers.push(Worker { name: name.into(), role, run });
        self
    }

    /// With a Lambda function on the stream of a table, which must be there when the program is started. The
    /// mapping reports the items of a batch that failed, as [`MappingSettings`] says otherwise.
    #[must_use]
    pub fn function<F, E>(
        mut self,
        name: &str,
        table: &str,
        mapping: MappingSettings,
        handle: impl Fn(SdkConfig, Event) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<DynamoDbEventResponse, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let handle: Handle = Arc::new(move |ambient, event| {
            handle(ambient.aws().clone(), event).map(|answer| answer.map_err(Into::into)).boxed()
        });
        self.functions.push(Function { name: name.into(), table: table.to_owned(), mapping, handle });
        self
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let workers = self.workers.iter().map(|worker| &worker.name);
        f.debug_set().entries(workers.chain(self.functions.iter().map(|function| &function.name))).finish()
    }
}

fn ended_as<E: Into<BoxError>>(ended: Result<(), E>) -> Ended {
    match ended.map_err(Into::into) {
        Ok(()) => Ended::Done,
        Err(error) => Ended::Failed(in_full(&*error)),
    }
}

/// What a panic said.
pub(crate) fn panicked(panic: &(dyn std::any::Any + Send)) -> String {
    let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    format!("panicked: {}", said.unwrap_or("without a text"))
}

/// What can be surveyed: a [`Program`], or one asynchronous function that takes settings for SDK clients,
/// which is a consumer named `program`.
pub trait IntoProgram {
    /// The program.
    fn into_program(self) -> Program;
}

impl IntoProgram for Program {
    fn into_program(self) -> Program {
        self
    }
}

impl<R, F, E> IntoProgram for R
where
    R: Fn(SdkConfig) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<BoxError>,
{
    fn into_program(self) -> Program {
        Program::new().consumer("program", self)
    }
}
