//! What comes to the system from outside: requests of clients, messages of queues, and the ids that follow
//! from keys.

use axum::{
    body::Body,
    http::{Request, StatusCode, header::CONTENT_TYPE},
};
use fault_engine::Ambient;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::PROGRAM;

/// Sends a request to the service whose path it names: the id in the answer.
///
/// # Errors
///
/// Status and body of any other answer.
pub async fn post(ambient: &Ambient, path: &str, key: &str, body: &Value) -> Result<Uuid, String> {
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

/// The id that follows from an idempotency key.
pub fn id_of(kind: &str, key: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("idempotency-key:{kind}:{key}").as_bytes())
}

/// A message as a queue delivers it.
pub fn message(kind: &str, id: Uuid, data: &Value) -> String {
    let (source, subject) = if kind.starts_with("Customer") {
        ("/customers", format!("customer/{}", Uuid::from_u128(1)))
    } else {
        ("/orders", format!("order/{}", data["order_id"].as_str().unwrap_or("none")))
    };
    json!({
        "specversion": "1.0", "id": id, "source": source, "type": kind, "subject": subject,
        "time": "2026-01-01T00:00:00+00:00", "sequence": "00000000000000000001", "correlationid": Uuid::from_u128(8),
        "data": data,
    })
    .to_string()
}
