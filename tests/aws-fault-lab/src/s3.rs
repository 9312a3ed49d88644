//! Calls to S3: what they ask for, which only method, path and query say, and how S3 refuses.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use local_aws::tap::refusals;

/// The name of the service.
pub(crate) const NAME: &str = "S3";

/// The signature names the service.
pub(crate) fn is_asked(request: &HttpRequest) -> bool {
    request.headers().get("authorization").is_some_and(|signature| signature.contains("/s3/aws4_request"))
}

/// The operation, and the bucket with the key if there is one. Most operations name themselves in `x-id`.
pub(crate) fn operation_and_target(request: &HttpRequest) -> (String, String) {
    let uri = request.uri();
    let path =
        uri.split_once("://").map_or(uri, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let target = path.trim_matches('/');
    let named = query.split('&').find_map(|field| field.strip_prefix("x-id="));
    let setting = query.split('&').next().unwrap_or_default();
    let operation = match (named, request.method(), target.contains('/')) {
        (Some(named), _, _) => named.to_owned(),
        (None, "GET", false) if query.contains("list-type=2") => "ListObjectsV2".to_owned(),
        (None, "PUT", false) if setting.is_empty() => "CreateBucket".to_owned(),
        (None, "HEAD", false) => "HeadBucket".to_owned(),
        (None, "HEAD", true) => "HeadObject".to_owned(),
        (None, "DELETE", true) => "DeleteObject".to_owned(),
        (None, method, _) => format!("{method} {setting}").trim_end().to_owned(),
    };
    (operation, target.to_owned())
}

pub(crate) fn slow_down() -> HttpResponse {
    error(503, "SlowDown", "Please reduce your request rate.")
}

pub(crate) fn server_error() -> HttpResponse {
    error(500, "InternalError", "We encountered an internal error. Please try again.")
}

fn error(status: u16, code: &str, message: &str) -> HttpResponse {
    let body =
        format!("<Error><Code>{code}</Code><Message>{message}</Message><RequestId>lab</RequestId></Error>");
    refusals::response(status, "application/xml", body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &str, uri: &str) -> (String, String) {
        let mut request = HttpRequest::empty();
        request.set_method(method).unwrap();
        request.set_uri(uri).unwrap();
        operation_and_target(&request)
    }

    #[test]
    fn a_request_says_what_it_asks_for() {
        let of = |operation: &str, target: &str| (operation.to_owned(), target.to_owned());
        let host = "http://in-memory.localhost:80";
        assert_eq!(asked("PUT", &format!("{host}/bucket")), of("CreateBucket", "bucket"));
        assert_eq!(asked("PUT", &format!("{host}/bucket/a/b?x-id=PutObject")), of("PutObject", "bucket/a/b"));
        assert_eq!(
            asked("GET", &format!("{host}/bucket/?list-type=2&prefix=a")),
            of("ListObjectsV2", "bucket")
        );
        assert_eq!(asked("PUT", &format!("{host}/bucket?lifecycle")), of("PUT lifecycle", "bucket"));
        assert_eq!(asked("HEAD", &format!("{host}/bucket/key")), of("HeadObject", "bucket/key"));
    }
}
