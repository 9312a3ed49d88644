//! The door in front of a service's routes.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use jsonwebtoken::{Validation, decode, decode_header};
use serde::Deserialize;
use utoipa::openapi::OpenApi;

use super::crypto;
use super::keys::{Key, Keys, KeysError};
use super::settings::{AuthSettings, TokenSettings};
use crate::http::ApiError;
use crate::openapi::required_scopes;

/// The longest token that is looked at. Ours have about 400 bytes.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// Who is let in.
#[derive(Clone)]
pub struct Doors(Option<Arc<Issuer>>);

struct Issuer {
    settings: TokenSettings,
    keys: Keys,
}

/// What is read of a token, beside what jsonwebtoken checks.
#[derive(Deserialize)]
struct Claims {
    /// Words with blanks between them ("RFC 9068, section 2.2.3").
    #[serde(default)]
    scope: String,
}

/// Why a caller is not let in.
enum Refused {
    NoToken,
    Invalid,
    Keys(KeysError),
}

impl Doors {
    /// Those of the settings.
    ///
    /// # Errors
    /// [`KeysError`] when the keys in the settings cannot be used. Keys at a URL are fetched later.
    pub fn of(settings: &AuthSettings) -> Result<Self, KeysError> {
        crypto::install();
        Ok(Self(match settings {
            AuthSettings::Off => None,
            AuthSettings::Jwt(settings) => {
                let keys = Keys::of(&settings.keys)?;
                Some(Arc::new(Issuer { settings: settings.clone(), keys }))
            }
        }))
    }

    /// The same routes, each behind the scope that the document names for it.
    pub fn guard(&self, routes: Router, document: &OpenApi) -> Router {
        let Some(issuer) = &self.0 else { return routes };
        let guard = Guard { issuer: Arc::clone(issuer), scopes: Arc::new(required_scopes(document)) };
        routes.route_layer(middleware::from_fn_with_state(guard, checked))
    }
}

#[derive(Clone)]
struct Guard {
    issuer: Arc<Issuer>,
    /// The scope of each operation, by method and path.
    scopes: Arc<BTreeMap<(String, String), String>>,
}

async fn checked(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let granted = match guard.issuer.scopes_of(request.headers()).await {
        Ok(granted) => granted,
        Err(refused) => return refused.into_response(),
    };
    // HEAD is answered by the handler of GET, and a slash at the end changes nothing.
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let operation = (method.to_string(), path.trim_end_matches('/').to_owned());
    match guard.scopes.get(&operation) {
        Some(scope) if granted.split(' ').any(|word| word == scope) => next.run(request).await,
        scope => not_allowed(scope.map_or("", String::as_str)),
    }
}

impl Issuer {
    /// The scopes of the token that came with a request.
    async fn scopes_of(&self, headers: &HeaderMap) -> Result<String, Refused> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = values.next().filter(|_| values.next().is_none()).ok_or(Refused::NoToken)?;
        let (scheme, token) =
            value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Refused::NoToken)?;
        if !scheme.eq_ignore_ascii_case("bearer") || token.len() > MAX_TOKEN_BYTES {
            return Err(Refused::NoToken);
        }
        let header = decode_header(token.trim()).map_err(|_| Refused::Invalid)?;
        let family = crypto::family_of(header.alg).ok_or(Refused::Invalid)?;
        let keys = self.keys.current(header.kid.as_deref()).await.map_err(Refused::Keys)?;
        let mut validation = Validation::new(header.alg);
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let fits = |key: &&Key| key.family == family && (header.kid.is_none() || key.id == header.kid);
        let claims = keys.iter().filter(fits).find_map(|key| {
            decode::<Claims>(token.trim(), &key.key, &validation).ok().map(|token| token.claims)
        });
        claims.map(|claims| claims.scope).ok_or(Refused::Invalid)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (challenge, message) = match self {
            Self::Keys(error) => return ApiError::unavailable(&error).into_response(),
            Self::NoToken => {
                ("Bearer", "the request has no bearer token; send one in the Authorization header")
            }
            Self::Invalid => (
                r#"Bearer error="invalid_token""#,
                "the token is not valid here, or its time is over; get another from the issuer",
            ),
        };
        let error = ApiError::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED_ERROR", message);
        let challenge = HeaderValue::from_static(challenge);
        ([(WWW_AUTHENTICATE, challenge)], error).into_response()
    }
}

fn not_allowed(scope: &str) -> Response {
    let message = match scope {
        "" => "nobody may do this".to_owned(),
        scope => format!("the token lacks the scope {scope}; get one that has it"),
    };
    let error = ApiError::new(StatusCode::FORBIDDEN, "FORBIDDEN_ERROR", message);
    let challenge = format!(r#"Bearer error="insufficient_scope", scope="{scope}""#);
    let mut response = error.into_response();
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}
