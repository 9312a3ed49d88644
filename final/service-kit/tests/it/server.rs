//! What a connection may cost, and what becomes of a request whose client has gone, over real sockets.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use service_kit::server::{IDLE_TIMEOUT, MAX_CONNECTIONS};
use service_kit::{JsonBody, serve, service_router};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::support::{CreateOrder, Logs, always_ready, options};

/// How long a test waits for what must happen. It is never used up unless the test fails.
const DEADLINE: Duration = Duration::from_secs(30);
const GRACE: Duration = Duration::from_secs(20);
const REQUEST: &[u8] = b"GET /quick HTTP/1.1\r\nHost: x\r\n\r\n";

struct Running {
    address: SocketAddr,
    token: CancellationToken,
    /// The handler of `/slow` has begun.
    entered: Arc<Notify>,
    /// Lets the handler of `/slow` end.
    release: Arc<Notify>,
    server: JoinHandle<std::io::Result<()>>,
}

async fn start() -> Running {
    let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begun, released) = (entered.clone(), release.clone());
    let slow = async move || {
        begun.notify_one();
        released.notified().await;
        tracing::info!("committed");
    };
    let routes = Router::new()
        .route("/slow", get(slow))
        .route("/quick", get(async || "quick"))
        .route("/never", get(pending::<()>))
        .route("/orders", post(async |JsonBody(order): JsonBody<CreateOrder>| order.order_total.to_string()));
    let mut options = options(always_ready());
    options.limits.deadline = 3 * GRACE;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let token = CancellationToken::new();
    let server = tokio::spawn(serve(listener, service_router(routes, options), token.clone(), GRACE));
    Running { address, token, entered, release, server }
}

impl Running {
    async fn connect(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    async fn stop(self) {
        self.token.cancel();
        timeout(DEADLINE, self.server).await.unwrap().unwrap().unwrap();
    }
}

/// All that comes until the other side closes.
async fn rest_of(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset ends it as well as a proper close.
    drop(stream.read_to_end(&mut bytes).await);
    String::from_utf8(bytes).unwrap()
}

async fn first_line_of(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 15];
    timeout(DEADLINE, stream.read_exact(&mut bytes)).await.unwrap().unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn lines_with(logs: &Logs, event: &str) -> Vec<serde_json::Value> {
    logs.lines().into_iter().filter(|line| line["event"] == event).collect()
}

async fn until(condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, met).await.unwrap();
}

#[tokio::test]
async fn what_was_begun_for_a_client_that_has_gone_is_finished_and_logged() {
    let (logs, _guard) = Logs::capture(None);
    let running = start().await;
    let client = running.connect(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    timeout(DEADLINE, running.entered.notified()).await.unwrap();
    drop(client);
    // The server sees the end of the connection only while it is polled, which another request makes sure of.
    let mut other = running.connect(REQUEST).await;
    first_line_of(&mut other).await;
    running.release.notify_one();
    until(|| lines_with(&logs, "http_request").iter().any(|line| line["path"] == "/slow")).await;
    assert_eq!(lines_with(&logs, "committed").len(), 1);
    let line = lines_with(&logs, "http_request").into_iter().find(|line| line["path"] == "/slow").unwrap();
    assert_eq!((&line["client_went_away"], &line["status"]), (&true.into(), &200.into()), "{line}");
    assert!(line["correlation_id"].is_string(), "{line}");
    running.stop().await;
}

#[tokio::test]
async fn a_shutdown_waits_for_what_was_begun_for_a_client_that_has_gone() {
    let (logs, _guard) = Logs::capture(None);
    let running = start().await;
    let client = running.connect(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    timeout(DEADLINE, running.entered.notified()).await.unwrap();
    drop(client);
    running.token.cancel();
    running.release.notify_one();
    running.stop().await;
    assert_eq!(lines_with(&logs, "committed").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_cut_off_by_the_end_of_the_grace_is_logged_as_given_up() {
    let (logs, _guard) = Logs::capture(None);
    let running = start().await;
    let _client = running.connect(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    running.entered.notified().await;
    running.stop_after_the_grace().await;
    let given_up = lines_with(&logs, "http_request_given_up");
    assert_eq!(given_up.len(), 1, "{}", logs.text());
    assert!(given_up[0]["correlation_id"].is_string() && given_up[0]["path"] == "/slow", "{}", given_up[0]);
}

impl Running {
    async fn stop_after_the_grace(self) {
        let asked = Instant::now();
        self.token.cancel();
        self.server.await.unwrap().unwrap();
        assert!(asked.elapsed() >= GRACE && asked.elapsed() <= GRACE + Duration::from_secs(1));
    }
}

#[tokio::test]
async fn half_a_request_does_not_hold_the_shutdown() {
    for half in [&b""[..], b"GET /qui", b"GET /quick HTTP/1.1\r\nHost:"] {
        let running = start().await;
        let client = running.connect(half).await;
        let mut other = running.connect(REQUEST).await;
        first_line_of(&mut other).await;
        let asked = std::time::Instant::now();
        running.stop().await;
        assert!(asked.elapsed() < GRACE, "{half:?}");
        drop(client);
    }
}

#[tokio::test(start_paused = true)]
async fn idle_connections_half_heads_and_slow_bodies_are_ended() {
    for (sent, answer) in [
        (&b""[..], ""),
        (b"GET /qui", ""),
        (REQUEST, "HTTP/1.1 200"),
        (b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{", "HTTP/1.1 4"),
    ] {
        let running = start().await;
        let begun = Instant::now();
        let client = running.connect(sent).await;
        let came = rest_of(client).await;
        assert!(came.starts_with(answer), "{came}");
        assert!(begun.elapsed() <= IDLE_TIMEOUT + Duration::from_secs(6), "{:?}", begun.elapsed());
        running.token.cancel();
    }
}

#[tokio::test]
async fn a_connection_over_the_cap_waits_until_another_ends() {
    let running = start().await;
    let mut open = Vec::new();
    for _ in 0..MAX_CONNECTIONS {
        let mut stream = running.connect(REQUEST).await;
        first_line_of(&mut stream).await;
        open.push(stream);
    }
    let mut one_more = running.connect(REQUEST).await;
    let mut byte = [0];
    let unserved = timeout(Duration::from_millis(200), one_more.read_exact(&mut byte)).await;
    assert!(unserved.is_err(), "it was served beside {MAX_CONNECTIONS} others");
    open.pop();
    assert_eq!(first_line_of(&mut one_more).await, "HTTP/1.1 200 OK");
    running.stop().await;
}

#[tokio::test]
async fn http_2_without_tls_is_not_served() {
    let running = start().await;
    let client = running.connect(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    let came = timeout(DEADLINE, rest_of(client)).await.unwrap();
    assert!(came.is_empty() || came.starts_with("HTTP/1.1 4"), "{came}");
    running.stop().await;
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let running = start().await;
    let head = format!("GET /quick HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(32 * 1024));
    let client = running.connect(head.as_bytes()).await;
    let came = timeout(DEADLINE, rest_of(client)).await.unwrap();
    assert!(came.starts_with("HTTP/1.1 431"), "{came}");
    running.stop().await;
}
