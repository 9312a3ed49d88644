//! The door: who is let in, with which answer others are sent away, and where the keys come from.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use jsonwebtoken::get_current_timestamp;
use serde_json::{Value, json};
use service_kit::auth::{AuthSettings, Doors, KeySource, LocalIssuer, TokenSettings};
use service_kit::{Environment, SettingsError, service_router};
use utoipa::openapi::path::{HttpMethod, Operation, PathItem};
use utoipa::openapi::{OpenApi, security::SecurityRequirement};

use crate::support::{Answer, always_ready, ask, options};

const RSA_KEYS: &str = include_str!("auth/rs256.jwks.json");
/// Signed once with a key that nobody has any more; good for `orders:read` until 2100.
const RSA_TOKEN: &str = include_str!("auth/rs256.token");

fn settings(keys: KeySource) -> AuthSettings {
    let (issuer, audience) = (LocalIssuer::ISSUER.to_owned(), LocalIssuer::AUDIENCE.to_owned());
    AuthSettings::Jwt(TokenSettings { issuer, audience, keys })
}

fn operation(scope: &str) -> Operation {
    Operation::builder().security(SecurityRequirement::new("token", [scope])).build()
}

/// A service with a path to read, one to write, and one that its document has forgotten.
fn service(settings: &AuthSettings) -> Router {
    let mut document = OpenApi::default();
    let paths = &mut document.paths.paths;
    paths.insert("/orders".to_owned(), PathItem::new(HttpMethod::Post, operation("orders:write")));
    paths.insert("/order/{id}".to_owned(), PathItem::new(HttpMethod::Get, operation("orders:read")));
    let routes = Router::new()
        .route("/orders", post(async || "placed"))
        .route("/order/{id}", get(async || "found"))
        .route("/order/{id}/", get(async || "found"))
        .route("/forgotten", get(async || "secret"));
    service_router(Doors::of(settings).unwrap().guard(routes, &document), options(always_ready()))
}

async fn call(service: &Router, method: &str, path: &str, authorization: Option<&str>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    ask(service.clone(), request.body(Body::empty()).unwrap()).await
}

/// The status, the code, and what the header says of the token.
fn told(answer: &Answer) -> (u16, String, String) {
    let challenge = answer.headers.get("www-authenticate").map_or("", |value| value.to_str().unwrap());
    (answer.status.as_u16(), answer.json()["error"].as_str().unwrap().to_owned(), challenge.to_owned())
}

