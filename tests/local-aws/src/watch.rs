//! Whoever watches sees every call with its answer: of clients in this process, of those in others, and what
//! topics deliver to queues.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use dynoxide::storage_backend::Clock;
use http::Request;
use tokio::sync::broadcast;

/// How many calls a watcher may lag behind before it misses some.
const LAG: usize = 4_096;

/// What a delivery from a topic to a queue is called: no client asks for it.
pub const DELIVER: &str = "Deliver";

/// A call that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// When it was answered: milliseconds since 1970 by the clock of the embedded AWS.
    pub at_ms: u64,
    /// Such as `PutItem`, `ReceiveMessage` or `PublishBatch`, as AWS calls it, or [`DELIVER`].
    pub operation: String,
    /// The request as it was sent: JSON, and for SNS a form.
    pub request: Bytes,
    /// The HTTP status.
    pub status: u16,
    /// The answer as it was sent: JSON, and for SNS XML.
    pub answer: Bytes,
}

/// Those who watch. While there are none, nothing is noted.
#[derive(Clone)]
pub(crate) struct Watchers {
    seen: broadcast::Sender<Arc<Exchange>>,
    clock: Arc<dyn Clock>,
}

impl Watchers {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { seen: broadcast::Sender::new(LAG), clock }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<Exchange>> {
        self.seen.subscribe()
    }

    /// What has to be kept of a request until it is answered; nothing, if nobody watches.
    pub(crate) fn begin(&self, request: &Request<Bytes>) -> Option<(String, Bytes)> {
        // S3 alone names what it is asked for in its path.
        let watched = self.seen.receiver_count() > 0 && request.uri().path() == "/";
        watched.then(|| (operation(request), request.body().clone()))
    }

    pub(crate) fn tell(&self, (operation, request): (String, Bytes), status: u16, answer: Bytes) {
        if self.seen.receiver_count() == 0 {
            return;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time since 1970")]
        let at_ms = (self.clock.now_unix_secs_f64() * 1_000.0) as u64;
        // It fails when the last watcher has just gone.
        self.seen.send(Arc::new(Exchange { at_ms, operation, request, status, answer })).unwrap_or_default();
    }
}

impl fmt::Debug for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchers").field("count", &self.seen.receiver_count()).finish_non_exhaustive()
    }
}

fn operation(request: &Request<Bytes>) -> String {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    let named = target.and_then(|target| target.rsplit('.').next()).map(str::to_owned);
    named
        .or_else(|| {
            form_urlencoded::parse(request.body())
                .find(|(name, _)| name == "Action")
                .map(|(_, value)| value.into_owned())
        })
        .unwrap_or_default()
}
