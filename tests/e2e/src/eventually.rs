//! Waiting for a condition, never for a time.

use std::{future::Future, time::Duration};

use tokio::time::Instant;

/// How long anything may take. Most of it takes well under a second, a message that is given up after its
/// last receive half a minute; the rest is for a slow machine that is busy with something else.
pub const DEADLINE: Duration = Duration::from_secs(240);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(25);

/// Looks until there is no error, and returns what was found. At the [`DEADLINE`] the last error says what
/// was still wrong.
///
/// # Errors
///
/// The last error.
pub async fn eventually<T, F>(look: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    within(DEADLINE, look).await
}

/// As [`eventually`], with a deadline of one's own.
///
/// # Errors
///
/// The last error.
pub async fn within<T, F>(deadline: Duration, mut look: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let end = Instant::now() + deadline;
    loop {
        match look().await {
            Err(error) if Instant::now() > end => {
                anyhow::bail!("after {} s still: {error:#}", deadline.as_secs())
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
            found => return found,
        }
    }
}
