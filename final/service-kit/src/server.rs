//! The HTTP server: what a connection may cost, and how the server ends.
//!
//! Each request is handled in a task of its own. A client that goes away ends the connection and not the
//! work: a change that was committed for it is logged like any other, with `client_went_away`.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;
use uuid::Uuid;
use waiting::Outage;

use crate::http::{ApiError, ClientIsGone};

/// How long a connection may take for the head of a request, and how long it may lie idle between two. A load
/// balancer keeps idle connections too: its own limit must be shorter, or it sends a request into a
/// connection that is being closed ("Application Load Balancers User Guide, Connection idle timeout").
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The most connections at a time; others wait in the backlog of the socket. Each takes a file descriptor, of
/// which a process has 1,024 unless told otherwise, and the calls to AWS need some too.
pub const MAX_CONNECTIONS: usize = 512;

/// The most bytes of a request's head. A connection that sends half a head holds so much memory.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// At shutdown a connection on which nothing is in work is closed after twice this time: an answer that was
/// just given is on its way by then.
const LINGER: Duration = Duration::from_millis(100);

/// How long requests that were cut off have for their last log line.
pub const LAST_WORDS: Duration = Duration::from_secs(1);

/// Serves HTTP/1.1 until `token` is cancelled, then stops accepting, closes idle connections, answers what it
/// has accepted, and returns.
///
/// It returns at the latest `grace` and a second after the cancellation. A request that is still running
/// after the grace is cut off and logged as given up.
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
        connections: TaskTracker::new(),
        stop: token.clone(),
        give_up: CancellationToken::new(),
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
    connections: TaskTracker,
    stop: CancellationToken,
    /// Cancelled when the grace is over.
    give_up: CancellationToken,
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
            in_work: Arc::default(),
        };
        let (stop, give_up) = (self.stop.clone(), self.give_up.clone());
        self.connections.spawn(async move {
            // What is wrong with a connection, its other end knows.
            give_up.run_until_cancelled(connection(stream, handler, stop)).await;
            drop(slot);
        });
    }

    async fn end(self, grace: Duration) {
        self.connections.close();
        self.requests.close();
        let answered = async {
            self.connections.wait().await;
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

/// Serves a connection until it ends; after `stop`, until what was asked on it is answered.
async fn connection(stream: TcpStream, handler: Handler, stop: CancellationToken) {
    let in_work = Arc::clone(&handler.in_work);
    let service = service_fn(move |request| handler.clone().handle(request));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    if stop.run_until_cancelled(served.as_mut()).await.is_some() {
        return;
    }
    served.as_mut().graceful_shutdown();
    // hyper waits for the other half of a head. Nobody was promised an answer to half a request.
    let mut idle = 0;
    while idle < 2 && tokio::time::timeout(LINGER, served.as_mut()).await.is_err() {
        idle = if in_work.load(Ordering::Acquire) == 0 { idle + 1 } else { 0 };
    }
}

#[derive(Clone)]
struct Handler {
    router: Router,
    requests: TaskTracker,
    give_up: CancellationToken,
    /// Requests of this connection that have not been answered.
    in_work: Arc<AtomicUsize>,
}

impl Handler {
    async fn handle(self, request: hyper::Request<Incoming>) -> Result<Response, Infallible> {
        let _in_work = InWork::begin(&self.in_work);
        let mut request: Request = request.map(Body::new);
        let gone = CancellationToken::new();
        request.extensions_mut().insert(ClientIsGone(gone.clone()));
        let guard = gone.drop_guard();
        let Self { router, requests, give_up, .. } = self;
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

/// Counts a request for as long as it lives.
struct InWork(Arc<AtomicUsize>);

impl InWork {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
