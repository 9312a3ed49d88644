//! Requests of many subjects that share a call.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt as _,
    channel::oneshot,
    future::{BoxFuture, join_all},
};
use tokio::time::Instant;

use super::RelayError;

/// Requests that wait for their call.
pub(super) struct Shared<T, R> {
    /// How long one waits for others, while there may be others soon.
    linger: Duration,
    waiting: Mutex<Waiting<T, R>>,
    under_way: Arc<()>,
}

struct Waiting<T, R> {
    requests: Vec<Request<T, R>>,
    since: Option<Instant>,
}

/// What is asked for, and where the answer goes.
pub(super) struct Request<T, R> {
    pub(super) item: T,
    answer: oneshot::Sender<(R, Option<Arc<()>>)>,
    under_way: Option<Arc<()>>,
}

impl<T, R> Request<T, R> {
    pub(super) fn answer(self, result: R) {
        // Whoever asked may be gone: a wake-up that was dropped.
        self.answer.send((result, self.under_way)).ok();
    }
}

impl<T, R> Shared<T, R> {
    pub(super) fn new(linger: Duration) -> Self {
        let waiting = Waiting { requests: Vec::new(), since: None };
        Self { linger, waiting: Mutex::new(waiting), under_way: Arc::default() }
    }

    /// The answer comes with the next call that has room; none when that was dropped.
    pub(super) fn ask(&self, item: T) -> impl Future<Output = Option<R>> + use<T, R> {
        let (answer, receiver) = oneshot::channel();
        let mut waiting = self.lock();
        waiting.requests.push(Request { item, answer, under_way: None });
        waiting.since.get_or_insert_with(Instant::now);
        receiver.map(|answer| Some(answer.ok()?.0))
    }

    /// Takes what is to be called for now: everything if nothing can be added soon or one has waited for long enough, and otherwise as many
    /// as fill calls of `full`.
    pub(super) fn take(&self, nothing_to_come: bool, full: usize) -> Vec<Request<T, R>> {
        let mut waiting = self.lock();
        let is_late = waiting.since.is_some_and(|since| since.elapsed() >= self.linger);
        let kept = if nothing_to_come || is_late { 0 } else { waiting.requests.len() % full };
        let count = waiting.requests.len() - kept;
        let mut taken = cut(&mut waiting.requests, count);
        taken.iter_mut().for_each(|request| request.under_way = Some(Arc::clone(&self.under_way)));
        if kept == 0 {
            waiting.since = None;
        }
        taken
    }

    /// Whether something that was taken was not answered, or whoever asked has not gone on yet.
    pub(super) fn is_under_way(&self) -> bool {
        Arc::strong_count(&self.under_way) > 1
    }

    /// When one has waited for long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        self.lock().since.map(|since| since + self.linger)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T, R>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the first ones away.
pub(super) fn cut<T>(list: &mut Vec<T>, count: usize) -> Vec<T> {
    let rest = list.split_off(count.min(list.len()));
    std::mem::replace(list, rest)
}

/// Answers requests with one call. One subject's failure must not be another's: what fails together is called for one by one.
pub(super) async fn answer<'a, T: Clone, R>(
    requests: Vec<Request<T, Result<R, RelayError>>>,
    call: &(dyn Fn(Vec<T>) -> BoxFuture<'a, Result<Vec<R>, RelayError>> + Sync),
) {
    let error = match call(requests.iter().map(|request| request.item.clone()).collect()).await {
        Ok(results) => {
            let answered = requests.into_iter().zip(results);
            return answered.for_each(|(request, result)| request.answer(Ok(result)));
        }
        Err(error) => error,
    };
    let requests = match <[_; 1]>::try_from(requests) {
        Ok([alone]) => return alone.answer(Err(error)),
        Err(several) => several,
    };
    let one_by_one = requests.into_iter().map(|request| async {
        let result = call(vec![request.item.clone()]).await;
        request.answer(result.and_then(|mut results| results.pop().ok_or(RelayError::Unfinished)));
    });
    join_all(one_by_one).await;
}
