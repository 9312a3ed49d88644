//! HTTP answers, in the form in which every service here gives them.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Body;

const JSON: &str = "application/x-amz-json-1.0";

/// The answer of a rustack service with its body in one piece.
pub(crate) async fn whole<B: Body>(response: Response<B>) -> Response<Bytes> {
    let (parts, body) = response.into_parts();
    // The body is in memory already, so reading it cannot fail.
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Response::from_parts(parts, body)
}

pub(crate) fn json_response(status: StatusCode, request_id: &str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(JSON));
    if let Ok(value) = http::HeaderValue::from_str(request_id) {
        response.headers_mut().insert("x-amzn-requestid", value);
    }
    response
}
