//! Many subjects on their way at once. They share calls, and none waits for another's: a topic that hangs or a partition that is slow
//! keeps back only the subjects that need it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use tokio::{sync::Semaphore, time::Instant};
use waiting::Deadline;

use super::{
    RelayError,
    batch::{MAX_BATCH_BYTES, MAX_ENTRIES, pack},
    damage::{Row, row_of, sequence_of},
    dispatch::{LONGEST_CHAIN, LONGEST_STEP, Outcome, Relay},
    store::Turn,
    subject::{End, Next, Subject},
    verdict::Verdict,
};
use crate::outbox::{OutboxRow, RowKey, is_subject};

/// How many calls to the outbox are under way at once, and how many to one topic.
const CONCURRENT_READS: usize = 16;
const CONCURRENT_CALLS: usize = 8;
/// How many rows share a read, a look at whose turn it is, and a deletion ("Amazon DynamoDB API Reference": `BatchGetItem` takes 100 items,
/// `TransactGetItems` 100, which are 50 pairs, and `BatchWriteItem` 25).
const ROWS_A_READ: usize = 100;
const PAIRS_A_LOOK: usize = 50;
const ROWS_A_DELETION: usize = 25;
/// How long a message waits for others to share its call, while subjects are still being looked at.
const LINGER: Duration = Duration::from_millis(100);
/// How long a row that was sent waits for others to be deleted with, while others are being sent.
const LINGER_SENT: Duration = Duration::from_millis(400);

/// Wake-ups of many subjects.
pub(super) struct Flow<'a, F> {
    relay: &'a Relay,
    report: F,
    subjects: Vec<Subject>,
    steps: FuturesUnordered<BoxFuture<'a, Step>>,
    /// How many steps under way may make subjects ready.
    looking: usize,
    /// Subjects of which it must be seen whether it is their next row's turn.
    unproven: Vec<usize>,
    /// Subjects whose next message is of this topic.
    ready: BTreeMap<String, Vec<usize>>,
    /// Since when there are some of these.
    since: Option<Instant>,
    /// Rows that were sent, with their subjects, and since when.
    sent: Vec<(usize, OutboxRow)>,
    sent_since: Option<Instant>,
    /// How many steps under way delete rows.
    deleting: usize,
    database: Arc<Semaphore>,
    topics: HashMap<String, Arc<Topic>>,
    /// How many messages were dispatched.
    pub(super) dispatched: usize,
    /// Subjects that were not dispatched.
    pub(super) left: HashSet<String>,
}

/// The calls to one topic.
struct Topic {
    permits: Semaphore,
    /// It did not answer in time: to wait for it again would keep everybody for as long again.
    is_silent: AtomicBool,
}

/// What has just been done.
enum Step {
    /// The rows with some keys of these subjects were read.
    Rows(Vec<usize>, Result<Vec<Row>, RelayError>),
    /// A subject's rows were read, and whether there are more.
    Page(usize, Result<(Vec<Row>, bool), RelayError>),
    Waited(usize, Turn),
    Turns(Vec<usize>, Result<Vec<Turn>, RelayError>),
    Published(Vec<(usize, OutboxRow)>, Vec<Verdict>),
    Marked(usize, Result<bool, RelayError>),
    Deleted(Vec<(usize, OutboxRow)>, Result<(), RelayError>),
}

impl<'a, F: FnMut(String, Result<Outcome, RelayError>)> Flow<'a, F> {
    pub(super) fn new(relay: &'a Relay, report: F) -> Self {
        Self {
            relay,
            report,
            subjects: Vec::new(),
            steps: FuturesUnordered::new(),
            looking: 0,
            unproven: Vec::new(),
            ready: BTreeMap::new(),
            since: None,
            sent: Vec::new(),
            sent_since: None,
            deleting: 0,
            database: Arc::new(Semaphore::new(CONCURRENT_READS)),
            topics: HashMap::new(),
            dispatched: 0,
            left: HashSet::new(),
        }
    }

