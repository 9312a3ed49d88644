//! Ending on request, over real sockets: what was accepted is answered, what was not is refused.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use service_kit::{serve, service_router, shutdown_token};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::support::{always_ready, options};

/// How long a test waits for what must happen. It is never used up unless the test fails.
const DEADLINE: Duration = Duration::from_secs(30);
const GRACE: Duration = Duration::from_secs(20);

struct Running {
    address: SocketAddr,
    token: CancellationToken,
    entered: Arc<Notify>,
    server: JoinHandle<std::io::Result<()>>,
}

/// Starts a service whose `/slow` tells when it has begun and answers when `work` is done.
async fn start<W: Future<Output = ()> + Send + 'static>(
    work: impl Fn() -> W + Clone + Send + Sync + 'static,
) -> Running {
    let entered = Arc::new(Notify::new());
    let begun = entered.clone();
    let slow = async move || {
        begun.notify_one();
        work().await;
        "finished"
    };
    let mut options = options(always_ready());
    // Longer than the grace, which is what these tests are about.
    options.limits.deadline = 3 * GRACE;
    let router = service_router(Router::new().route("/slow", get(slow)), options);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let token = CancellationToken::new();
    let server = tokio::spawn(serve(listener, router, token.clone(), GRACE));
    Running { address, token, entered, server }
}

async fn get_slow(address: SocketAddr) -> Result<String, reqwest::Error> {
    reqwest::get(format!("http://{address}/slow")).await?.text().await
}

/// Waits until nobody listens any more: the server needs a moment to notice the token.
async fn until_refused(address: SocketAddr) {
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_request_in_flight_is_answered_and_new_connections_are_refused() {
    let release = Arc::new(Notify::new());
    let released = release.clone();
    let running = start(move || {
        let released = released.clone();
        async move { released.notified().await }
    })
    .await;
    let in_flight = tokio::spawn(get_slow(running.address));
    timeout(DEADLINE, running.entered.notified()).await.unwrap();

    running.token.cancel();
    timeout(DEADLINE, until_refused(running.address)).await.unwrap();
    assert!(!in_flight.is_finished() && !running.server.is_finished());

    release.notify_one();
    assert_eq!(timeout(DEADLINE, in_flight).await.unwrap().unwrap().unwrap(), "finished");
    timeout(GRACE, running.server).await.unwrap().unwrap().unwrap();
}

/// On virtual time. The clock moves only while nothing else can, and before the token is cancelled nothing
/// waits for it.
#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_does_not_keep_the_process_longer_than_the_grace() {
    let running = start(pending).await;
    let in_flight = tokio::spawn(get_slow(running.address));
    running.entered.notified().await;

    let asked = Instant::now();
    running.token.cancel();
    running.server.await.unwrap().unwrap();
    assert_eq!(asked.elapsed().as_secs(), GRACE.as_secs());
    assert!(!in_flight.is_finished());
}

#[tokio::test]
async fn a_server_without_requests_ends_at_once_though_a_connection_is_open() {
    let running = start(pending).await;
    let idle = TcpStream::connect(running.address).await.unwrap();
    running.token.cancel();
    timeout(GRACE, running.server).await.unwrap().unwrap().unwrap();
    drop(idle);
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_cancels_the_token() {
    let token = shutdown_token().unwrap();
    assert!(!token.is_cancelled());
    // The shell's own kill, as a machine may lack the program.
    let kill = format!("kill -TERM {}", std::process::id());
    assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    timeout(DEADLINE, token.cancelled()).await.unwrap();
}