#[tokio::test]
async fn each_operation_needs_a_token_with_its_scope() {
    let issuer = LocalIssuer::new().unwrap();
    let service = service(&settings(KeySource::Text(issuer.jwks().to_owned())));
    let bearer = |scopes: &str| format!("Bearer {}", issuer.token(scopes).unwrap());
    let (reads, both) = (bearer("orders:read"), bearer("shop orders:write orders:read"));
    for (method, path, token) in [
        ("GET", "/order/1", &reads),
        ("GET", "/order/1/", &reads),
        ("HEAD", "/order/1", &reads),
        ("POST", "/orders", &both),
        ("GET", "/order/1", &both.replace("Bearer", "bearer")),
    ] {
        let answer = call(&service, method, path, Some(token)).await;
        assert_eq!(answer.status, StatusCode::OK, "{method} {path}: {}", answer.body);
    }
    let none = call(&service, "GET", "/order/1", None).await;
    assert_eq!(told(&none), (401, "UNAUTHENTICATED_ERROR".into(), "Bearer".into()));
    assert!(none.headers.contains_key("x-correlation-id"));
    let lacking = call(&service, "POST", "/orders", Some(&reads)).await;
    let challenge = r#"Bearer error="insufficient_scope", scope="orders:write""#;
    assert_eq!(told(&lacking), (403, "FORBIDDEN_ERROR".into(), challenge.into()));
    let forgotten = call(&service, "GET", "/forgotten", Some(&both)).await;
    assert_eq!(forgotten.status, 403, "what the document does not have is closed");
    for path in ["/orders/health", "/orders/ready"] {
        assert_eq!(call(&service, "GET", path, None).await.status, 200, "{path}");
    }
    assert_eq!(call(&service, "GET", "/nowhere", None).await.status, 404);
    for words in ["orders:read:all", "xorders:write", "orders:write,orders:read", ""] {
        assert_eq!(call(&service, "POST", "/orders", Some(&bearer(words))).await.status, 403, "{words}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_what_it_should_be_is_none() {
    let (issuer, other) = (LocalIssuer::new().unwrap(), LocalIssuer::new().unwrap());
    let service = service(&settings(KeySource::Text(issuer.jwks().to_owned())));
    let now = get_current_timestamp();
    let good = json!({"iss": LocalIssuer::ISSUER, "aud": ["x", LocalIssuer::AUDIENCE], "exp": now + 60, "scope": "orders:read"});
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        format!("Bearer {}", issuer.sign(&claims).unwrap())
    };
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        format!("Bearer {}", issuer.sign(&claims).unwrap())
    };
    let token = format!("Bearer {}", issuer.sign(&good).unwrap());
    assert_eq!(call(&service, "GET", "/order/1", Some(&token)).await.status, 200);
    let (head, signature) = token.rsplit_once('.').unwrap();
    // {"alg":"none"}, {"alg":"HS256"}
    let unsigned = token.replacen(&token[7..token.find('.').unwrap()], "eyJhbGciOiJub25lIn0", 1);
    let keyed = token.replacen(&token[7..token.find('.').unwrap()], "eyJhbGciOiJIUzI1NiJ9", 1);
    let wrong = [
        with("iss", json!("http://else.where")),
        with("aud", json!("else")),
        with("exp", json!(now - 3_600)),
        with("exp", json!("soon")),
        with("nbf", json!(now + 3_600)),
        without("iss"),
        without("aud"),
        without("exp"),
        format!("Bearer {}", other.sign(&good).unwrap()),
        format!("{head}.{}", signature.chars().rev().collect::<String>()),
        format!("{head}."),
        unsigned,
        keyed,
        "Bearer x.y.z".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {}", "x".repeat(9_000)),
        token.replace("Bearer", "Basic"),
    ];
    for value in wrong {
        let answer = call(&service, "GET", "/order/1", Some(&value)).await;
        assert_eq!(told(&answer).0, 401, "{value:.200}");
    }
    let twice = Request::get("/order/1").header("authorization", &token).header("authorization", &token);
    assert_eq!(ask(service, twice.body(Body::empty()).unwrap()).await.status, 401);
}

#[tokio::test]
async fn rs256_is_believed_too_and_keys_that_nobody_knows_hide_no_other() {
    let service = service(&settings(KeySource::Text(RSA_KEYS.to_owned())));
    let token = format!("Bearer {}", RSA_TOKEN.trim());
    assert_eq!(call(&service, "GET", "/order/1", Some(&token)).await.status, 200);
    assert_eq!(call(&service, "POST", "/orders", Some(&token)).await.status, 403);
    let forged = token.replacen("Bearer ey", "Bearer eY", 1);
    assert_eq!(call(&service, "GET", "/order/1", Some(&forged)).await.status, 401);
    for keys in ["{}", "{\"keys\": []}", "[]", "x", r#"{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}"#] {
        assert!(Doors::of(&settings(KeySource::Text(keys.to_owned()))).is_err(), "{keys}");
    }
}

