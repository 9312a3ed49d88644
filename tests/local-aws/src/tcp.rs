//! The embedded AWS on one loopback port.

use std::convert::Infallible;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_types::SdkConfig;
use bytes::Bytes;
use dynoxide::Database;
use dynoxide::storage_backend::SystemClock;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::error::StartError;
use crate::guard::Callers;
use crate::messages::Messages;
use crate::services::Services;
use crate::ses::Mail;
use crate::watch::Exchange;
use crate::{kept, schema, sdk};

/// The largest request that DynamoDB accepts, 16 MB; the other services take far less.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// How long to wait before looking again whether items have expired.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);

/// How soon a change is in the file.
const SAVE_PAUSE: Duration = Duration::from_millis(200);

/// How long to wait before accepting again after the system refused a connection (too many open files, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// An AWS of one's own on a port of 127.0.0.1.
///
/// Each value has its own tables, queues and topics. Dropping it closes the port and ends its connections;
/// what was in memory is gone.
pub struct LocalAws {
    endpoint_url: String,
    services: Arc<Services>,
    _server: AbortOnDropHandle<()>,
    _sweeper: AbortOnDropHandle<()>,
    _saver: AbortOnDropHandle<()>,
}

impl LocalAws {
    /// Starts on any free port.
    ///
    /// # Errors
    ///
    /// [`StartError`] if no port can be opened, or SQLite cannot open a database in memory.
    pub async fn start() -> Result<Self, StartError> {
        Self::bind((Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// Starts on the given loopback address; port 0 is any free port.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the address is not loopback, its port is taken, or SQLite cannot open a database in
    /// memory.
    pub async fn bind(addr: SocketAddr) -> Result<Self, StartError> {
        only_loopback(addr)?;
        Self::serve(addr, None, Callers::ThisMachine).await
    }

    /// As [`LocalAws::bind`], with everything kept in a file and others beside it, so that it survives a
    /// restart: tables, streams and messages at once, queues, topics, subscriptions and buckets a fifth of a
    /// second after they changed.
    ///
    /// # Errors
    ///
    /// [`StartError`] as for [`LocalAws::bind`], or if the file cannot be opened as a database, or those
    /// beside it cannot be read.
    pub async fn bind_with_data(addr: SocketAddr, file: &Path) -> Result<Self, StartError> {
        only_loopback(addr)?;
        Self::serve(addr, Some(file), Callers::ThisMachine).await
    }

    /// As [`LocalAws::bind`] and, with a file, [`LocalAws::bind_with_data`], on any address: for a container,
    /// which has a network of its own. Whoever can reach the address may do everything.
    ///
    /// # Errors
    ///
    /// [`StartError`] as for these two, but for loopback.
    pub async fn bind_for_all(addr: SocketAddr, file: Option<&Path>) -> Result<Self, StartError> {
        Self::serve(addr, file, Callers::Network).await
    }

    async fn serve(addr: SocketAddr, file: Option<&Path>, callers: Callers) -> Result<Self, StartError> {
        let database = open(file).map_err(StartError::Database)?;
        let listen = |source| StartError::Listen { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(listen)?;
        let addr = listener.local_addr().map_err(listen)?;
        let messages = match file {
            Some(file) => {
                Messages::in_file(&kept::beside(file, ".messages")).map_err(|error| kept(&error))?
            }
            None => Messages::default(),
        };
        let (host, port) = (addr.ip().to_string(), addr.port());
        let services = Services::with(database, SystemClock::arc(), &host, port, messages);
        let services = Arc::new(services.swept_by_others());
        if let Some(file) = file {
            services.restore(file).await.map_err(|error| kept(&error))?;
        }
        let saver = tokio::spawn(save(services.clone(), file.map(Path::to_owned)));
        let sweeper = tokio::spawn(sweep(services.clone()));
        let server = tokio::spawn(accept(listener, services.clone(), callers));
        Ok(Self {
            endpoint_url: format!("http://{addr}"),
            services,
            _server: AbortOnDropHandle::new(server),
            _sweeper: AbortOnDropHandle::new(sweeper),
            _saver: AbortOnDropHandle::new(saver),
        })
    }

    /// Where all services answer, for `AWS_ENDPOINT_URL`: `http://127.0.0.1:PORT`.
    ///
    /// `GET {endpoint_url}/_local/health` answers 200, and `GET {endpoint_url}/_local/mails` the mails that
    /// were sent: `{"mails": [` [`Mail`](crate::Mail) `…]}`.
    pub fn endpoint_url(&self) -> &str {
        &self.endpoint_url
    }

    /// Every call from now on, whoever makes it, with its answer. Who lags behind by more than 4,096 calls is
    /// told how many it has missed; a client that hung up before the answer is not seen.
    pub fn watch(&self) -> broadcast::Receiver<Arc<Exchange>> {
        self.services.watchers().subscribe()
    }

    /// The mails that were sent so far, in their sequence.
    pub fn mails(&self) -> Vec<Mail> {
        self.services.mails()
    }

    /// Settings for any SDK client that shall call these services: region, test credentials and plain HTTP, 3
    /// seconds to connect and 30 seconds for an attempt.
    pub fn sdk_config(&self) -> SdkConfig {
        sdk::config(&self.endpoint_url)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build()
    }
}

impl fmt::Debug for LocalAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalAws").field("endpoint_url", &self.endpoint_url).finish_non_exhaustive()
    }
}

fn open(file: Option<&Path>) -> dynoxide::Result<Database> {
    let Some(file) = file else {
        return Database::memory().inspect(schema::index_memory);
    };
    Database::new(&file.to_string_lossy()).inspect(|_| schema::index_file(file))
}

fn kept(error: &impl std::fmt::Display) -> StartError {
    StartError::Kept(error.to_string())
}

/// Writes down what changed, a moment after it did.
async fn save(services: Arc<Services>, file: Option<PathBuf>) {
    let Some(file) = file else { return };
    loop {
        tokio::time::sleep(SAVE_PAUSE).await;
        services.save(&file).await;
    }
}

/// Deletes expired items, apart from the requests, and for at most a twentieth of the time: the search reads
/// every item.
async fn sweep(services: Arc<Services>) {
    loop {
        let started = Instant::now();
        let services = services.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || services.sweep_if_due()).await {
            tracing::warn!(%error, "could not delete expired items; the next search tries again");
        }
        tokio::time::sleep(SWEEP_PAUSE.max(started.elapsed() * 20)).await;
    }
}

fn only_loopback(addr: SocketAddr) -> Result<(), StartError> {
    if addr.ip().is_loopback() { Ok(()) } else { Err(StartError::NotLoopback { addr }) }
}

/// The connections belong to this task: aborting it ends them too.
async fn accept(listener: TcpListener, services: Arc<Services>, callers: Callers) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(serve_connection(stream, services.clone(), callers)); }
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection; trying again");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, services: Arc<Services>, callers: Callers) {
    // Without it a small answer may wait for the client's acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not switch on TCP_NODELAY");
    }
    let service = service_fn(move |request| answer(services.clone(), callers, request));
    let mut http = hyper::server::conn::http1::Builder::new();
    let connection = http.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "connection ended early");
    }
}

async fn answer(
    services: Arc<Services>,
    callers: Callers,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    if let Some(reason) = callers.refuse(&parts.headers) {
        tracing::warn!(reason, "foreign_request_refused");
        let mut refusal = Response::new(Full::from(reason));
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        return Ok(refusal);
    }
    let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else {
        let mut refusal = Response::new(Full::default());
        *refusal.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(refusal);
    };
    Ok(services.answer(Request::from_parts(parts, body.to_bytes())).await.map(Full::new))
}