    /// Dispatches everything of these subjects.
    pub(super) async fn wake(&mut self, mut partitions: Vec<String>) {
        partitions.retain(|partition| self.is_subject(partition));
        partitions.sort_unstable();
        partitions.dedup();
        self.subjects = partitions.into_iter().map(Subject::new).collect();
        for at in 0..self.subjects.len() {
            self.query(at);
        }
        self.run().await;
    }

    /// Dispatches the rows with these keys.
    pub(super) async fn wake_rows(&mut self, mut keys: Vec<RowKey>) {
        keys.retain(|key| self.is_subject(&key.partition));
        keys.sort_unstable();
        keys.dedup();
        self.subjects.clear();
        for keys in keys.chunks(ROWS_A_READ) {
            let mut subjects = Vec::new();
            for of_one in keys.chunk_by(|a, b| a.partition == b.partition) {
                let Some(first) = of_one.first() else { continue };
                if self.subjects.last().is_none_or(|last| last.partition != first.partition) {
                    self.subjects.push(Subject::new(first.partition.clone()));
                }
                let at = self.subjects.len() - 1;
                self.subjects[at].reading += 1;
                subjects.push(at);
            }
            let (relay, keys) = (self.relay, keys.to_vec());
            let read = async move { relay.store.rows(&keys, relay.backoff()).await };
            self.look(LONGEST_CHAIN, read, |rows| Step::Rows(subjects, rows));
        }
        self.run().await;
    }

    /// Where other things than messages lie, there is nothing to do.
    fn is_subject(&mut self, partition: &str) -> bool {
        let is_subject = is_subject(partition);
        if !is_subject {
            (self.report)(partition.to_owned(), Ok(Outcome::Dispatched(0)));
        }
        is_subject
    }

    /// Each subject is read, sends one message after the other, and its rows are deleted. What many of them need is asked for in one call: as
    /// soon as no subject is being looked at any more, or after a moment.
    async fn run(&mut self) {
        loop {
            let now = Instant::now();
            let is_late = |since: Option<Instant>, linger| since.is_some_and(|since| now >= since + linger);
            let late = is_late(self.since, LINGER);
            if self.looking == 0 || late {
                self.prove_what_waits();
            }
            if self.looking == 0 || late {
                self.send_what_is_ready();
            }
            self.delete_what_was_sent(is_late(self.sent_since, LINGER_SENT));
            let (since, sent_since) =
                (self.since.map(|at| at + LINGER), self.sent_since.map(|at| at + LINGER_SENT));
            let soonest = since.into_iter().chain(sent_since).min();
            tokio::select! {
                biased;
                step = self.steps.next() => match step {
                    Some(step) => self.go_on(step),
                    None => return,
                },
                () = tokio::time::sleep_until(soonest.unwrap_or(now)), if soonest.is_some() => {}
            }
        }
    }

    fn go_on(&mut self, step: Step) {
        match step {
            Step::Rows(subjects, rows) => self.note_rows(subjects, rows),
            Step::Page(at, page) => match self.looked(page) {
                Ok((rows, more)) => {
                    let subject = &mut self.subjects[at];
                    (subject.rows, subject.more) = (rows.into(), more);
                    self.next(at);
                }
                Err(error) => self.end(at, End::Failed(error)),
            },
            Step::Waited(at, Turn::Behind) => self.query(at),
            Step::Waited(at, _) => self.next(at),
            Step::Turns(subjects, turns) => self.note_turns(subjects, turns),
            Step::Published(rows, verdicts) => self.note_verdicts(rows, verdicts),
            Step::Marked(at, marked) => match self.looked(marked) {
                Ok(true) => self.end(at, End::Parked),
                Ok(false) => {
                    self.subjects[at].pass();
                    self.next(at);
                }
                Err(error) => self.end(at, End::Failed(error)),
            },
            Step::Deleted(rows, deleted) => self.note_deleted(rows, deleted),
        }
    }