/// An issuer that publishes these keys, and counts how often it is asked. An empty text is a failure.
async fn published(keys: Arc<Mutex<String>>, asked: Arc<AtomicUsize>) -> AuthSettings {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let answer = async move || {
        asked.fetch_add(1, Ordering::SeqCst);
        let text = keys.lock().unwrap().clone();
        if text.is_empty() { Err(StatusCode::BAD_GATEWAY) } else { Ok(text) }
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/keys", get(answer))).await });
    settings(KeySource::Url(url.parse().unwrap()))
}

#[tokio::test]
async fn keys_at_a_url_are_fetched_once_and_a_failure_is_ours_and_not_the_callers() {
    let (issuer, keys, asked) = (LocalIssuer::new().unwrap(), Arc::default(), Arc::<AtomicUsize>::default());
    let service = service(&published(Arc::clone(&keys), Arc::clone(&asked)).await);
    let token = format!("Bearer {}", issuer.token("orders:read").unwrap());
    let failed = call(&service, "GET", "/order/1", Some(&token)).await;
    assert_eq!(told(&failed), (503, "TEMPORARILY_UNAVAILABLE_ERROR".into(), String::new()));
    *keys.lock().unwrap() = issuer.jwks().to_owned();
    let again = call(&service, "GET", "/order/1", Some(&token)).await;
    assert_eq!(
        (again.status.as_u16(), asked.load(Ordering::SeqCst)),
        (503, 1),
        "it is not asked at once again"
    );

    let (keys, asked) = (Arc::new(Mutex::new(issuer.jwks().to_owned())), Arc::<AtomicUsize>::default());
    let service = self::service(&published(Arc::clone(&keys), Arc::clone(&asked)).await);
    for _ in 0..5 {
        assert_eq!(call(&service, "GET", "/order/1", Some(&token)).await.status, 200);
    }
    // {"alg":"ES256","kid":"unknown"}
    let unknown =
        token.replacen(&token[7..token.find('.').unwrap()], "eyJhbGciOiJFUzI1NiIsImtpZCI6InVua25vd24ifQ", 1);
    assert_eq!(call(&service, "GET", "/order/1", Some(&unknown)).await.status, 401);
    keys.lock().unwrap().clear();
    assert_eq!(call(&service, "GET", "/order/1", Some(&token)).await.status, 200, "what is known is kept");
    assert_eq!(asked.load(Ordering::SeqCst), 1, "unknown keys cost a caller nothing");
}

fn read(variables: &[(&str, &str)]) -> Result<AuthSettings, SettingsError> {
    Environment::from_iter(variables.iter().copied()).read(AuthSettings::read)
}

#[test]
fn only_who_listens_to_itself_may_leave_it_out() {
    let (desk, production) = (("ENVIRONMENT", "development"), ("ENVIRONMENT", "production"));
    for closed in [&[desk][..], &[], &[desk, ("HOST", "127.0.0.1")], &[production, ("HOST", "::1")]] {
        assert_eq!(read(closed), Ok(AuthSettings::Off), "{closed:?}");
    }
    for open in [&[production][..], &[desk, ("HOST", "0.0.0.0")], &[production, ("HOST", "10.0.0.7")]] {
        let problem = read(open).unwrap_err().problems()[0].clone();
        assert!(problem.starts_with("AUTH is missing") && problem.contains("jwt"), "{open:?}: {problem}");
        assert_eq!(read(&[open, &[("AUTH", "off")]].concat()), Ok(AuthSettings::Off), "{open:?}");
    }
    assert!(read(&[desk, ("AUTH", "Off")]).unwrap_err().problems()[0].starts_with("AUTH is neither"));
}

#[test]
fn tokens_need_an_issuer_an_audience_and_one_place_of_keys() {
    let named = [("AUTH", "jwt"), ("JWT_ISSUER", "i"), ("JWT_AUDIENCE", "a")];
    let names = |more: &[(&str, &str)]| -> Vec<String> {
        let error = read(&[&named[..], more].concat()).unwrap_err();
        error.problems().iter().map(|problem| problem.split(' ').next().unwrap().to_owned()).collect()
    };
    let error = read(&[("AUTH", "jwt")]).unwrap_err();
    assert_eq!(error.problems().len(), 3, "{error}");
    assert_eq!(names(&[]), ["JWT_JWKS"]);
    assert_eq!(names(&[("JWT_JWKS", "{}"), ("JWT_JWKS_URL", "https://id.example.org/keys")]), ["JWT_JWKS"]);
    assert_eq!(names(&[("JWT_JWKS_FILE", "/no/such/file")]), ["JWT_JWKS_FILE"]);
    for url in ["http://id.example.org/keys", "keys", "http://localhost.example.org", "ftp://localhost/keys"]
    {
        assert_eq!(names(&[("JWT_JWKS_URL", url)]), ["JWT_JWKS_URL"], "{url}");
    }
    for url in ["https://id.example.org/keys", "http://127.0.0.1:9/keys"] {
        let url = KeySource::Url(url.parse().unwrap());
        let KeySource::Url(text) = &url else { unreachable!() };
        let settings = read(&[&named[..], &[("JWT_JWKS_URL", &text.to_string())]].concat()).unwrap();
        assert!(matches!(settings, AuthSettings::Jwt(jwt) if jwt.keys == url));
    }
}
