//! Many subjects on their way at once. They share calls, and none waits for another's: a topic that hangs or a partition that is slow
//! keeps back only the subjects that need it.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, atomic::Ordering},
    task::Poll,
    time::Duration,
};

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};

use super::{
    RelayError,
    batch::pack,
    damage::{Row, key_of},
    desk::{Desk, Rows},
    dispatch::{LONGEST_CHAIN, Outcome, Relay},
    share::{Request, cut},
    subject::Subject,
    verdict::Verdict,
};
use crate::outbox::{RowKey, is_subject};

/// How many rows share a read, a look at whose turn it is, and a deletion ("Amazon DynamoDB API Reference": `BatchGetItem` takes 100 items,
/// `TransactGetItems` 100, which are 50 pairs, and `BatchWriteItem` 25).
pub(super) const ROWS_A_READ: usize = 100;
const PAIRS_A_LOOK: usize = 50;
const ROWS_A_DELETION: usize = 25;

/// Wake-ups of many subjects.
pub(super) struct Flow<'a, F> {
    desk: Arc<Desk<'a>>,
    report: F,
    steps: FuturesUnordered<BoxFuture<'a, Step>>,
    /// Subjects that were not dispatched.
    pub(super) left: HashSet<String>,
}

/// What has just been done.
enum Step {
    /// Some subjects were read, or have to be read each by itself.
    Read(Vec<(String, Option<Vec<Row>>)>),
    Dispatched(String, Result<Outcome, RelayError>),
    /// A call that subjects share; they have their answers.
    Called,
}

impl<'a, F: FnMut(String, Result<Outcome, RelayError>)> Flow<'a, F> {
    pub(super) fn new(relay: &'a Relay, report: F) -> Self {
        Self {
            desk: Arc::new(Desk::new(relay)),
            report,
            steps: FuturesUnordered::new(),
            left: HashSet::new(),
        }
    }

    /// How many messages were dispatched so far.
    pub(super) fn dispatched(&self) -> usize {
        self.desk.dispatched.load(Ordering::Relaxed)
    }

    /// Dispatches everything of these subjects.
    pub(super) async fn wake(&mut self, mut partitions: Vec<String>) {
        partitions.sort_unstable();
        partitions.dedup();
        for partition in partitions {
            if self.is_subject(&partition) {
                self.begin(partition, None);
            }
        }
        self.run().await;
    }