    /// What comes next for this subject.
    fn next(&mut self, at: usize) {
        match self.subjects[at].next() {
            Next::Send(topic) => {
                self.since.get_or_insert_with(Instant::now);
                self.ready.entry(topic).or_default().push(at);
            }
            Next::Prove => {
                self.since.get_or_insert_with(Instant::now);
                self.unproven.push(at);
            }
            Next::Mark(key, reason) => {
                let relay = self.relay;
                let mark = async move {
                    let marked = relay.store.park(&key, &reason).await;
                    if matches!(marked, Ok(true)) {
                        let RowKey { partition, sequence } = key;
                        tracing::error!(partition, sequence, reason, "subject_parked");
                    }
                    marked
                };
                self.look(LONGEST_STEP, mark, move |marked| Step::Marked(at, marked));
            }
            Next::Read => self.query(at),
            Next::Nothing(end) => self.end(at, end),
        }
    }

    fn end(&mut self, at: usize, end: End) {
        self.subjects[at].end = Some(end);
        self.tell(at);
    }

    fn tell(&mut self, at: usize) {
        let subject = &mut self.subjects[at];
        if let Some(result) = subject.result() {
            if !matches!(result, Ok(Outcome::Dispatched(_))) {
                self.left.insert(subject.partition.clone());
            }
            (self.report)(std::mem::take(&mut subject.partition), result);
        }
    }

