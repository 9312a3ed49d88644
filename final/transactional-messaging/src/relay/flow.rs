//! Many subjects on their way at once. They share calls, and none waits for another's: a topic that hangs or a partition that is slow
//! keeps back only the subjects that need it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use tokio::{sync::Semaphore, time::Instant};
use waiting::{Backoff, Deadline};

use super::{
    RelayError,
    batch::pack,
    dispatch::{LONGEST_CHAIN, LONGEST_STEP, Outcome, Relay},
    store::Pending,
    subject::{Page, Stop, StoppedBy, Subject},
    verdict::Verdict,
};
use crate::outbox::OutboxRow;

/// How many subjects are read or settled at once.
const CONCURRENT_SUBJECTS: usize = 16;
/// How many calls to one topic are under way at once.
const CONCURRENT_CALLS: usize = 8;
/// How often a subject's rows are read again in one call because there were more, or because another relay was faster.
const MAX_PAGES: u32 = 50;
/// How long a message waits for others to share its call, while subjects are still being read.
const LINGER: Duration = Duration::from_millis(100);

/// One wake-up of many subjects.
pub(super) struct Flow<'a, F> {
    relay: &'a Relay,
    report: F,
    /// Subjects whose next message is of this topic.
    ready: BTreeMap<String, Vec<Subject>>,
    /// Since when one of them is ready.
    since: Option<Instant>,
    steps: FuturesUnordered<BoxFuture<'a, Step>>,
    reading: usize,
    database: Arc<Semaphore>,
    topics: HashMap<String, Arc<Semaphore>>,
}

/// What has just been done for one subject, or for those that share a call.
enum Step {
    Read {
        partition: String,
        pages: u32,
        sent_before: usize,
        pending: Result<Pending, RelayError>,
    },
    /// A verdict for each, or none when there was no time left for the call.
    Sent(Vec<Subject>, Vec<Verdict>),
    Settled(Subject, Result<Page, RelayError>),
}

impl<'a, F: FnMut(String, Result<Outcome, RelayError>)> Flow<'a, F> {
    pub(super) fn new(relay: &'a Relay, report: F) -> Self {
        Self {
            relay,
            report,
            ready: BTreeMap::new(),
            since: None,
            steps: FuturesUnordered::new(),
            reading: 0,
            database: Arc::new(Semaphore::new(CONCURRENT_SUBJECTS)),
            topics: HashMap::new(),
        }
    }

    // ANCHOR: flow
    /// Each subject is read, sends one message after the other, and is settled. A message leaves with those of other subjects that are
    /// ready for the same topic: as soon as no subject is being read any more, or after a moment.
    pub(super) async fn run(mut self, partitions: Vec<String>) {
        partitions.into_iter().for_each(|partition| self.read(partition, 0, 0, Duration::ZERO));
        loop {
            if self.reading == 0 {
                self.send_what_is_ready();
            }
            let lingered = tokio::time::sleep_until(self.since.unwrap_or_else(Instant::now) + LINGER);
            tokio::select! {
                biased;
                step = self.steps.next() => match step {
                    Some(step) => self.go_on(step),
                    None => return,
                },
                () = lingered, if self.since.is_some() => self.send_what_is_ready(),
            }
        }
    }
    // ANCHOR_END: flow

    fn go_on(&mut self, step: Step) {
        match step {
            Step::Read { partition, pages, sent_before, pending } => {
                self.reading -= 1;
                match pending {
                    Ok(pending) => self.next(Subject::new(partition, pending, sent_before, pages)),
                    Err(error) => (self.report)(partition, Err(error)),
                }
            }
            Step::Sent(subjects, verdicts) => {
                let mut verdicts = verdicts.into_iter();
                for mut subject in subjects {
                    match verdicts.next() {
                        Some(verdict) => subject.note(verdict),
                        None => subject.stopped_by = Some(StoppedBy::Error(Stop::Late)),
                    }
                    self.next(subject);
                }
            }
            Step::Settled(subject, page) => self.end(subject, page),
        }
    }

