//! Trying again after a lost race.

use std::future::Future;

use waiting::Backoff;

/// An error that may mean: somebody else's commit came between load and commit, so load, decide and commit anew.
pub trait LostRace {
    /// Whether it means that.
    fn is_lost_race(&self) -> bool;
}

/// Runs `attempt` (load, decide, commit) again while it loses races, waiting with jitter in between.
///
/// # Errors
///
/// The error of the last attempt: a lost race when the attempts or the time until the current deadline are used up, or any other error
/// at once.
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
