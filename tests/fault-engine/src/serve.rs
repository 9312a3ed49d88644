//! Serves a program over the embedded AWS on loopback, with its live page: for a person with a browser, or
//! with curl.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use aws_fault_lab::{Ambient, BoxError};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use futures::future::{BoxFuture, FutureExt as _};
use http::StatusCode;
use live_page::{Controls, Gate, Host, Hub, Outage, Page, Process, Reply, Role as PartRole, Stage};
use local_aws::LocalAws;
use local_aws::mapping::EventSourceMapping;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::components::settings;
use crate::program::{Function, Program, Role, Worker};

/// The most bytes of an answer that a button reads.
const MOST_BYTES: usize = 1_000_000;

/// Runs the program on an AWS of its own until Ctrl-C. Port 0 is any free port.
///
/// # Errors
///
/// If the port is taken or the program cannot be deployed.
pub(crate) async fn serve(program: &Program, port: u16) -> Result<(), BoxError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let aws = Arc::new(LocalAws::start().await?);
    let hub = Hub::new(live_page::now);
    tokio::spawn(hub.clone().watch(aws.watch()));
    (program.deploy)(aws.sdk_config()).await?;

    let outage = Outage::default();
    let endpoints = endpoints(program, &aws, &outage);
    let functions = program.functions.iter().map(|function| part(function.name, PartRole::Relay, &outage));
    let functions: Vec<_> = functions.collect();
    let workers = program.workers.iter().map(|worker| working(*worker, &aws, &outage));
    let mut parts = vec![endpoints.process.clone()];
    parts.extend(functions.iter().cloned().chain(workers));
    for part in &parts {
        part.start()?;
    }
    for (function, process) in program.functions.iter().zip(functions) {
        tokio::spawn(map(aws.clone(), *function, process));
    }
    let host = Arc::new(endpoints.clone());
    let stage = Stage::new(host, parts.clone(), outage, (&aws.sdk_config(), hub.clone())).await?;
    let controls: Arc<dyn Controls> = Arc::new(stage);
    let page = Page::new((program.name, promise(program)), &aws.sdk_config(), hub, Some(controls));
    let router = Router::new().fallback(answer).with_state(endpoints).merge(page.router());

    let mut out = std::io::stdout();
    writeln!(out, "{} listens on http://{}, and shows itself there", program.name, listener.local_addr()?)?;
    writeln!(out, "its AWS is at {} (for AWS_ENDPOINT_URL); Ctrl-C ends both", aws.endpoint_url())?;
    // Pages that are open would keep the server from ending in order.
    tokio::select! {
        ended = axum::serve(listener, router) => ended?,
        _ = tokio::signal::ctrl_c() => {}
    }
    parts.iter().for_each(|part| part.kill());
    Ok(())
}

fn promise(program: &Program) -> &'static str {
    match program.name {
        "chapter-06" => "No crash does damage here.",
        _ => "A crash can do damage here: look at the invariants.",
    }
}

/// The program's own endpoints, in a part that can die.
#[derive(Clone)]
struct Endpoints {
    process: Arc<Process>,
    http: fn(Ambient) -> Router,
    aws: Arc<LocalAws>,
}

fn endpoints(program: &Program, aws: &Arc<LocalAws>, outage: &Outage) -> Endpoints {
    Endpoints { process: part("http", PartRole::Service, outage), http: program.http, aws: aws.clone() }
}

/// A part that does what it is given, until it is stopped.
fn part(name: &str, role: PartRole, outage: &Outage) -> Arc<Process> {
    let wait = |_, stop: CancellationToken| {
        async move {
            stop.cancelled().await;
            Ok(())
        }
        .boxed()
    };
    Arc::new(Process::new(name, role, outage, wait))
}

fn working(worker: Worker, aws: &Arc<LocalAws>, outage: &Outage) -> Arc<Process> {
    let role = match worker.role {
        Role::Consumer => PartRole::Consumer,
        Role::Relay => PartRole::Relay,
    };
    let aws = aws.clone();
    Arc::new(Process::new(worker.name, role, outage, move |gate, stop| {
        let ambient = Ambient::system(gate.config(aws.sdk_config()));
        let work = async move {
            loop {
                (worker.run)(ambient.clone()).await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        async move {
            stop.run_until_cancelled(work).await;
            Ok(())
        }
        .boxed()
    }))
}

impl Endpoints {
    /// None if the part does not run, or died meanwhile.
    async fn call(&self, request: Request) -> Option<Response> {
        let (http, aws) = (self.http, self.aws.clone());
        let answer = self.process.spawn(move |gate: Gate| {
            let router = http(Ambient::system(gate.config(aws.sdk_config())));
            async move { router.oneshot(request).await.into_response() }
        })?;
        answer.await.ok()
    }
}

async fn answer(State(endpoints): State<Endpoints>, request: Request) -> Response {
    let dead = || (StatusCode::BAD_GATEWAY, Json(json!({ "error": "NO_ANSWER: the process has died" })));
    endpoints.call(request).await.unwrap_or_else(|| dead().into_response())
}

impl Host for Endpoints {
    fn ask<'a>(&'a self, path: &'a str, body: Option<Value>) -> BoxFuture<'a, Reply> {
        async move {
            let request = match body {
                Some(body) => Request::post(path)
                    .header("content-type", "application/json")
                    .body(Body::from(body.to_string())),
                None => Request::get(path).body(Body::empty()),
            };
            let request = request.map_err(|error| format!("{path} cannot be asked for: {error}"))?;
            let answer = self.call(request).await.ok_or("there was no answer: the process has died")?;
            let status = answer.status().as_u16();
            let body = axum::body::to_bytes(answer.into_body(), MOST_BYTES).await;
            let body = body.map_err(|error| format!("the answer broke off: {error}"))?;
            Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
        }
        .boxed()
    }
}

/// The mapping is AWS's and does not die with the function: it waits while there is none, and tries again
/// what died.
async fn map(aws: Arc<LocalAws>, function: Function, process: Arc<Process>) {
    let mapped = async {
        let streams = aws_sdk_dynamodbstreams::Client::new(&aws.sdk_config());
        let answer = streams.list_streams().table_name(function.table).send().await?;
        let arn = answer.streams().first().and_then(|stream| stream.stream_arn()).unwrap_or_default();
        let mapping = EventSourceMapping::new(streams.clone(), arn, settings(&function)?);
        let handler = move |event| {
            let (process, aws) = (process.clone(), aws.clone());
            async move {
                process.running().await;
                let invoked = process.spawn(|gate| {
                    let ambient = Ambient::system(gate.config(aws.sdk_config()));
                    (function.handle)(ambient, function.table, event)
                });
                let invoked = invoked.ok_or("the function was stopped")?;
                invoked.await.unwrap_or_else(|_| Err("the function has died".into()))
            }
        };
        mapping.run(handler, CancellationToken::new()).await?;
        Ok::<(), BoxError>(())
    };
    if let Err(error) = mapped.await {
        tracing::error!(error, function = function.name, "the function is not called any more: start again");
    }
}
