//! Being asked to end.
//!
//! ECS sends SIGTERM and, 30 seconds later unless `stopTimeout` says otherwise, SIGKILL. Give
//! [`serve`](crate::serve) less than that, so that the rest of the process has time to end as well.

use std::io;

use tokio_util::sync::CancellationToken;

/// A token that is cancelled when the process is asked to end: by SIGTERM, or by ctrl-c at a desk.
///
/// The handlers are in place when this returns, and stay: a second signal ends the process no sooner.
///
/// # Errors
/// If the operating system refuses the handlers. It needs a running tokio runtime.
pub fn shutdown_token() -> io::Result<CancellationToken> {
    let token = CancellationToken::new();
    let cancelled = token.clone();
    let asked = asked_to_end()?;
    tokio::spawn(async move {
        let signal = asked.await;
        tracing::info!(signal, "shutdown_requested");
        cancelled.cancel();
    });
    Ok(token)
}

#[cfg(unix)]
fn asked_to_end() -> io::Result<impl Future<Output = &'static str>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}

#[cfg(windows)]
fn asked_to_end() -> io::Result<impl Future<Output = &'static str>> {
    let mut ctrl_c = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        ctrl_c.recv().await;
        "ctrl-c"
    })
}
