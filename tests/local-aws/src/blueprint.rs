//! Worlds that begin alike: what a deployment has made in one AWS in memory is made again in others, without
//! the deployment.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_types::SdkConfig;
use bytes::Bytes;
use dynoxide::Database;
use http::Request;
use rusqlite::Connection;

use crate::error::StartError;
use crate::in_memory::InMemoryAws;
use crate::tap;

/// What the operations begin with that only ask.
const ASKS: [&str; 5] = ["Describe", "GET", "Get", "HEAD", "List"];

/// What a deployment has made, for others to begin with ([`Blueprint::build`]). A test that runs a program
/// thousands of times deploys it once.
///
/// Of DynamoDB it holds the tables with their items and streams; of SQS, SNS, S3 and SES the requests that
/// changed something, which are answered again. So queue URLs and ARNs of topics are the same, and ids that
/// are made at random, such as those of subscriptions, are not.
pub struct Blueprint {
    tables: String,
    requests: Vec<Request<Bytes>>,
    /// A database in memory lasts as long as somebody has it open.
    _open: Mutex<Connection>,
}

impl Blueprint {
    /// Runs a deployment in an AWS of its own and keeps what came of it.
    ///
    /// # Errors
    ///
    /// Those of the deployment, and [`StartError::Copy`] if SQLite refuses a database in memory.
    pub async fn of<E: From<StartError>>(
        deploy: impl AsyncFnOnce(SdkConfig) -> Result<(), E>,
    ) -> Result<Self, E> {
        let aws = InMemoryAws::new()?;
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (below, seen) = (aws.clone(), requests.clone());
        let client = tap::new(move |request| {
            let (aws, seen, kept) = (below.clone(), seen.clone(), kept(&request));
            async move {
                let answer = aws.call(request).await?;
                if let Some(kept) = kept?.filter(|_| answer.status().is_success()) {
                    seen.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
                }
                Ok(answer)
            }
        });
        deploy(aws.sdk_config().into_builder().http_client(client).build()).await?;
        let requests = std::mem::take(&mut *requests.lock().unwrap_or_else(PoisonError::into_inner));
        let (tables, open) = copy(&aws)?;
        Ok(Self { tables, requests, _open: Mutex::new(open) })
    }

    /// New services in which there is what the deployment has made, as if it had just been made in these.
    ///
    /// # Errors
    ///
    /// [`StartError::Database`] if SQLite cannot open a database in memory, or not copy that of the blueprint.
    pub async fn build(&self) -> Result<InMemoryAws, StartError> {
        let copy = |database: &Database| database.restore_from(&self.tables).map_err(StartError::Database);
        let aws = InMemoryAws::with(copy)?;
        for request in &self.requests {
            aws.repeat(request.clone()).await;
        }
        Ok(aws)
    }
}

impl fmt::Debug for Blueprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blueprint").field("requests", &self.requests.len()).finish_non_exhaustive()
    }
}

/// The request, if it may change something and is not for DynamoDB, whose tables are copied.
fn kept(request: &HttpRequest) -> Result<Option<Request<Bytes>>, ConnectorError> {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let operation = tap::operation(request);
    if target.starts_with("DynamoDB") || ASKS.iter().any(|asks| operation.starts_with(asks)) {
        return Ok(None);
    }
    let refused = || ConnectorError::user("a body that streams cannot be kept".into());
    let body = request.body().bytes().map(Bytes::copy_from_slice).ok_or_else(refused)?;
    let copy = request.try_clone().ok_or_else(refused)?;
    let copy = copy.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    Ok(Some(copy.map(|_| body)))
}

fn copy(aws: &InMemoryAws) -> Result<(String, Connection), StartError> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let tables = format!("file:/local-aws-blueprint-{}?vfs=memdb", NUMBER.fetch_add(1, Ordering::Relaxed));
    let open = Connection::open(&tables).map_err(|error| StartError::Copy(error.to_string()))?;
    aws.copy_tables(&tables)?;
    Ok((tables, open))
}
