//! The HTTP server: what a connection may cost, and how the server ends.
//!
//! Each request is handled in a task of its own. A client that goes away ends the connection and not the work: a change that was
//! committed for it is logged like any other, with `client_went_away`.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;
use uuid::Uuid;
use waiting::Outage;

use crate::http::{ApiError, ClientIsGone};

/// How long a connection may take for the head of a request, and how long it may lie idle between two. A load balancer keeps idle
/// connections too: its own limit must be shorter, or it sends a request into a connection that is being closed
/// ("Application Load Balancers User Guide, Connection idle timeout").
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The most connections at a time; others wait in the backlog of the socket. Each takes a file descriptor, of which a process has 1,024
/// unless told otherwise, and the calls to AWS need some too.
pub const MAX_CONNECTIONS: usize = 512;

/// The most bytes of a request's head. A connection that sends half a head holds so much memory.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// How long requests that were cut off have for their last log line.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Serves HTTP/1.1 until `token` is cancelled, then stops accepting, closes idle connections, answers what it has accepted, and returns.
///
/// It returns at the latest `grace` and a second after the cancellation. A request that is still running after the grace is cut off and
/// logged as given up.
///
/// # Errors
/// If the listener has no address. A connection that fails is nobody's business but its own.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    token: CancellationToken,
    grace: Duration,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let server = Server {
        router,
        requests: TaskTracker::new(),
        give_up: CancellationToken::new(),
        graceful: GracefulShutdown::new(),
        slots: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
    };
    let mut outage = Outage::new(
        "accepting_connections_failed",
        address.to_string(),
        Uuid::nil(),
        Duration::from_millis(100),
        Duration::from_secs(5),
    );
    while let Some(accepted) = token.run_until_cancelled(server.accept(&listener)).await {
        match accepted {
            Ok((stream, slot)) => {
                outage.over();
                server.open(stream, slot);
            }
            // Of one connection, which went away before it was taken.
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => drop(token.run_until_cancelled(tokio::time::sleep(outage.failed(error))).await),
        }
    }
    drop(listener);
    server.end(grace).await;
    Ok(())
}

fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

struct Server {
    router: Router,
    requests: TaskTracker,
    /// Cancelled when the grace is over.
    give_up: CancellationToken,
    graceful: GracefulShutdown,
    slots: Arc<Semaphore>,
}

impl Server {
    async fn accept(&self, listener: &TcpListener) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, _) = listener.accept().await?;
        Ok((stream, slot))
    }

    fn open(&self, stream: TcpStream, slot: OwnedSemaphorePermit) {
        let handler = Handler {
            router: self.router.clone(),
            requests: self.requests.clone(),
            give_up: self.give_up.clone(),
        };
        tokio::spawn(connection(stream, handler, self.graceful.watcher(), self.give_up.clone(), slot));
    }

    async fn end(self, grace: Duration) {
        self.requests.close();
        let answered = async {
            self.graceful.shutdown().await;
            // Those whose client has gone.
            self.requests.wait().await;
        };
        if tokio::time::timeout(grace, answered).await.is_err() {
            tracing::warn!(
                grace_seconds = grace.as_secs_f64(),
                requests = self.requests.len(),
                "shutdown_grace_exceeded"
            );
            self.give_up.cancel();
            drop(tokio::time::timeout(LAST_WORDS, self.requests.wait()).await);
        }
    }
}

async fn connection(
    stream: TcpStream,
    handler: Handler,
    watcher: Watcher,
    give_up: CancellationToken,
    slot: OwnedSemaphorePermit,
) {
    let service = service_fn(move |request| handler.clone().handle(request));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    // What is wrong with a connection, its other end knows.
    drop(give_up.run_until_cancelled(watcher.watch(served)).await);
    drop(slot);
}

#[derive(Clone)]
struct Handler {
    router: Router,
    requests: TaskTracker,
    give_up: CancellationToken,
}

impl Handler {
    async fn handle(self, request: hyper::Request<Incoming>) -> Result<Response, Infallible> {
        let mut request: Request = request.map(Body::new);
        let gone = CancellationToken::new();
        request.extensions_mut().insert(ClientIsGone(gone.clone()));
        let guard = gone.drop_guard();
        let Self { router, requests, give_up } = self;
        let task = requests.spawn(async move { give_up.run_until_cancelled(router.oneshot(request)).await });
        let ended = task.await;
        drop(guard.disarm());
        match ended {
            Ok(Some(answer)) => answer,
            // Cut off at the end of the grace; nobody hears it.
            Ok(None) | Err(_) => Ok(axum::response::IntoResponse::into_response(ApiError::system())),
        }
    }
}
