//! A request as readable text, and what is true of every answer of a service.
//!
//! ```text
//! POST /orders
//! Content-Type: application/json
//!
//! {"customer_id": "…", "order_total": 12399}
//! ```

use axum::{Router, body::Body};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::BodyExt as _;
use serde_json::Value;
use service::ServiceSettings;
use service_kit::{
    CORRELATION_ID_HEADER, Environment, Readiness, RequestLimits, ServiceOptions, service_router,
};
use tower::ServiceExt as _;
use transactional_messaging::ambient::Ambient;
use uuid::Uuid;

/// What was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Sent {
    /// Nothing when HTTP itself would refuse the request.
    pub(crate) fn parse(data: &[u8]) -> Option<Self> {
        let end = data.windows(2).position(|pair| pair == b"\n\n")?;
        let mut lines = data[..end].split(|byte| *byte == b'\n');
        let mut first = lines.next()?.splitn(2, |byte| *byte == b' ');
        let method = Method::from_bytes(first.next()?).ok()?;
        let uri = Uri::try_from(first.next()?).ok()?;
        let mut headers = HeaderMap::new();
        for line in lines {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = HeaderName::from_bytes(&line[..colon]).ok()?;
            headers.append(name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?);
        }
        Some(Self { method, uri, headers, body: data[end + 2..].to_vec() })
    }

    pub(crate) fn request<B>(&self, body: B) -> Request<B> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether the body follows the grammar of JSON. It may do so and still be no [`Value`]: a number in a
    /// field that nobody reads can be too large for any type.
    pub(crate) fn is_json(&self) -> bool {
        is_json(&self.body)
    }

    pub(crate) fn has_key(&self) -> bool {
        self.headers.contains_key("idempotency-key")
    }

    fn correlation_id(&self) -> Option<Uuid> {
        let mut ids = self.headers.get_all(CORRELATION_ID_HEADER).iter();
        let only = ids.next().filter(|_| ids.next().is_none())?;
        Uuid::try_parse_ascii(only.as_bytes()).ok()
    }
}

/// Whether a text follows the grammar of JSON.
pub(crate) fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

/// The layers that every service has, around the routes of one.
pub(crate) fn router(service: &'static str, routes: Router, ambient: Ambient) -> Router {
    let readiness = Readiness::within(std::time::Duration::from_secs(2));
    service_router(
        routes,
        ServiceOptions {
            service,
            new_id: std::sync::Arc::new(move || ambient.id()),
            readiness,
            limits: RequestLimits::default(),
        },
    )
}

/// Sends a request and checks what is true of every answer: it is never a failure of ours, carries the
/// correlation id of the request, and says in JSON what was wrong.
pub(crate) async fn ask(router: &Router, sent: &Sent) -> Answer {
    let request = sent.request(Body::from(sent.body.clone()));
    let Ok(answer) = router.clone().oneshot(request).await;
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.expect("a body in memory").to_bytes();
    assert!(!parts.status.is_server_error(), "{} {}", parts.status, String::from_utf8_lossy(&body));
    let id = parts.headers.get(CORRELATION_ID_HEADER).expect("every answer has a correlation id");
    let id: Uuid = id.to_str().expect("it is text").parse().expect("it is an id");
    assert!(sent.correlation_id().is_none_or(|sent| sent == id), "the correlation id was lost");
    let body: Value = if sent.method == Method::HEAD || body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&body).expect("every body is JSON")
    };
    if !parts.status.is_success() && sent.method != Method::HEAD {
        assert!(body["error"].as_str().is_some_and(|code| code.ends_with("_ERROR")), "{body}");
        assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    }
    Answer { status: parts.status, body }
}

/// Runs a future to its end; waiting costs no time.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(work))
}

/// Settings of a service that runs on a database in memory.
pub(crate) fn settings(table_variable: &str) -> ServiceSettings {
    let variables = [
        ("ENVIRONMENT", "autotest"),
        ("AWS_REGION", "us-east-1"),
        (table_variable, "aggregates"),
        ("DYNAMODB_INBOX_TABLE_NAME", "inbox"),
        ("DYNAMODB_OUTBOX_TABLE_NAME", "outbox"),
    ];
    let environment: Environment = variables.into_iter().collect();
    environment.read(|env| ServiceSettings::read(env, table_variable)).expect("they are complete")
}