    /// Dispatches the rows with these keys. The rows of a subject are read together.
    pub(super) async fn wake_rows(&mut self, mut keys: Vec<RowKey>) {
        keys.sort_unstable();
        keys.dedup();
        let mut some: Vec<RowKey> = Vec::new();
        for of_one in keys.chunk_by(|a, b| a.partition == b.partition) {
            if !of_one.first().is_some_and(|key| self.is_subject(&key.partition)) {
                continue;
            }
            if some.len() + of_one.len() > ROWS_A_READ {
                self.read(std::mem::take(&mut some));
            }
            some.extend_from_slice(of_one);
        }
        self.read(some);
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

    fn read(&mut self, keys: Vec<RowKey>) {
        if keys.is_empty() {
            return;
        }
        let (desk, looking) = (Arc::clone(&self.desk), Arc::clone(&self.desk.looking));
        self.steps.push(Box::pin(async move {
            let _looking = looking;
            let read = desk.relay.store.rows(&keys, desk.relay.backoff());
            let rows = desk.look(LONGEST_CHAIN, read).await;
            let mut subjects: Vec<_> = keys.into_iter().map(|key| (key.partition, None)).collect();
            subjects.dedup_by(|a, b| a.0 == b.0);
            if let Ok(mut rows) = rows {
                rows.sort_unstable_by(|a, b| key_of(b).cmp(&key_of(a)));
                for (partition, of_one) in &mut subjects {
                    let is_of = |row: &mut Row| key_of(row).0 == partition;
                    *of_one = Some(std::iter::from_fn(|| rows.pop_if(is_of)).collect());
                }
            }
            Step::Read(subjects)
        }));
    }

    fn begin(&mut self, partition: String, rows: Option<Vec<Row>>) {
        let subject = Subject::new(Arc::clone(&self.desk), partition, rows);
        self.steps.push(Box::pin(
            subject.dispatch().map(|(partition, result)| Step::Dispatched(partition, result)),
        ));
    }

    /// Lets every subject go as far as it can by itself. What they then wait for is called for together: at once if nothing under way can
    /// bring more of it, otherwise after a moment.
    async fn run(&mut self) {
        let mut moment = std::pin::pin!(tokio::time::sleep(Duration::ZERO));
        std::future::poll_fn(|context| {
            loop {
                match self.steps.poll_next_unpin(context) {
                    Poll::Ready(Some(step)) => self.go_on(step),
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending if self.call() => {}
                    Poll::Pending => {
                        let Some(due) = self.desk.due() else { return Poll::Pending };
                        moment.as_mut().reset(due);
                        if moment.as_mut().poll(context).is_pending() {
                            return Poll::Pending;
                        }
                    }
                }
            }
        })
        .await;
    }

    fn go_on(&mut self, step: Step) {
        match step {
            Step::Read(subjects) => {
                subjects.into_iter().for_each(|(partition, rows)| self.begin(partition, rows))
            }
            Step::Dispatched(partition, result) => {
                if !matches!(result, Ok(Outcome::Dispatched(_))) {
                    self.left.insert(partition.clone());
                }
                (self.report)(partition, result);
            }
            Step::Called => {}
        }
    }

    /// Calls for what is waited for, if it is time; whether it was.
    fn call(&mut self) -> bool {
        let (desk, before) = (Arc::clone(&self.desk), self.steps.len());
        let mut turns = desk.turns.take(Arc::strong_count(&desk.looking) == 1, PAIRS_A_LOOK);
        let is_seen = Arc::strong_count(&desk.looking) == 1 && !desk.turns.is_under_way();
        while !turns.is_empty() {
            let some = cut(&mut turns, PAIRS_A_LOOK);
            self.push(|desk| async move { desk.see_turns(some).await });
        }
        self.send(desk.messages.take(is_seen, usize::MAX));
        let is_sent = is_seen && !desk.messages.is_under_way();
        let mut deletions = desk.deletions.take(is_sent, ROWS_A_DELETION);
        while !deletions.is_empty() {
            let some = cut(&mut deletions, ROWS_A_DELETION);
            self.push(|desk| async move { desk.delete(some).await });
        }
        self.steps.len() > before
    }

    fn send(&mut self, messages: Vec<Request<Rows, Vec<Verdict>>>) {
        let first = |rows: &Rows| rows.first().map(Arc::clone);
        let mut by_topic: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for (row, request) in
            messages.into_iter().filter_map(|request| Some((first(&request.item)?, request)))
        {
            by_topic.entry(row.topic.clone()).or_default().push((row, request));
        }
        for (topic, mut requests) in by_topic {
            // Reads end in any order; which messages share a call must not depend on it.
            requests.sort_unstable_by(|(a, _), (b, _)| a.partition.cmp(&b.partition));
            let size = |rows: &Rows| (rows.len(), rows.iter().map(|row| row.message.len()).sum());
            for count in pack(requests.iter().map(|(_, request)| size(&request.item))) {
                let some = cut(&mut requests, count).into_iter().map(|(_, request)| request).collect();
                let topic = topic.clone();
                self.push(|desk| async move { desk.send(topic, some).await });
            }
        }
    }

    fn push<C: Future<Output = ()> + Send + 'a>(&mut self, call: impl FnOnce(Arc<Desk<'a>>) -> C) {
        self.steps.push(Box::pin(call(Arc::clone(&self.desk)).map(|()| Step::Called)));
    }
}
