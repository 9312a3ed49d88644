//! How long a request may take, and how many there may be at once.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use waiting::{Deadline, in_time};

use super::ApiError;

/// What is taken off the deadline for the work below: it ends first, and says itself what became of it.
const TIME_FOR_THE_ANSWER: Duration = Duration::from_millis(500);

/// What one request may take of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// After so much time the request is answered with 503, whatever it waits for. It reaches down to the
    /// calls of the SDK: attempts, pauses and the recovery of an unknown outcome fit into it.
    pub deadline: Duration,
    /// So many requests are handled at a time. One more is answered with 503 at once, while its caller still
    /// listens.
    pub concurrent: usize,
}

impl Default for RequestLimits {
    /// Ten seconds: DynamoDB may need more than five to end a transaction that its coordinator left behind
    /// ("Amazon DynamoDB API Reference, TransactWriteItems"), and callers and load balancers rarely wait for
    /// more than 15. And 256 requests.
    fn default() -> Self {
        Self { deadline: Duration::from_secs(10), concurrent: 256 }
    }
}

#[derive(Clone)]
pub(crate) struct Limited {
    deadline: Duration,
    slots: Arc<Semaphore>,
}

impl From<RequestLimits> for Limited {
    fn from(limits: RequestLimits) -> Self {
        Self { deadline: limits.deadline, slots: Arc::new(Semaphore::new(limits.concurrent)) }
    }
}

pub(crate) async fn limited(State(limits): State<Limited>, request: Request, next: Next) -> Response {
    let Ok(_slot) = limits.slots.try_acquire() else {
        tracing::warn!("request_shed");
        return ApiError::busy().into_response();
    };
    let deadline = Deadline::after(limits.deadline);
    let work = deadline.earlier_by(TIME_FOR_THE_ANSWER).scope(next.run(request));
    match deadline.scope(in_time(work)).await {
        Ok(answer) => answer,
        Err(late) => ApiError::unavailable(&late).into_response(),
    }
}