    /// The subject's next message waits for its call, or what was sent is noted.
    fn next(&mut self, subject: Subject) {
        if let Some(topic) = subject.next_topic() {
            self.since.get_or_insert_with(Instant::now);
            self.ready.entry(topic.to_owned()).or_default().push(subject);
            return;
        }
        let (relay, database) = (self.relay, Arc::clone(&self.database));
        self.steps.push(Box::pin(async move {
            let _permit = database.acquire().await;
            let page = relay.settle(&subject).await;
            Step::Settled(subject, page)
        }));
    }

    fn end(&mut self, subject: Subject, page: Result<Page, RelayError>) {
        let sent = subject.sent_before + subject.sent;
        let (partition, pages) = (subject.partition, subject.pages);
        let pause = match page {
            Ok(Page::More) => Some(Duration::ZERO),
            Ok(Page::Overtaken) => self.pause_after(pages),
            _ => None,
        };
        let outcome = match page {
            Ok(Page::More | Page::Overtaken) if pages < MAX_PAGES => {
                // What was sent when another was faster, was sent all the same.
                return self.read(partition, pages, sent, pause.unwrap_or_default());
            }
            Ok(Page::More | Page::Overtaken) => Err(RelayError::Unfinished),
            Ok(Page::Last) => Ok(Outcome::Dispatched(sent)),
            Ok(Page::Parked) => Ok(Outcome::Parked),
            Err(error) => Err(error),
        };
        (self.report)(partition, outcome);
    }

    /// Two that race step out of each other's way.
    fn pause_after(&self, pages: u32) -> Option<Duration> {
        let (base, cap) = (Duration::from_millis(5), Duration::from_millis(200));
        Backoff::new(self.relay.ambient.id(), MAX_PAGES, base, cap).delay_after(pages)
    }

    fn read(&mut self, partition: String, pages: u32, sent_before: usize, pause: Duration) {
        self.reading += 1;
        let (relay, database) = (self.relay, Arc::clone(&self.database));
        self.steps.push(Box::pin(async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            let _permit = database.acquire().await;
            let pending = if is_time_for(LONGEST_CHAIN) {
                let read = relay.store.pending(&partition);
                Deadline::after(LONGEST_STEP).scope(read).await
            } else {
                Err(RelayError::Late)
            };
            Step::Read { partition, pages: pages + 1, sent_before, pending }
        }));
    }

    fn send_what_is_ready(&mut self) {
        self.since = None;
        for (topic, mut subjects) in std::mem::take(&mut self.ready) {
            // Reads end in any order; which messages share a call must not depend on it.
            subjects.sort_by(|a, b| a.partition.cmp(&b.partition));
            let rows: Vec<_> = subjects.iter().filter_map(Subject::next_row).collect();
            let sizes: Vec<_> = pack(&rows).iter().map(Vec::len).collect();
            for size in sizes {
                let rest = subjects.split_off(size.min(subjects.len()));
                self.send(&topic, std::mem::replace(&mut subjects, rest));
            }
        }
    }

    /// One call: the next message of each of these subjects.
    fn send(&mut self, topic: &str, subjects: Vec<Subject>) {
        let permits = self.topics.entry(topic.to_owned());
        let permits = Arc::clone(permits.or_insert_with(|| Arc::new(Semaphore::new(CONCURRENT_CALLS))));
        let (relay, topic) = (self.relay, topic.to_owned());
        self.steps.push(Box::pin(async move {
            let _permit = permits.acquire().await;
            if !is_time_for(LONGEST_STEP.saturating_mul(2)) {
                return Step::Sent(subjects, Vec::new());
            }
            let rows: Vec<&OutboxRow> = subjects.iter().filter_map(Subject::next_row).collect();
            let verdicts = Deadline::after(LONGEST_STEP).scope(relay.publisher.send(&topic, &rows)).await;
            Step::Sent(subjects, verdicts)
        }));
    }
}

/// Whether so much time is left of the current deadline.
fn is_time_for(time: Duration) -> bool {
    Deadline::current().is_none_or(|deadline| deadline.left() >= time)
}
