//! The one place of a tailer where subjects are woken. Readers and the sweep only say which rows are there,
//! so none of them waits for a dispatch, and no subject is dispatched twice at a time.

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
use uuid::Uuid;
use waiting::Outage;

use super::GRACE_OF_WORK;
use crate::{
    driver::with_causes,
    message::Subject,
    outbox::RowKey,
    relay::{News, Outcome, Relay, RelayError},
};

/// How many rows share one wake-up, and with it calls.
const TOGETHER: usize = 100;
/// How many subjects with news are in work at once, and as many that failed before.
const MOST_IN_WORK: usize = 1_000;
/// With so many rows waiting for their turn no more are taken from readers and sweep, which then wait.
const MOST_WAITING: usize = 10_000;
/// How many failing subjects are kept. What is beyond is left to the sweep, which finds it in the table.
const MOST_FAILING: usize = 100_000;
/// A subject that fails is tried again after this, and then after longer and longer.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

type Done = (Subject, Result<Outcome, RelayError>);

/// What is known of the subjects that need work.
pub(super) struct Keeper {
    relay: Relay,
    /// The rows of each that wait for their turn.
    news: BTreeMap<Subject, BTreeSet<String>>,
    waiting: usize,
    /// Those in work.
    working: BTreeSet<Subject>,
    /// Those that failed: since when, and when to try again.
    failing: HashMap<Subject, (Outage, Instant)>,
    tasks: JoinSet<()>,
    of_task: HashMap<Id, Vec<Subject>>,
}

impl Keeper {
    pub(super) fn new(relay: Relay) -> Self {
        Self {
            relay,
            news: BTreeMap::new(),
            waiting: 0,
            working: BTreeSet::new(),
            failing: HashMap::new(),
            tasks: JoinSet::new(),
            of_task: HashMap::new(),
        }
    }

    /// Wakes the subjects that come in until `stop`; then lets what is in work come to its end, for the time
    /// of a grace.
    pub(super) async fn run(mut self, mut news: mpsc::Receiver<Vec<RowKey>>, stop: CancellationToken) {
        let (report, mut done) = mpsc::unbounded_channel();
        while !stop.is_cancelled() {
            self.begin(&report);
            tokio::select! {
                () = stop.cancelled() => break,
                Some(rows) = news.recv(), if self.waiting < MOST_WAITING => self.note(rows),
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

    /// A subject that failed is tried again as a whole, whatever is said of it meanwhile.
    fn note(&mut self, rows: Vec<RowKey>) {
        for RowKey { subject, sequence } in rows {
            if !self.failing.contains_key(&subject) || self.working.contains(&subject) {
                self.waiting += usize::from(self.news.entry(subject).or_default().insert(sequence));
            }
        }
    }

    /// Wakes what has news and what is to be tried again, each by itself: the one never waits for the other.
    fn begin(&mut self, report: &mpsc::UnboundedSender<Done>) {
        let retried = self.working.iter().filter(|subject| self.failing.contains_key(*subject)).count();
        let room = MOST_IN_WORK.saturating_sub(self.working.len() - retried);
        let idle = self.news.keys().filter(|subject| !self.working.contains(*subject));
        let (mut rows, mut subjects) = (Vec::new(), Vec::new());
        for subject in idle.take(room).cloned().collect::<Vec<_>>() {
            let sequences = self.take_news(&subject);
            rows.extend(sequences.map(|sequence| RowKey { subject: subject.clone(), sequence }));
            subjects.push(subject);
            if rows.len() >= TOGETHER {
                self.work(std::mem::take(&mut subjects), News::Rows(std::mem::take(&mut rows)), report);
            }
        }
        if !rows.is_empty() {
            self.work(subjects, News::Rows(rows), report);
        }
        let now = Instant::now();
        let due =
            self.failing.iter().filter(|(subject, (_, due))| *due <= now && !self.working.contains(*subject));
        let room = MOST_IN_WORK.saturating_sub(retried);
        let due: Vec<_> = due.take(room).map(|(subject, _)| subject.clone()).collect();
        for some in due.chunks(TOGETHER) {
            self.work(some.to_vec(), News::Subjects(some.to_vec()), report);
        }
    }

    fn work(&mut self, subjects: Vec<Subject>, news: News, report: &mpsc::UnboundedSender<Done>) {
        let (relay, report) = (self.relay.clone(), report.clone());
        let task = self.tasks.spawn(async move {
            relay.wake_each(news, |subject, result| drop(report.send((subject, result)))).await;
        });
        self.working.extend(subjects.iter().cloned());
        self.of_task.insert(task.id(), subjects);
    }

    fn take_news(&mut self, subject: &Subject) -> impl Iterator<Item = String> {
        let rows = self.news.remove(subject).unwrap_or_default();
        self.waiting -= rows.len();
        rows.into_iter()
    }

    fn end(&mut self, (subject, result): Done) {
        if !self.working.remove(&subject) {
            return;
        }
        match result {
            Ok(_) => {
                if let Some((mut outage, _)) = self.failing.remove(&subject) {
                    outage.over();
                }
            }
            Err(error) => self.fail(subject, &with_causes(&error)),
        }
    }

    fn fail(&mut self, subject: Subject, error: &str) {
        drop(self.take_news(&subject));
        if self.failing.len() >= MOST_FAILING && !self.failing.contains_key(&subject) {
            return;
        }
        let seed = Uuid::new_v5(&Uuid::NAMESPACE_OID, subject.as_str().as_bytes());
        let outage =
            || Outage::new("subject_not_dispatched", subject.as_str(), seed, FIRST_PAUSE, LONGEST_PAUSE);
        let (outage, due) = self.failing.entry(subject.clone()).or_insert_with(|| (outage(), Instant::now()));
        *due = Instant::now() + outage.failed(error);
    }

    /// A task that ended without an answer for some of its subjects has failed for these.
    fn give_back(&mut self, task: Id) {
        for subject in self.of_task.remove(&task).unwrap_or_default() {
            if self.working.remove(&subject) {
                self.fail(subject, "the wake-up ended without a result");
            }
        }
    }
}
