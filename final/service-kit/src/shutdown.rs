//! Ending a process without cutting off the requests it has taken on.
//!
//! ECS sends SIGTERM and, 30 seconds later unless `stopTimeout` says otherwise, SIGKILL. Give [`serve`] less
//! than that, so that the rest of the process has time to end as well.

use std::io;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
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

/// Serves HTTP until `token` is cancelled, then stops accepting, answers what it has accepted, and returns.
///
/// It returns at the latest `grace` after the cancellation. A request that is still running then is not
/// answered: it ends with the runtime, so let `main` return soon after.
///
/// # Errors
/// If the server itself fails. A connection that fails is nobody's business but its own.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    token: CancellationToken,
    grace: Duration,
) -> io::Result<()> {
    let server = axum::serve(listener, router).with_graceful_shutdown(token.clone().cancelled_owned());
    let grace_is_over = async {
        token.cancelled().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        result = server => result,
        () = grace_is_over => {
            tracing::warn!(grace_seconds = grace.as_secs_f64(), "shutdown_grace_exceeded");
            Ok(())
        }
    }
}
