//! A provider behind HTTP that knows a mail again by its `Idempotency-Key`: what is sent twice with one key
//! arrives once.
//!
//! The header is that of the IETF draft ("The Idempotency-Key HTTP Header Field"), which many providers
//! follow. How long a key is known is the provider's word, a day as a rule. A mail in doubt is sent again
//! within the pauses of the sender, which is sooner as long as the provider answers within that day.

use std::io;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _};
use http::{Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::json;

use super::{Provider, SendError, without_addresses};
use crate::{domain::Letter, settings::KeyedProvider};

/// The most bytes of a refusal that are read.
const MOST_OF_A_REFUSAL: usize = 2_000;

/// Posts each mail as JSON: `from`, `to`, `subject`, `text`.
#[derive(Clone)]
pub struct WithKey {
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: Uri,
    token: Option<String>,
}

impl WithKey {
    /// The provider that these settings name. TLS trusts the certificates of the machine; a redirect is not
    /// followed, because nobody has agreed to send addresses to where it leads.
    ///
    /// # Errors
    ///
    /// When this machine has no certificates.
    pub fn new(settings: &KeyedProvider) -> Result<Self, io::Error> {
        let connector =
            HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().build();
        let http = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { http, url: settings.url.clone(), token: settings.token.clone() })
    }

    async fn post(&self, letter: &Letter) -> Result<(), SendError> {
        let not_made = |error: http::Error| SendError::NotTaken(error.into());
        match self.http.request(self.request(letter).map_err(not_made)?).await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(judge(answer).await),
            Err(error) if error.is_connect() => Err(SendError::NotTaken(error.into())),
            Err(error) => Err(SendError::Unknown(error.into())),
        }
    }

    fn request(&self, letter: &Letter) -> http::Result<Request<Full<Bytes>>> {
        let body = json!({
            "from": letter.from, "to": letter.to, "subject": letter.subject, "text": letter.text,
        });
        let request = Request::post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", letter.id.key().to_string());
        let request = match &self.token {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        };
        request.body(Full::from(body.to_string()))
    }
}

/// 401 and 403 are about the token, 404 about the URL, 409 says that the same key is in work, and 429 asks
/// for patience. What else is the client's fault is this mail's fault.
async fn judge<B: Body>(answer: Response<B>) -> SendError
where
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let status = answer.status();
    let told = || format!("the provider answers {status}");
    match status.as_u16() {
        400 | 413 | 415 | 422 => {
            let text = Limited::new(answer.into_body(), MOST_OF_A_REFUSAL).collect().await;
            let text =
                text.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned()).unwrap_or_default();
            SendError::Refused { reason: format!("{status}: {}", without_addresses(&text)) }
        }
        300..=499 => SendError::NotTaken(told().into()),
        _ => SendError::Unknown(told().into()),
    }
}

impl Provider for WithKey {
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), SendError>> {
        self.post(letter).boxed()
    }

    fn honours_keys(&self) -> bool {
        true
    }
}

/// Without the token.
impl std::fmt::Debug for WithKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WithKey(..)")
    }
}
