//! Trying again after a lost race.

use std::future::Future;

use waiting::Backoff;

/// An error that may mean: somebody else's commit came between load and commit, so load, decide and commit
/// anew.
pub trait LostRace {
    /// Whether it means that.
    fn is_lost_race(&self) -> bool;
}

/// Runs `attempt` (load, decide, commit) again while it loses races, waiting with jitter in between.
///
/// ```
/// use std::{cell::Cell, time::Duration};
/// use unit_of_work::{Backoff, LostRace, retry_lost_races};
/// # use uuid::Uuid;
///
/// struct Lost;
/// impl LostRace for Lost {
///     fn is_lost_race(&self) -> bool { true }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let attempts = Cell::new(0);
/// let backoff = Backoff::new(Uuid::new_v4(), 5, Duration::from_millis(1), Duration::from_millis(9));
/// let outcome = retry_lost_races(backoff, || async {
///     attempts.set(attempts.get() + 1); // in a service: load, decide, commit
///     if attempts.get() < 3 { Err(Lost) } else { Ok("committed") }
/// });
/// assert_eq!((outcome.await.ok(), attempts.get()), (Some("committed"), 3));
/// # }
/// ```
///
/// # Errors
///
/// The error of the last attempt: a lost race when the attempts or the time until the current deadline are
/// used up, or any other error at once.
pub async fn retry_lost_races<T, E, F, Fut>(backoff: Backoff, mut attempt: F) -> Result<T, E>
where
    E: LostRace,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let mut tries = 1;
    loop {
        match attempt().await {
            Err(error) if error.is_lost_race() => match backoff.delay_after(tries) {
                Some(delay) if waiting::pause(delay).await.is_ok() => {}
                _ => return Err(error),
            },
            outcome => return outcome,
        }
        tries += 1;
    }
}
