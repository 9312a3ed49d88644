//! Waking subjects: see whose turn it is, publish in sequence, delete what was sent.

use super::{
    RelayError,
    dispatch::{News, Outcome, Relay, Results},
    flow::Flow,
};
use crate::{
    message::Subject,
    outbox::{RowKey, partition_of},
};

impl Relay {
    /// Dispatches everything that waits of these subjects. Subjects do not wait for each other's failures;
    /// each has a result of its own.
    ///
    /// Within a [deadline](waiting::Deadline) it ends in time: [`LONGEST_CHAIN`](super::LONGEST_CHAIN) before
    /// it no subject is begun any more, and those that were not have [`RelayError::Late`] as their result.
    pub async fn wake(&self, subjects: Vec<Subject>) -> Results {
        self.woken(News::Subjects(subjects)).await
    }

    /// Dispatches the rows with these keys, as stream records name them, with whatever must be sent before
    /// them; the results are those of their subjects. Many rows are read with one call, so this is cheaper
    /// than [`wake`](Self::wake). A row that is not there was sent.
    pub async fn wake_rows(&self, keys: Vec<RowKey>) -> Results {
        self.woken(News::Rows(keys)).await
    }

    async fn woken(&self, news: News) -> Results {
        let mut results = Results::new();
        self.wake_each(news, |subject, result| drop(results.insert(subject, result))).await;
        results
    }

    /// Either of both, for a caller that wants each result as soon as its subject is done: the slowest topic
    /// may take long.
    pub async fn wake_each(
        &self,
        news: News,
        report: impl FnMut(Subject, Result<Outcome, RelayError>) + Send,
    ) {
        let mut flow = Flow::new(self);
        flow.add(news);
        Box::pin(flow.run(report)).await;
    }

    /// Lets a parked subject go on, and wakes it.
    ///
    /// # Errors
    ///
    /// [`RelayError`] when the mark could not be removed or the subject could not be dispatched.
    pub async fn unpark(&self, subject: &Subject) -> Result<Outcome, RelayError> {
        self.store.unpark(&partition_of(subject)).await?;
        let result = self.wake(vec![subject.clone()]).await.remove(subject);
        result.unwrap_or(Err(RelayError::Unfinished))
    }
}
