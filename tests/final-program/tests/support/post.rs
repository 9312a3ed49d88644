//! A request to the system, as a client sends it.

use axum::{
    body::Body,
    http::{Request, StatusCode, header::CONTENT_TYPE},
};
use fault_engine::Ambient;
use final_program::PROGRAM;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use uuid::Uuid;

/// Sends a request to the service whose path it names: the id in the answer, or what was wrong.
pub(crate) async fn post(ambient: &Ambient, path: &str, key: &str, body: &Value) -> Result<Uuid, String> {
    let request = Request::post(path).header(CONTENT_TYPE, "application/json").header("Idempotency-Key", key);
    let request = request.body(Body::from(body.to_string())).unwrap();
    let Ok(answer) = (PROGRAM.http)(ambient.clone()).oneshot(request).await;
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    if status != StatusCode::OK {
        return Err(format!("{status}: {}", String::from_utf8_lossy(&body)));
    }
    let body: Value = serde_json::from_slice(&body).unwrap();
    Ok(body["id"].as_str().unwrap().parse().unwrap())
}
