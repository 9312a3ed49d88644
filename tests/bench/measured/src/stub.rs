//! A stand-in for AWS that costs next to nothing, in a process of its own, so that what is measured is the
//! program's processor time alone.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    io::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

use crate::answers::{Answers, published};

/// Where it says, and forgets, how many calls there were of each operation.
pub const COUNTS: &str = "/counts";

#[derive(Debug)]
struct Stub {
    latency: Duration,
    answers: Answers,
    calls: Mutex<BTreeMap<String, u64>>,
}

/// Serves on a free port, which it prints, until the process ends. Each call takes this long; this many
/// subjects are pending.
///
/// # Errors
///
/// When it cannot listen.
pub async fn serve(latency: Duration, pending: u64) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    writeln!(std::io::stdout(), "{address}")?;
    let stub = Arc::new(Stub { latency, answers: Answers::new(&address, pending), calls: Mutex::default() });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let stub = Arc::clone(&stub);
        tokio::spawn(async move {
            let service = service_fn(move |request| Arc::clone(&stub).answer(request));
            // Whoever hangs up has its reason.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl Stub {
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        if request.uri().path() == COUNTS {
            let calls = std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner));
            return Ok(text(json!(calls).to_string()));
        }
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.split('.').nth(1)).map(str::to_owned);
        let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let answer = match &operation {
            Some(operation) => {
                self.answers.json(operation, &serde_json::from_slice(&body).unwrap_or_default())
            }
            None => published(&body),
        };
        let name = operation.unwrap_or_else(|| "PublishBatch".to_owned());
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
        if self.latency > Duration::ZERO {
            tokio::time::sleep(self.latency).await;
        }
        Ok(text(answer))
    }
}

fn text(body: String) -> Response<Full<Bytes>> {
    Response::new(Full::new(Bytes::from(body)))
}
