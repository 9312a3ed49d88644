//! Many subjects on their way at once. They share calls, and none waits for another's: a topic that hangs or
//! a partition that is slow keeps back only the subjects that need it.

mod calls;

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep_until},
};

use self::calls::{Answer, CONCURRENT_CALLS, PAIRS_A_LOOK, ROWS_A_DELETION, ROWS_A_READ, Topic};
use super::{
    RelayError,
    dispatch::{News, Outcome, Relay},
    progress::{Need, Progress},
    row::{Row, key_of},
    shared::{Shared, first},
};
use crate::{
    message::Subject,
    outbox::{OutboxRow, RowKey, partition_of, subject_of},
};

/// How long a message waits for others to share its call, while subjects are still being looked at.
const LINGER: Duration = Duration::from_millis(100);
/// How long a row that was sent waits for others to be deleted with, while others are being sent.
const LINGER_SENT: Duration = Duration::from_millis(400);

/// Wake-ups of many subjects.
pub(super) struct Flow<'a> {
    pub(super) relay: &'a Relay,
    pub(super) subjects: Vec<Progress>,
    ended: Vec<(String, Result<Outcome, RelayError>)>,
    pub(super) calls: FuturesUnordered<BoxFuture<'a, Answer<'a>>>,
    /// Calls that may bring something to send, and those that send, hold one of these while they are under
    /// way.
    pub(super) looking: Arc<()>,
    pub(super) sending: Arc<()>,
    /// Rows of which it must be seen whether it is their turn.
    turns: Shared<OutboxRow>,
    /// Messages whose turn it is.
    messages: Shared<Vec<OutboxRow>>,
    /// Rows that were sent.
    pub(super) deletions: Shared<OutboxRow>,
    pub(super) outbox: Arc<Semaphore>,
    topics: HashMap<String, Arc<Topic>>,
    /// How many messages were sent.
    pub(super) sent: usize,
}

impl<'a> Flow<'a> {
    pub(super) fn new(relay: &'a Relay) -> Self {
        Self {
            relay,
            subjects: Vec::new(),
            ended: Vec::new(),
            calls: FuturesUnordered::new(),
            looking: Arc::default(),
            sending: Arc::default(),
            turns: Shared::new(LINGER),
            messages: Shared::new(LINGER),
            deletions: Shared::new(LINGER_SENT),
            outbox: Arc::new(Semaphore::new(CONCURRENT_CALLS)),
            topics: HashMap::new(),
            sent: 0,
        }
    }

    pub(super) fn add(&mut self, news: News) {
        match news {
            News::Subjects(mut subjects) => {
                subjects.sort_unstable();
                subjects.dedup();
                for subject in subjects {
                    let id = self.begin(partition_of(&subject), true);
                    self.go_on(id, Ok(()));
                }
            }
            News::Rows(keys) => self.add_keys(keys),
        }
    }

    /// The rows of a subject are read together.
    fn add_keys(&mut self, mut keys: Vec<RowKey>) {
        keys.sort_unstable();
        keys.dedup();
        let (mut ids, mut some) = (Vec::new(), Vec::new());
        for of_one in keys.chunk_by(|a, b| a.subject == b.subject) {
            let named = of_one.len().min(ROWS_A_READ);
            if some.len() + named > ROWS_A_READ {
                self.read_rows(std::mem::take(&mut ids), std::mem::take(&mut some));
            }
            let (partition, table) = (partition_of(&of_one[0].subject), &self.relay.store.table);
            some.extend(of_one.iter().take(named).map(|key| table.key(&*partition, Some(&key.sequence))));
            ids.push(self.begin(partition, named < of_one.len()));
        }
        if !ids.is_empty() {
            self.read_rows(ids, some);
        }
    }

    /// Rows that have just been read, those of a subject together and in sequence.
    pub(super) fn add_rows(&mut self, rows: Vec<Row>) {
        let (begin, mut rows) = (self.subjects.len(), rows.into_iter().peekable());
        while let Some(row) = rows.peek() {
            let id = self.begin(key_of(row).0.to_owned(), false);
            self.subjects[id].take_from(&mut rows);
        }
        (begin..self.subjects.len()).for_each(|id| self.go_on(id, Ok(())));
    }

    fn begin(&mut self, partition: String, more: bool) -> usize {
        self.subjects.push(Progress::new(partition, more));
        self.subjects.len() - 1
    }

    /// Lets every subject go as far as it can by itself. What they then wait for is called for together: at
    /// once if nothing under way can bring more of it, otherwise after a moment.
    pub(super) async fn run(&mut self, mut report: impl FnMut(Subject, Result<Outcome, RelayError>)) {
        loop {
            while let Some(Some(answer)) = self.calls.next().now_or_never() {
                answer(self);
            }
            for (partition, result) in self.ended.drain(..) {
                if let Some(subject) = subject_of(&partition) {
                    report(subject, result);
                }
            }
            if self.call() {
                continue;
            }
            let due = [self.turns.due(), self.messages.due(), self.deletions.due()];
            let due = due.into_iter().flatten().min();
            tokio::select! {
                answer = self.calls.next() => match answer {
                    Some(answer) => answer(self),
                    None => break,
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            }
        }
        self.subjects.clear();
    }

    /// Calls for what is waited for, if it is time; whether it was.
    fn call(&mut self) -> bool {
        let before = self.calls.len();
        let mut turns = self.turns.take(is_free(&self.looking), PAIRS_A_LOOK);
        while !turns.is_empty() {
            self.look(first(&mut turns, PAIRS_A_LOOK));
        }
        let messages = self.messages.take(is_free(&self.looking), usize::MAX);
        self.send(messages);
        let nothing_to_come = is_free(&self.looking) && is_free(&self.sending);
        let mut sent = self.deletions.take(nothing_to_come, ROWS_A_DELETION);
        while !sent.is_empty() {
            self.delete(first(&mut sent, ROWS_A_DELETION));
        }
        self.calls.len() > before
    }

    /// The subject needs something else, or ends.
    fn go_on(&mut self, id: usize, result: Result<(), RelayError>) {
        let subject = &mut self.subjects[id];
        if let Err(error) = result {
            subject.end = Some(Err(error));
        }
        if subject.waits {
            return;
        }
        let need = if subject.end.is_none() { subject.next(self.relay) } else { None };
        subject.waits = need.is_some();
        match need {
            Some(Need::Rows) => self.read_on(id),
            Some(Need::Turn(row)) => self.turns.push(id, row),
            Some(Need::Sending(rows)) => self.messages.push(id, rows),
            Some(Need::Mark(bad)) => self.mark(id, bad),
            Some(Need::Pause(looks)) => self.pause(id, looks),
            None if subject.undeleted == 0 => {
                self.ended.push((std::mem::take(&mut subject.partition), subject.result()));
            }
            None => {}
        }
    }

    /// What the subject has waited for has come.
    pub(super) fn wake(&mut self, id: usize, result: Result<(), RelayError>) {
        self.subjects[id].waits = false;
        self.go_on(id, result);
    }

    /// A row of the subject that was sent is deleted, or not.
    pub(super) fn deleted(&mut self, id: usize, result: Result<(), RelayError>) {
        self.subjects[id].undeleted -= 1;
        self.go_on(id, result);
    }
}

/// Nothing of this kind is under way.
fn is_free(under_way: &Arc<()>) -> bool {
    Arc::strong_count(under_way) == 1
}
