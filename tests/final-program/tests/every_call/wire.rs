//! The way to AWS of a process that meets faults.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use fault_engine::Refusal;
use futures::future::LocalBoxFuture;
use local_aws::{
    InMemoryAws, ItemByItem,
    tap::{self, Answer, Entry, refusals},
};
use tokio::sync::Notify;

use crate::world::{Process, World};

/// What a call can meet.
#[derive(Clone, Copy, Debug)]
enum Fault {
    CrashBefore,
    CrashAfter,
    RequestLost,
    AnswerLost,
    Throttled,
    ServerError,
    Conflict,
    EntriesRefused,
    FirstRefused,
    HalfVisible,
}

const ALL: [Fault; 10] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::RequestLost,
    Fault::AnswerLost,
    Fault::Throttled,
    Fault::ServerError,
    Fault::Conflict,
    Fault::EntriesRefused,
    Fault::FirstRefused,
    Fault::HalfVisible,
];

/// What [`Faults::half_visible`] strikes: more calls than a use case makes.
const ALL_CALLS: usize = 100;

/// The faults of one process, by the number of the call that they strike.
#[derive(Clone)]
pub(crate) struct Faults(Arc<Inner>);

struct Inner {
    planned: Vec<(usize, Fault)>,
    /// Why entries are refused.
    refusal: Refusal,
    /// How a transaction becomes visible, and whether its process crashes meanwhile.
    way: Way,
    calls: AtomicUsize,
    struck: AtomicU64,
    crash: Notify,
}

#[derive(Clone, Copy)]
struct Way {
    seed: u64,
    is_crash: bool,
}

impl Faults {
    /// One fault among the first `calls` if it must be; with even odds another one, and so on, some of which
    /// come to nothing.
    pub(crate) fn random(random: &mut fastrand::Rng, calls: usize, certain: bool) -> Self {
        let mut planned = Vec::new();
        if certain {
            planned.push((random.usize(0..calls), ALL[random.usize(0..ALL.len())]));
        }
        while random.bool() {
            planned.push((random.usize(0..2 * calls), ALL[random.usize(0..ALL.len())]));
        }
        let refusal = Refusal::passing(random.usize(..), random.bool());
        Self::of(planned, refusal, Way { seed: random.u64(..), is_crash: random.bool() })
    }

    /// Every transaction becomes visible item by item, and its caller waits for the end.
    pub(crate) fn half_visible(seed: u64) -> Self {
        let planned = (0..ALL_CALLS).map(|call| (call, Fault::HalfVisible)).collect();
        Self::of(planned, Refusal::passing(0, false), Way { seed, is_crash: false })
    }

    fn of(planned: Vec<(usize, Fault)>, refusal: Refusal, way: Way) -> Self {
        let (calls, struck, crash) = (AtomicUsize::new(0), AtomicU64::new(0), Notify::new());
        Self(Arc::new(Inner { planned, refusal, way, calls, struck, crash }))
    }

    /// A process that meets these faults.
    pub(crate) fn process(&self, world: &World) -> Process {
        let wire = Wire { aws: world.aws.clone(), faults: self.clone() };
        world.process_over(tap::new(move |request| wire.clone().call(request)))
    }

    /// How many of them struck.
    pub(crate) fn struck(&self) -> u64 {
        self.0.struck.load(Ordering::Relaxed)
    }

    /// Has a process with these faults do its work: what it says, or none when it crashed.
    pub(crate) async fn strike(
        &self,
        world: &World,
        work: impl FnOnce(Process) -> LocalBoxFuture<'static, Result<(), String>>,
    ) -> Option<Result<(), String>> {
        let process = self.process(world);
        tokio::select! {
            biased;
            () = self.0.crash.notified() => None,
            ended = work(process) => Some(ended),
        }
    }
}

#[derive(Clone)]
struct Wire {
    aws: InMemoryAws,
    faults: Faults,
}

impl Wire {
    async fn call(self, request: HttpRequest) -> Answer {
        let faults = &self.faults.0;
        let number = faults.calls.fetch_add(1, Ordering::Relaxed);
        let concerns = |fault| !matches!(fault, Fault::HalfVisible) || is_transaction(&request);
        let planned = faults.planned.iter().find(|(call, fault)| *call == number && concerns(*fault));
        let Some((_, fault)) = planned else { return self.aws.call(request).await };
        faults.struck.fetch_add(1, Ordering::Relaxed);
        match fault {
            Fault::CrashBefore => self.crash().await,
            Fault::CrashAfter => {
                self.aws.call(request).await?;
                self.crash().await
            }
            Fault::RequestLost => Err(lost()),
            Fault::AnswerLost => self.aws.call(request).await.and_then(|_| Err(lost())),
            Fault::Throttled => Ok(refusals::throttled(&request)),
            Fault::ServerError => Ok(refusals::server_error(&request)),
            Fault::Conflict => Ok(conflict(&request)),
            Fault::EntriesRefused => in_part(&self.aws, request, faults.refusal, false).await,
            Fault::FirstRefused => in_part(&self.aws, request, faults.refusal, true).await,
            Fault::HalfVisible => self.show_item_by_item(request).await,
        }
    }

    /// The sequence and the pauses are by chance.
    async fn show_item_by_item(self, mut request: HttpRequest) -> Answer {
        let Way { seed, is_crash } = self.faults.0.way;
        let mut random = fastrand::Rng::with_seed(seed);
        let body = request.body().bytes().unwrap_or_default();
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        let mut sequence: Vec<usize> = (0..body["TransactItems"].as_array().unwrap().len()).collect();
        random.shuffle(&mut sequence);
        let way = ItemByItem { sequence, gap: Duration::from_millis(random.u64(1_000..3_000)) };
        request.headers_mut().insert(ItemByItem::HEADER, way.to_string());
        let aws = self.aws.clone();
        let written = tokio::spawn(async move { aws.call(request).await });
        if !is_crash {
            return written.await.unwrap();
        }
        // Long enough to be decided, and shorter than the first pause.
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.crash().await
    }

    async fn crash(self) -> Answer {
        self.faults.0.crash.notify_one();
        std::future::pending().await
    }
}

fn is_transaction(request: &HttpRequest) -> bool {
    request.headers().get("x-amz-target").is_some_and(|target| target.ends_with("TransactWriteItems"))
}

fn lost() -> ConnectorError {
    ConnectorError::io("the connection broke".into())
}

/// A transaction meets another one; any other call is throttled.
fn conflict(request: &HttpRequest) -> HttpResponse {
    if tap::operation(request).starts_with("Transact") {
        refusals::transaction_conflict(request)
    } else {
        refusals::throttled(request)
    }
}

/// A batch of messages or of items of which nothing, or all but the first, is taken; any other call is
/// throttled.
async fn in_part(aws: &InMemoryAws, request: HttpRequest, refusal: Refusal, is_first_only: bool) -> Answer {
    let operation = tap::operation(&request);
    if operation.starts_with("Batch") && is_first_only {
        return tap::without_first_entry(aws, request).await;
    }
    if operation != "PublishBatch" {
        return Ok(refusals::throttled(&request));
    }
    let judge = |number, _: &str| if number == 0 || !is_first_only { refusal.into() } else { Entry::Taken };
    tap::publish(aws, request, judge).await
}