    /// A look at the outbox, if there is time left for it and for what follows.
    fn look<T: Send + 'a>(
        &mut self,
        chain: Duration,
        work: impl Future<Output = Result<T, RelayError>> + Send + 'a,
        step: impl FnOnce(Result<T, RelayError>) -> Step + Send + 'a,
    ) {
        self.looking += 1;
        let database = Arc::clone(&self.database);
        self.steps.push(Box::pin(async move { step(within(database, chain, work).await) }));
    }

    fn looked<T>(&mut self, done: T) -> T {
        self.looking -= 1;
        done
    }

    /// Reads the subject's rows behind the last one that was sent.
    fn query(&mut self, at: usize) {
        let (relay, subject) = (self.relay, &self.subjects[at]);
        let (partition, last) = (subject.partition.clone(), subject.last.clone());
        let read = async move {
            let page = relay.store.rows_behind(&partition, last.as_deref()).await?;
            Ok((page.items.into_iter().map(row_of).collect(), page.next.is_some()))
        };
        self.look(LONGEST_CHAIN, read, move |page| Step::Page(at, page));
    }

    /// One subject's failure must not be another's: what could not be read together is read for each by itself.
    fn note_rows(&mut self, subjects: Vec<usize>, rows: Result<Vec<Row>, RelayError>) {
        match self.looked(rows) {
            Ok(rows) => {
                for row in rows {
                    let partition = match &row {
                        Ok(row) => &row.partition,
                        Err(bad) => &bad.key.partition,
                    };
                    let found = subjects.binary_search_by(|at| self.subjects[*at].partition.cmp(partition));
                    if let Some(at) = found.ok().and_then(|index| subjects.get(index)) {
                        self.subjects[*at].rows.push_back(row);
                    }
                }
            }
            Err(_) => subjects.iter().for_each(|at| self.subjects[*at].more = true),
        }
        for at in subjects {
            let subject = &mut self.subjects[at];
            subject.reading -= 1;
            if subject.reading > 0 {
                continue;
            }
            if subject.more {
                subject.rows.clear();
            }
            subject.rows.make_contiguous().sort_unstable_by(|a, b| sequence_of(a).cmp(sequence_of(b)));
            self.next(at);
        }
    }

    fn note_turns(&mut self, subjects: Vec<usize>, turns: Result<Vec<Turn>, RelayError>) {
        let turns = match (self.looked(turns), subjects.as_slice()) {
            (Ok(turns), _) => turns,
            (Err(error), [at]) => return self.end(*at, End::Failed(error)),
            (Err(_), _) => return subjects.into_iter().for_each(|at| self.prove(vec![at])),
        };
        for (at, turn) in subjects.into_iter().zip(turns) {
            match turn {
                Turn::Now => self.subjects[at].let_go(),
                Turn::Over => self.subjects[at].pass(),
                Turn::Behind | Turn::Unclear => {
                    self.look_again(at, turn);
                    continue;
                }
            }
            self.next(at);
        }
    }

    /// What stands in front of the row is read: at once the first time, and then after a pause. Where a commit is becoming visible there is
    /// nothing to read yet.
    fn look_again(&mut self, at: usize, turn: Turn) {
        let subject = &mut self.subjects[at];
        subject.looks += 1;
        if turn == Turn::Behind && subject.looks == 1 {
            return self.query(at);
        }
        let Some(pause) = self.relay.backoff().delay_after(subject.looks) else {
            return self.end(at, End::Failed(RelayError::Unfinished));
        };
        if Deadline::current().is_some_and(|deadline| deadline.left() <= pause) {
            return self.end(at, End::Failed(RelayError::Unfinished));
        }
        self.steps.push(Box::pin(async move {
            tokio::time::sleep(pause).await;
            Step::Waited(at, turn)
        }));
    }

    fn prove_what_waits(&mut self) {
        let mut unproven = std::mem::take(&mut self.unproven);
        unproven.sort_unstable();
        for some in unproven.chunks(PAIRS_A_LOOK) {
            self.prove(some.to_vec());
        }
    }

    fn prove(&mut self, subjects: Vec<usize>) {
        let pair = |at: &usize| match self.subjects[*at].rows.front() {
            Some(Ok(row)) => row.predecessor.as_ref().map(|before| {
                [before, &row.sequence]
                    .map(|sequence| RowKey { partition: row.partition.clone(), sequence: sequence.clone() })
            }),
            _ => None,
        };
        let pairs: Vec<_> = subjects.iter().filter_map(pair).collect();
        let relay = self.relay;
        let prove = async move { relay.store.turns(&pairs).await };
        self.look(LONGEST_STEP.saturating_mul(3), prove, |turns| Step::Turns(subjects, turns));
    }

    fn send_what_is_ready(&mut self) {
        self.since = None;
        for (topic, mut subjects) in std::mem::take(&mut self.ready) {
            // Reads end in any order; which messages share a call must not depend on it.
            subjects.sort_unstable();
            let most = if self.relay.unordered.contains(&topic) { MAX_ENTRIES } else { 1 };
            let mut take = |at: usize| (at, self.subjects[at].take(most, MAX_BATCH_BYTES));
            let taken: Vec<_> = subjects.into_iter().map(&mut take).collect();
            let bytes = |rows: &[OutboxRow]| rows.iter().map(|row| row.message.len()).sum();
            let calls = pack(taken.iter().map(|(_, rows)| (rows.len(), bytes(rows))));
            let mut taken = taken.into_iter();
            for size in calls {
                let of_call = taken.by_ref().take(size);
                let rows =
                    of_call.flat_map(|(at, rows)| rows.into_iter().map(move |row| (at, row))).collect();
                self.send(&topic, rows);
            }
        }
    }

    /// One call.
    fn send(&mut self, name: &str, rows: Vec<(usize, OutboxRow)>) {
        let new = || Topic { permits: Semaphore::new(CONCURRENT_CALLS), is_silent: AtomicBool::new(false) };
        let topic = Arc::clone(self.topics.entry(name.to_owned()).or_insert_with(|| Arc::new(new())));
        let (relay, name) = (self.relay, name.to_owned());
        self.steps.push(Box::pin(async move {
            let _permit = topic.permits.acquire().await;
            if !is_time_for(LONGEST_STEP.saturating_mul(2)) {
                return Step::Published(rows, Vec::new());
            }
            if topic.is_silent.load(Ordering::Relaxed) {
                let verdicts = vec![Verdict::Silent; rows.len()];
                return Step::Published(rows, verdicts);
            }
            let messages: Vec<_> = rows.iter().map(|(_, row)| row).collect();
            let verdicts = Deadline::after(LONGEST_STEP).scope(relay.publisher.send(&name, &messages)).await;
            topic.is_silent.fetch_or(verdicts.contains(&Verdict::Silent), Ordering::Relaxed);
            Step::Published(rows, verdicts)
        }));
    }

    fn note_verdicts(&mut self, rows: Vec<(usize, OutboxRow)>, verdicts: Vec<Verdict>) {
        let mut subjects: Vec<_> = rows.iter().map(|(at, _)| *at).collect();
        subjects.dedup();
        let mut left = Vec::new();
        for ((at, row), verdict) in
            rows.into_iter().zip(verdicts.into_iter().chain(std::iter::repeat(Verdict::Late)))
        {
            if verdict == Verdict::Sent {
                self.subjects[at].note_sent(&row);
                self.dispatched += 1;
                self.sent.push((at, row));
            } else {
                left.push((at, row, verdict));
            }
        }
        for (at, row, verdict) in left.into_iter().rev() {
            self.subjects[at].give_back(row, verdict);
        }
        for at in subjects {
            match self.subjects[at].end {
                None => self.next(at),
                Some(_) => self.tell(at),
            }
        }
    }

    fn delete_what_was_sent(&mut self, late: bool) {
        // Nothing is under way that could bring more.
        let all = late || self.steps.len() == self.deleting;
        while self.sent.len() >= ROWS_A_DELETION || all && !self.sent.is_empty() {
            let rest = self.sent.split_off(self.sent.len().min(ROWS_A_DELETION));
            let rows = std::mem::replace(&mut self.sent, rest);
            self.delete(rows);
            self.sent_since = None;
        }
        if !self.sent.is_empty() {
            self.sent_since.get_or_insert_with(Instant::now);
        }
    }

    fn delete(&mut self, rows: Vec<(usize, OutboxRow)>) {
        self.deleting += 1;
        let (relay, database) = (self.relay, Arc::clone(&self.database));
        self.steps.push(Box::pin(async move {
            let some: Vec<_> = rows.iter().map(|(_, row)| row).collect();
            let delete = relay.store.delete(&some, relay.ambient.now(), relay.backoff());
            let deleted = within(database, Duration::ZERO, delete).await;
            Step::Deleted(rows, deleted)
        }));
    }

    /// What could not be deleted together is deleted row by row.
    fn note_deleted(&mut self, rows: Vec<(usize, OutboxRow)>, deleted: Result<(), RelayError>) {
        self.deleting -= 1;
        if deleted.is_err() && rows.len() > 1 {
            return rows.into_iter().for_each(|row| self.delete(vec![row]));
        }
        let mut error = deleted.err();
        for (at, _) in rows {
            let subject = &mut self.subjects[at];
            subject.undeleted -= 1;
            subject.unsettled = error.take().or(subject.unsettled.take());
            self.tell(at);
        }
    }
}

/// Work on the outbox, if there is time left for it and for what follows.
async fn within<T>(
    database: Arc<Semaphore>,
    chain: Duration,
    work: impl Future<Output = Result<T, RelayError>>,
) -> Result<T, RelayError> {
    let _permit = database.acquire().await;
    if is_time_for(chain) { Deadline::after(LONGEST_STEP).scope(work).await } else { Err(RelayError::Late) }
}

/// Whether so much time is left of the current deadline.
pub(super) fn is_time_for(time: Duration) -> bool {
    Deadline::current().is_none_or(|deadline| deadline.left() >= time)
}
