//! A way to AWS of which one call, by its number, goes wrong; and processes that die at it.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_smithy_runtime_api::client::{orchestrator::HttpRequest, result::ConnectorError};
use aws_types::SdkConfig;
use local_aws::{InMemoryAws, tap};
use tokio_util::sync::CancellationToken;

/// What happens to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// The process dies before AWS gets the request.
    CrashBefore,
    /// The process dies when AWS has carried it out.
    CrashAfter,
    /// AWS gets no request, and the process hears of a broken connection.
    RequestLost,
    /// AWS carries it out, and the process hears of a broken connection.
    AnswerLost,
}

impl Break {
    pub(crate) const ALL: [Self; 4] =
        [Self::CrashBefore, Self::CrashAfter, Self::RequestLost, Self::AnswerLost];
}

/// The way of one process.
#[derive(Clone)]
pub(crate) struct Way {
    aws: InMemoryAws,
    at: usize,
    how: Break,
    calls: Arc<AtomicUsize>,
    died: CancellationToken,
}

impl Way {
    /// The call with this number, from 0, goes wrong.
    pub(crate) fn broken(aws: &InMemoryAws, at: usize, how: Break) -> Self {
        Self { aws: aws.clone(), at, how, calls: Arc::default(), died: CancellationToken::new() }
    }

    pub(crate) fn sdk_config(&self) -> SdkConfig {
        let way = self.clone();
        let client = tap::new(move |request| way.clone().carry_out(request));
        self.aws.sdk_config().into_builder().http_client(client).build()
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Does the work of the process until it ends or the process dies.
    pub(crate) async fn live(&self, work: impl Future<Output = ()>) {
        tokio::select! {
            biased;
            () = self.died.cancelled() => {}
            () = work => {}
        }
    }

    async fn carry_out(self, request: HttpRequest) -> tap::Answer {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        if number != self.at {
            return self.aws.call(request).await;
        }
        let broken = || ConnectorError::io("the connection broke".into());
        match self.how {
            Break::CrashBefore => self.die().await,
            Break::CrashAfter => {
                let _nobody_hears_it = self.aws.call(request).await;
                self.die().await
            }
            Break::RequestLost => Err(broken()),
            Break::AnswerLost => self.aws.call(request).await.and_then(|_| Err(broken())),
        }
    }

    async fn die(&self) -> tap::Answer {
        self.died.cancel();
        std::future::pending().await
    }
}
