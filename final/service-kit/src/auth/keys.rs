//! The keys of an issuer: read once, or fetched and kept.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use axum::body::Body;
use http::Uri;
use http::uri::Scheme;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{AlgorithmFamily, DecodingKey};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::settings::{KeySource, MAX_BYTES};

/// How long fetched keys are used without being fetched again. An issuer shows a new key before it uses it.
const KEPT: Duration = Duration::from_secs(600);
/// The least time between two fetches, whatever is asked for: unknown keys cost a caller nothing.
const PAUSE: Duration = Duration::from_secs(30);
/// How long keys are used although they cannot be fetched any more.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// What one fetch may take.
const FETCH: Duration = Duration::from_secs(3);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A set of keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// It is no JSON Web Key Set.
    #[error("the key set is no json with a list of keys; look at what the issuer publishes")]
    Malformed(#[source] serde_json::Error),
    /// None of its keys can verify RS256 or ES256.
    #[error("the key set has no key for rs256 or es256; look at what the issuer publishes")]
    Empty,
    /// It could not be fetched. A later try may succeed.
    #[error("the key set could not be fetched; look whether the issuer can be reached from here")]
    Fetch(#[source] BoxError),
}

/// A key that signs.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: Option<String>,
    pub(super) family: AlgorithmFamily,
    pub(super) key: DecodingKey,
}

/// All keys of an issuer.
pub(super) struct Keys {
    url: Option<Uri>,
    state: Mutex<Fetched>,
}

#[derive(Default)]
struct Fetched {
    keys: Arc<[Key]>,
    at: Option<Instant>,
    tried: Option<Instant>,
}

impl Keys {
    /// Those of this source; a text is read at once.
    pub(super) fn of(source: &KeySource) -> Result<Self, KeysError> {
        Ok(match source {
            KeySource::Text(text) => {
                let state = Fetched { keys: read(text.as_bytes())?, at: None, tried: None };
                Self { url: None, state: Mutex::new(state) }
            }
            KeySource::Url(url) => Self { url: Some(url.clone()), state: Mutex::default() },
        })
    }

    /// The keys, fetched anew when they are old, or when none of them is the one that is asked for.
    pub(super) async fn current(&self, id: Option<&str>) -> Result<Arc<[Key]>, KeysError> {
        let mut state = self.state.lock().await;
        let Some(url) = &self.url else { return Ok(Arc::clone(&state.keys)) };
        let within = |time: Option<Instant>, limit: Duration| time.is_some_and(|time| time.elapsed() < limit);
        let known = id.is_none_or(|id| state.keys.iter().any(|key| key.id.as_deref() == Some(id)));
        if within(state.tried, PAUSE) || known && within(state.at, KEPT) {
            return usable(&state, None);
        }
        state.tried = Some(Instant::now());
        let fetched =
            timeout(FETCH, fetch(url)).await.unwrap_or_else(|late| Err(KeysError::Fetch(late.into())));
        match fetched {
            Ok(keys) => {
                (state.keys, state.at) = (keys, state.tried);
                Ok(Arc::clone(&state.keys))
            }
            Err(error) => {
                tracing::warn!(cause = &error as &dyn std::error::Error, "token_keys_not_fetched");
                usable(&state, Some(error))
            }
        }
    }
}

fn usable(state: &Fetched, error: Option<KeysError>) -> Result<Arc<[Key]>, KeysError> {
    match state.at {
        Some(at) if at.elapsed() < LONGEST => Ok(Arc::clone(&state.keys)),
        _ => Err(error.unwrap_or_else(|| KeysError::Fetch("the last try failed a moment ago".into()))),
    }
}

async fn fetch(url: &Uri) -> Result<Arc<[Key]>, KeysError> {
    let failed = |error: BoxError| KeysError::Fetch(error);
    let connector = match url.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP => Connector::builder().build_http(),
        _ => Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build(),
    };
    let request = HttpRequest::get(url.to_string()).map_err(|error| failed(error.into()))?;
    let answer = connector.call(request).await.map_err(|error| failed(error.into()))?;
    if answer.status().as_u16() != 200 {
        return Err(failed(format!("the answer has the status {}", answer.status()).into()));
    }
    let body = axum::body::to_bytes(Body::new(answer.into_body()), MAX_BYTES).await;
    read(&body.map_err(|error| failed(error.into()))?)
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

/// A key that is of a kind that nobody here knows hides no other.
fn read(text: &[u8]) -> Result<Arc<[Key]>, KeysError> {
    let set: Set = serde_json::from_slice(text).map_err(KeysError::Malformed)?;
    let keys: Arc<[Key]> = set.keys.into_iter().filter_map(key).collect();
    if keys.is_empty() { Err(KeysError::Empty) } else { Ok(keys) }
}

fn key(value: serde_json::Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let signs =
        jwk.common.public_key_use.as_ref().is_none_or(|for_what| *for_what == PublicKeyUse::Signature);
    let key = DecodingKey::from_jwk(&jwk).ok().filter(|_| signs)?;
    let family = key.family();
    let known = matches!(family, AlgorithmFamily::Rsa | AlgorithmFamily::Ec);
    known.then_some(Key { id: jwk.common.key_id, family, key })
}
