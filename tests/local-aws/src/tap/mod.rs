//! A tap on the way between the SDK and AWS: an HTTP client that is a function, and what such functions
//! answer in AWS's stead.
//!
//! Above it the real client signs, sends, times out and retries; below it there is whatever the function
//! calls, or nothing:
//!
//! ```
//! # use local_aws::{InMemoryAws, tap};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let aws = InMemoryAws::new()?;
//! let below = aws.clone();
//! let slow = tap::new(move |request| {
//!     let aws = below.clone();
//!     async move {
//!         tokio::time::sleep(std::time::Duration::from_secs(1)).await;
//!         aws.call(request).await
//!     }
//! });
//! let config = aws.sdk_config().into_builder().http_client(slow).build();
//! # Ok(())
//! # }
//! ```

mod entries;
pub mod refusals;
mod unprocessed;

use std::fmt;

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient as _, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
        http_client_fn,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;

pub use entries::{Entry, publish};
pub use unprocessed::without_first_entry;

/// What the SDK hears of one attempt: an answer of AWS, or that there was none.
pub type Answer = Result<HttpResponse, ConnectorError>;

/// An HTTP client of the SDK that is this function.
pub fn new<F>(answer: impl Fn(HttpRequest) -> F + Send + Sync + 'static) -> SharedHttpClient
where
    F: Future<Output = Answer> + Send + 'static,
{
    let connector = SharedHttpConnector::new(Tap(move |request| HttpConnectorFuture::new(answer(request))));
    http_client_fn(move |_, _| connector.clone())
}

/// The same client, but this function sees each request on its way.
pub fn watching(
    client: SharedHttpClient,
    see: impl Fn(&HttpRequest) + Clone + Send + Sync + 'static,
) -> SharedHttpClient {
    http_client_fn(move |settings, components| {
        let (inner, see) = (client.http_connector(settings, components), see.clone());
        SharedHttpConnector::new(Tap(move |request| {
            see(&request);
            inner.call(request)
        }))
    })
}

/// The operation that a request asks for: JSON services name it in a header, SNS in its form, SES in its
/// path. S3 has only the method.
pub fn operation(request: &HttpRequest) -> String {
    let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
    let body = request.body().bytes().unwrap_or_default();
    let action = || {
        form_urlencoded::parse(body).find(|(name, _)| name == "Action").map(|(_, value)| value.into_owned())
    };
    let mail = || request.uri().ends_with("/v2/email/outbound-emails").then(|| "SendEmail".to_owned());
    target.map(str::to_owned).or_else(mail).or_else(action).unwrap_or_else(|| request.method().to_owned())
}

/// Gives a request another body.
pub fn rewrite(request: &mut HttpRequest, body: impl Into<SdkBody>) {
    *request.body_mut() = body.into();
    request.headers_mut().remove("content-length");
}

/// Gives an answer another body.
pub fn rewrite_answer(answer: &mut HttpResponse, body: impl Into<SdkBody>) {
    *answer.body_mut() = body.into();
    answer.headers_mut().remove("content-length");
}

struct Tap<F>(F);

impl<F> fmt::Debug for Tap<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

impl<F: Fn(HttpRequest) -> HttpConnectorFuture + Send + Sync> HttpConnector for Tap<F> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        (self.0)(request)
    }
}
