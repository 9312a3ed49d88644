//! The one place of a tailer where subjects are woken. Readers and the sweep only say which subject may have news, so none of them waits
//! for a dispatch, and no subject is dispatched twice at a time.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    task::{Id, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use transactional_messaging::relay::{Outcome, Relay, RelayError};
use uuid::Uuid;
use waiting::Outage;

use super::GRACE_OF_WORK;
use crate::wake::with_causes;

/// How many subjects share one wake-up, and with it calls.
const TOGETHER: usize = 100;
/// How many subjects with news are in work at once, and as many that failed before.
const MOST_IN_WORK: usize = 1_000;
/// How many failing subjects are kept. What is beyond is left to the sweep, which finds it in the table.
const MOST_FAILING: usize = 100_000;
/// A subject that fails is tried again after this, and then after longer and longer.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

type Done = (String, Result<Outcome, RelayError>);

/// What is known of the subjects that need work.
pub(super) struct Keeper {
    relay: Relay,
    news: BTreeSet<String>,
    /// Those in work, and whether there was news of them meanwhile.
    working: BTreeMap<String, bool>,
    /// Those that failed: since when, and when to try again.
    failing: HashMap<String, (Outage, Instant)>,
    tasks: JoinSet<()>,
    of_task: HashMap<Id, Vec<String>>,
}

impl Keeper {
    pub(super) fn new(relay: Relay) -> Self {
        Self {
            relay,
            news: BTreeSet::new(),
            working: BTreeMap::new(),
            failing: HashMap::new(),
            tasks: JoinSet::new(),
            of_task: HashMap::new(),
        }
    }

    /// Wakes the subjects that come in until `stop`; then lets what is in work come to its end, for the time of a grace.
    pub(super) async fn run(mut self, mut news: mpsc::Receiver<Vec<String>>, stop: CancellationToken) {
        let (report, mut done) = mpsc::unbounded_channel();
        while !stop.is_cancelled() {
            self.begin(&report);
            tokio::select! {
                () = stop.cancelled() => break,
                Some(subjects) = news.recv() => self.note(subjects),
                Some(first) = done.recv() => {
                    self.end(first);
                    while let Ok(next) = done.try_recv() {
                        self.end(next);
                    }
                }
                Some(ended) = self.tasks.join_next_with_id() => match ended {
                    Ok((id, ())) => drop(self.of_task.remove(&id)),
                    Err(error) => self.give_back(error.id()),
                },
                () = tokio::time::sleep(FIRST_PAUSE), if !self.failing.is_empty() => {}
            }
        }
        let in_work = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE_OF_WORK, in_work).await.is_err() {
            tracing::warn!(subjects = self.working.len(), "shutdown_grace_exceeded");
        }
    }

    fn note(&mut self, subjects: Vec<String>) {
        for subject in subjects {
            if let Some(again) = self.working.get_mut(&subject) {
                *again = true;
            } else if !self.failing.contains_key(&subject) {
                self.news.insert(subject);
            }
        }
    }

    /// Wakes what has news and what is to be tried again, each by itself: the one never waits for the other.
    fn begin(&mut self, report: &mpsc::UnboundedSender<Done>) {
        let retried = self.working.keys().filter(|subject| self.failing.contains_key(*subject)).count();
        let room = MOST_IN_WORK.saturating_sub(self.working.len() - retried);
        let news: Vec<_> = self.news.iter().take(room).cloned().collect();
        self.news.retain(|subject| news.binary_search(subject).is_err());
        let now = Instant::now();
        let due = self
            .failing
            .iter()
            .filter(|(subject, (_, due))| *due <= now && !self.working.contains_key(*subject));
        let due: Vec<_> =
            due.take(MOST_IN_WORK.saturating_sub(retried)).map(|(subject, _)| subject.clone()).collect();
        for some in news.chunks(TOGETHER).chain(due.chunks(TOGETHER)) {
            self.working.extend(some.iter().map(|subject| (subject.clone(), false)));
            let (relay, report, subjects) = (self.relay.clone(), report.clone(), some.to_vec());
            let task = self.tasks.spawn(async move {
                relay.wake_each(subjects, |subject, result| drop(report.send((subject, result)))).await;
            });
            self.of_task.insert(task.id(), some.to_vec());
        }
    }

    fn end(&mut self, (subject, result): Done) {
        let Some(again) = self.working.remove(&subject) else { return };
        match result {
            Ok(_) => {
                if let Some((mut outage, _)) = self.failing.remove(&subject) {
                    outage.over();
                }
                if again {
                    self.news.insert(subject);
                }
            }
            Err(error) => self.fail(subject, &with_causes(&error)),
        }
    }

    fn fail(&mut self, subject: String, error: &str) {
        if self.failing.len() >= MOST_FAILING && !self.failing.contains_key(&subject) {
            return;
        }
        let seed = Uuid::new_v5(&Uuid::NAMESPACE_OID, subject.as_bytes());
        let outage =
            || Outage::new("subject_not_dispatched", subject.as_str(), seed, FIRST_PAUSE, LONGEST_PAUSE);
        let (outage, due) = self.failing.entry(subject.clone()).or_insert_with(|| (outage(), Instant::now()));
        *due = Instant::now() + outage.failed(error);
    }

    /// A task that ended without an answer for some of its subjects has failed for these.
    fn give_back(&mut self, task: Id) {
        for subject in self.of_task.remove(&task).unwrap_or_default() {
            if self.working.remove(&subject).is_some() {
                self.fail(subject, "the wake-up ended without a result");
            }
        }
    }
}
