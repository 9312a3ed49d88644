//! What the subjects of a wake-up share: calls, and the time there is for them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use tokio::{sync::Semaphore, time::Instant};
use waiting::Deadline;

use super::{
    RelayError,
    dispatch::{LONGEST_STEP, Relay},
    share::{Request, Shared, answer},
    store::Turn,
    verdict::Verdict,
};
use crate::outbox::OutboxRow;

/// How many calls to the outbox are under way at once, and how many to one topic.
const CONCURRENT_READS: usize = 16;
const CONCURRENT_CALLS: usize = 8;
/// How long a message waits for others to share its call, while subjects are still being looked at.
const LINGER: Duration = Duration::from_millis(100);
/// How long a row that was sent waits for others to be deleted with, while others are being sent.
const LINGER_SENT: Duration = Duration::from_millis(400);

pub(super) type Rows = Vec<Arc<OutboxRow>>;

pub(super) struct Desk<'a> {
    pub(super) relay: &'a Relay,
    /// Rows of which it must be seen whether it is their turn.
    pub(super) turns: Shared<Arc<OutboxRow>, Result<Turn, RelayError>>,
    /// Messages whose turn it is; those of one subject stay together.
    pub(super) messages: Shared<Rows, Vec<Verdict>>,
    /// Rows that were sent.
    pub(super) deletions: Shared<Arc<OutboxRow>, Result<(), RelayError>>,
    /// How many messages were sent.
    pub(super) dispatched: AtomicUsize,
    /// Whoever reads the outbox, or is about to, holds one of these.
    pub(super) looking: Arc<()>,
    database: Semaphore,
    topics: Mutex<HashMap<String, Arc<Topic>>>,
}

/// The calls to one topic.
struct Topic {
    permits: Semaphore,
    /// It did not answer in time: to wait for it again would keep everybody for as long again.
    is_silent: AtomicBool,
}

impl<'a> Desk<'a> {
    pub(super) fn new(relay: &'a Relay) -> Self {
        Self {
            relay,
            turns: Shared::new(LINGER),
            messages: Shared::new(LINGER),
            deletions: Shared::new(LINGER_SENT),
            dispatched: AtomicUsize::new(0),
            looking: Arc::default(),
            database: Semaphore::new(CONCURRENT_READS),
            topics: Mutex::default(),
        }
    }

    /// When something has waited for others for long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        let due = [self.turns.due(), self.messages.due(), self.deletions.due()];
        due.into_iter().flatten().min()
    }

    /// A look at the outbox, which may bring something to send, if there is time for it and for what follows.
    pub(super) async fn look<T>(
        &self,
        chain: Duration,
        work: impl Future<Output = Result<T, RelayError>>,
    ) -> Result<T, RelayError> {
        let _looking = Arc::clone(&self.looking);
        self.in_time(chain, work).await
    }

    async fn in_time<T>(
        &self,
        chain: Duration,
        work: impl Future<Output = Result<T, RelayError>>,
    ) -> Result<T, RelayError> {
        let _permit = self.database.acquire().await;
        if is_time_for(chain) {
            Deadline::after(LONGEST_STEP).scope(work).await
        } else {
            Err(RelayError::Late)
        }
    }

    pub(super) async fn see_turns(&self, requests: Vec<Request<Arc<OutboxRow>, Result<Turn, RelayError>>>) {
        let see = |rows: Rows| -> BoxFuture<'_, _> {
            Box::pin(
                self.look(LONGEST_STEP.saturating_mul(3), async move { self.relay.store.turns(&rows).await }),
            )
        };
        answer(requests, &see).await;
    }

    pub(super) async fn delete(&self, requests: Vec<Request<Arc<OutboxRow>, Result<(), RelayError>>>) {
        let delete = |rows: Rows| -> BoxFuture<'_, _> {
            Box::pin(self.in_time(Duration::ZERO, async move {
                let now = self.relay.ambient.now();
                self.relay.store.delete(&rows, now, self.relay.backoff()).await?;
                Ok(rows.iter().map(|_| ()).collect())
            }))
        };
        answer(requests, &delete).await;
    }

    /// One call of SNS.
    pub(super) async fn send(&self, topic: String, requests: Vec<Request<Rows, Vec<Verdict>>>) {
        let rows: Vec<&OutboxRow> =
            requests.iter().flat_map(|request| &request.item).map(Arc::as_ref).collect();
        let mut verdicts = self.verdicts(&topic, &rows).await.into_iter();
        for request in requests {
            let count = request.item.len();
            request.answer(verdicts.by_ref().take(count).collect());
        }
    }

    async fn verdicts(&self, name: &str, rows: &[&OutboxRow]) -> Vec<Verdict> {
        let topic = self.topic(name);
        let _permit = topic.permits.acquire().await;
        if !is_time_for(LONGEST_STEP.saturating_mul(2)) {
            return Vec::new();
        }
        if topic.is_silent.load(Ordering::Relaxed) {
            return vec![Verdict::Silent; rows.len()];
        }
        let verdicts = Deadline::after(LONGEST_STEP).scope(self.relay.publisher.send(name, rows)).await;
        topic.is_silent.fetch_or(verdicts.contains(&Verdict::Silent), Ordering::Relaxed);
        verdicts
    }

    fn topic(&self, name: &str) -> Arc<Topic> {
        let new = || Topic { permits: Semaphore::new(CONCURRENT_CALLS), is_silent: AtomicBool::new(false) };
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(topics.entry(name.to_owned()).or_insert_with(|| Arc::new(new())))
    }
}

/// Whether so much time is left of the current deadline.
pub(super) fn is_time_for(time: Duration) -> bool {
    Deadline::current().is_none_or(|deadline| deadline.left() >= time)
}
