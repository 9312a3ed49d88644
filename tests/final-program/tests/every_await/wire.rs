//! The way to AWS of one process: each call can be dropped before it is sent, while it is under way, and when
//! its answer has come.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    http::SharedHttpClient, orchestrator::HttpRequest, result::ConnectorError,
};
use local_aws::{
    InMemoryAws,
    tap::{self, Answer},
};
use tokio::{sync::watch, task::yield_now};

/// A connector over the embedded AWS.
#[derive(Clone)]
pub(crate) struct Wire {
    aws: InMemoryAws,
    latency: Duration,
    under_way: Arc<AtomicUsize>,
    /// How far the calls have come: each begins, is carried out, and is answered.
    steps: watch::Sender<usize>,
}

impl Wire {
    /// Requests take so long to reach AWS.
    pub(crate) fn new(aws: InMemoryAws, latency: Duration) -> Self {
        Self { aws, latency, under_way: Arc::default(), steps: watch::Sender::new(0) }
    }

    /// The HTTP client of the process.
    pub(crate) fn client(&self) -> SharedHttpClient {
        let wire = self.clone();
        tap::new(move |request| wire.clone().call(request))
    }

    /// How many requests that write something were sent and are not carried out yet.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Waits until the calls have come so far.
    pub(crate) async fn has_come_to(&self, step: usize) {
        // It fails when the sender is gone, which this is.
        drop(self.steps.subscribe().wait_for(|steps| *steps >= step).await);
    }

    fn step(&self) {
        self.steps.send_modify(|steps| *steps += 1);
    }

    async fn call(self, request: HttpRequest) -> Answer {
        yield_now().await;
        let counted = usize::from(writes(&request));
        self.under_way.fetch_add(counted, Ordering::Relaxed);
        // A task of its own: what was sent is carried out, whoever is still there to read the answer.
        self.step();
        let wire = self.clone();
        let sent = tokio::spawn(async move {
            tokio::time::sleep(self.latency).await;
            let answer = self.aws.call(request).await;
            self.step();
            self.under_way.fetch_sub(counted, Ordering::Relaxed);
            answer
        });
        let answer = sent.await.map_err(|error| ConnectorError::other(error.into(), None));
        wire.step();
        yield_now().await;
        answer?
    }
}

/// SNS alone has no target in a header; all that is called of it here publishes.
fn writes(request: &HttpRequest) -> bool {
    let operation = request.headers().get("x-amz-target").and_then(|target| target.split_once('.'));
    operation.is_none_or(|(_, operation)| operation == "TransactWriteItems")
}
