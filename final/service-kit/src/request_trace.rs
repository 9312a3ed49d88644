//! The trace that a request belongs to, and how long it took: for traces and metrics, as the OpenTelemetry
//! semantic conventions 1.44 have them for HTTP servers.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use trace_context::TraceContext;
use tracing::{Instrument as _, Span, field};

use crate::http::known_method;

/// The header that carries a trace from caller to caller ("W3C Trace Context").
pub const TRACEPARENT_HEADER: HeaderName = HeaderName::from_static("traceparent");

/// What the tracing systems of the callers have noted for themselves. It may come in several headers, which
/// are one list.
pub const TRACESTATE_HEADER: HeaderName = HeaderName::from_static("tracestate");

/// The trace context that a request came with; none when it has no `traceparent`, several, or one that is
/// malformed. In a handler, take it as an argument and hand it on with the messages that the request causes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestTrace(pub Option<TraceContext>);

impl RequestTrace {
    fn of(headers: &HeaderMap) -> Self {
        let mut all = headers.get_all(TRACEPARENT_HEADER).iter();
        let only = all.next().filter(|_| all.next().is_none());
        let parent = only.and_then(|value| value.to_str().ok());
        let states = headers.get_all(TRACESTATE_HEADER).iter().map(|value| value.to_str().ok());
        let state = states.collect::<Option<Vec<_>>>().map(|all| all.join(","));
        Self(parent.and_then(|text| TraceContext::new(text, state.as_deref())))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestTrace {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// Middleware that gives every request its span and notes how long it took. Route and status have few values;
/// the path, which may hold anything, is left out.
pub(crate) async fn traced(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = known_method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span = span(method, route.as_ref().map_or("unmatched", MatchedPath::as_str));
    if !span.is_disabled() {
        trace_context::set_parent(&span, RequestTrace::of(request.headers()).0.as_ref());
    }
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", status.as_str());
    }
    metrics::histogram!(
        "http.server.request.duration",
        "http.request.method" => method,
        "http.route" => route.map_or("unmatched".to_owned(), |route| route.as_str().to_owned()),
        "http.response.status_code" => status.as_u16().to_string(),
    )
    .record(begun.elapsed());
    response
}

fn span(method: &'static str, route: &str) -> Span {
    tracing::debug_span!(
        target: trace_context::TARGET, "http",
        otel.name = format_args!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = field::Empty,
        "http.request.method" = method,
        "http.route" = route,
        "http.response.status_code" = field::Empty,
        "url.scheme" = "http",
        "error.type" = field::Empty,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_in_several_headers_is_one_and_what_is_malformed_is_not_handed_on() {
        const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let of = |headers: &[(HeaderName, &str)]| {
            let pairs = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
            let mut map = HeaderMap::new();
            for (name, value) in pairs {
                map.append(name, value);
            }
            RequestTrace::of(&map).0
        };
        let (parent, state) = ((TRACEPARENT_HEADER, PARENT), |text| (TRACESTATE_HEADER, text));
        let told = of(&[parent.clone(), state("rojo=1"), state("congo=2 , x=3")]).unwrap();
        assert_eq!((told.traceparent(), told.tracestate()), (PARENT, Some("rojo=1,congo=2,x=3")));
        for odd in [&[state("rojo=1"), state("rojo=2")][..], &[state("no pair")], &[state("")], &[]] {
            let told = of(&[&[parent.clone()][..], odd].concat()).unwrap();
            assert_eq!(told.tracestate(), None, "{odd:?}");
        }
        assert_eq!(of(&[state("rojo=1")]), None, "it means nothing by itself");
        assert_eq!(of(&[parent.clone(), parent, state("rojo=1")]), None);
    }
}
