//! The moment by which a piece of work must have ended, and how it travels with the work.

use std::{future::Future, time::Duration};

use tokio::time::Instant;

tokio::task_local! {
    static CURRENT: Deadline;
}

/// The moment by which work must have ended, because whoever asked for it stops listening then.
///
/// It is set where the work comes in (a request, a message, an invocation) with [`Deadline::scope`], and
/// travels with the task, as a tracing span does: whatever runs inside may ask for the
/// [current](Deadline::current) one. A task that is spawned inside begins without it; give it the deadline
/// with a `scope` of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

/// The deadline passed first. What was under way may have taken effect or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the deadline passed before the work was done")]
pub struct Late;

impl Deadline {
    /// So long from now.
    pub fn after(time: Duration) -> Self {
        let now = Instant::now();
        // Where the clock ends, a century is as good as for ever.
        Self(now.checked_add(time).unwrap_or(now + Duration::from_secs(100 * 365 * 24 * 60 * 60)))
    }

    /// The deadline of the work that is running, if it has one.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|deadline| *deadline).ok()
    }

    /// The time until then; zero once it has passed.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether it has passed.
    pub fn is_over(self) -> bool {
        self.left().is_zero()
    }

    /// The same, but for so much time that is kept for what comes after the work: an answer, a message given
    /// back.
    #[must_use]
    pub fn earlier_by(self, time: Duration) -> Self {
        Self(self.0.checked_sub(time).unwrap_or(self.0))
    }

    /// Runs the work with this deadline. Inside another scope the sooner of both counts: a part never has
    /// more time than the whole.
    ///
    /// It does not end the work when the time is up; [`in_time`] does.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        let deadline = Self::current().map_or(self, |outer| outer.min(self));
        CURRENT.scope(deadline, work).await
    }
}

/// Runs the work until it ends or the current deadline passes. Without a deadline it runs to its end.
///
/// # Errors
///
/// [`Late`] when the deadline passed first; the work was dropped then.
pub async fn in_time<F: Future>(work: F) -> Result<F::Output, Late> {
    match Deadline::current() {
        Some(deadline) => tokio::time::timeout_at(deadline.0, work).await.map_err(|_| Late),
        None => Ok(work.await),
    }
}

/// Pauses for so long, if there is time left after it.
///
/// # Errors
///
/// [`Late`], at once, when the current deadline would pass during the pause: to wait for it would help
/// nobody.
pub async fn pause(time: Duration) -> Result<(), Late> {
    if Deadline::current().is_some_and(|deadline| deadline.left() <= time) {
        return Err(Late);
    }
    tokio::time::sleep(time).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_part_never_has_more_time_than_the_whole() {
        assert_eq!(Deadline::current(), None);
        let inner = |seconds| Deadline::after(seconds * SECOND).scope(async { Deadline::current() });
        let outer = Deadline::after(5 * SECOND);
        assert_eq!(outer.scope(inner(9)).await, Some(outer));
        assert_eq!(outer.scope(inner(3)).await, Some(Deadline::after(3 * SECOND)));
    }

    #[tokio::test(start_paused = true)]
    async fn work_is_ended_at_its_deadline_and_not_before() {
        let work = |seconds| Deadline::after(5 * SECOND).scope(in_time(tokio::time::sleep(seconds * SECOND)));
        let begun = Instant::now();
        assert_eq!(work(4).await, Ok(()));
        assert_eq!(work(9).await, Err(Late));
        assert_eq!(begun.elapsed().as_secs(), 4 + 5);
        assert_eq!(in_time(tokio::time::sleep(9 * SECOND)).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_would_outlast_the_deadline_ends_at_once() {
        let begun = Instant::now();
        let paused =
            Deadline::after(5 * SECOND).scope(async { (pause(4 * SECOND).await, pause(SECOND).await) });
        assert_eq!(paused.await, (Ok(()), Err(Late)));
        assert_eq!(begun.elapsed().as_secs(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_for_later_is_taken_off() {
        let deadline = Deadline::after(5 * SECOND);
        assert_eq!(deadline.earlier_by(2 * SECOND).left(), 3 * SECOND);
        assert!(!deadline.is_over() && deadline.earlier_by(5 * SECOND).is_over());
        assert!(Deadline::after(Duration::MAX).left() > Duration::from_secs(u64::from(u32::MAX) / 2));
    }
}
