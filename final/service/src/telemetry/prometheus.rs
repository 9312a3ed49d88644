//! The metrics as text for Prometheus, and the port on which it asks for them.

use std::{convert::Infallible, fmt::Write as _, time::Duration};

use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, task::JoinSet};

use super::{
    recorder::{Recorder, Series, Value},
    table::{self, BOUNDS, Kind, Metric},
};

/// How many may ask at once; they are few, and all inside.
const MOST_CONNECTIONS: usize = 16;
/// How long one may take for its question, and all of a connection.
const LONGEST_HEAD: Duration = Duration::from_secs(5);
const LONGEST_CONNECTION: Duration = Duration::from_secs(60);

/// The metrics in the text format of Prometheus, version 0.0.4.
pub fn text(all: &[Series]) -> String {
    let mut text = String::new();
    for of_one in all.chunk_by(|a, b| a.name == b.name) {
        let Some(metric) = table::find(of_one[0].name) else { continue };
        let name = metric.prometheus_name();
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // Writing to a String does not fail.
        let _written = write!(text, "# HELP {name} {}\n# TYPE {name} {kind}\n", metric.meaning);
        of_one.iter().for_each(|series| add(&mut text, metric, series));
    }
    text
}

fn add(text: &mut String, metric: &Metric, series: &Series) {
    let name = metric.prometheus_name();
    let mut line = |end: &str, more: Option<(&str, String)>, value: String| {
        let known = series.labels.iter().map(|(name, value)| (name.replace('.', "_"), value.clone()));
        let labels: Vec<_> = known
            .chain(more.map(|(name, value)| (name.to_owned(), value)))
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(&value)))
            .collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _written = writeln!(text, "{name}{end}{labels} {value}");
    };
    match &series.value {
        Value::Count(count) => line("", None, count.to_string()),
        Value::Level(level) => line("", None, level.to_string()),
        Value::Spread(counts, sum) => {
            let mut all = 0;
            for (index, count) in counts.iter().enumerate() {
                all += count;
                let bound = BOUNDS.get(index).map_or("+Inf".to_owned(), f64::to_string);
                line("_bucket", Some(("le", bound)), all.to_string());
            }
            line("_sum", None, sum.to_string());
            line("_count", None, all.to_string());
        }
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Answers `GET /metrics` until it is dropped.
pub(super) async fn serve(listener: TcpListener, recorder: Recorder) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= MOST_CONNECTIONS {
            connections.join_next().await;
        }
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "accepting_metrics_connections_failed");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let recorder = recorder.clone();
        let answering = hyper::service::service_fn(move |request: Request<Incoming>| {
            let answer = answer(&request, &recorder);
            async move { Ok::<_, Infallible>(answer) }
        });
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(LONGEST_HEAD)
            .serve_connection(TokioIo::new(stream), answering);
        // What is wrong with a connection, its other end knows.
        connections.spawn(async move { drop(tokio::time::timeout(LONGEST_CONNECTION, serving).await) });
        while connections.try_join_next().is_some() {}
    }
}

fn answer<B>(request: &Request<B>, recorder: &Recorder) -> Response<Full<Bytes>> {
    let (status, body) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => (StatusCode::OK, text(&recorder.series())),
        (_, "/metrics") => (StatusCode::METHOD_NOT_ALLOWED, "only GET\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, "the metrics are at /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
