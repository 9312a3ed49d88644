//! Who may ask: a page of another site must not press buttons here, nor read.
//!
//! A browser tells in `Origin` from where a page asks. A page whose name is made to point to this machine
//! (DNS rebinding) counts as the same origin, but its name stands in `Host`.

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode, Uri, uri::Authority};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// Refuses what does not come from this machine.
pub(crate) async fn only_this_machine(request: Request, next: Next) -> Response {
    if is_ours(request.headers()) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "this page is for this machine: call it by 127.0.0.1 or localhost\n")
        .into_response()
}

fn is_ours(headers: &HeaderMap) -> bool {
    let host = |text: &str| text.parse::<Authority>().ok().map(|authority| authority.host().to_owned());
    let origin = |text: &str| text.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    let ours = |name: Option<String>| name.is_some_and(|name| is_loopback(&name));
    headers.contains_key(HOST)
        && headers.get_all(HOST).iter().all(|value| ours(value.to_str().ok().and_then(host)))
        && headers.get_all(ORIGIN).iter().all(|value| ours(value.to_str().ok().and_then(origin)))
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let address = host.parse::<std::net::IpAddr>();
    address
        .map_or_else(|_| host == "localhost" || host.ends_with(".localhost"), |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(headers: &[(&'static str, &str)]) -> bool {
        let parse = |(name, value): &(&'static str, &str)| (name.parse().unwrap(), value.parse().unwrap());
        is_ours(&headers.iter().map(parse).collect())
    }

    #[test]
    fn only_this_machine_may_ask() {
        assert!(ours(&[("host", "127.0.0.1:9700")]));
        assert!(ours(&[("host", "[::1]:9700"), ("origin", "http://localhost:9700")]));
        for foreign in [
            [("host", "shop.example"), ("accept", "*/*")],
            [("host", "localhost.example:9700"), ("accept", "*/*")],
            [("host", "127.0.0.1:9700"), ("origin", "http://shop.example")],
            [("host", "127.0.0.1:9700"), ("origin", "null")],
            [("accept", "*/*"), ("origin", "http://localhost")],
        ] {
            assert!(!ours(&foreign), "{foreign:?}");
        }
    }
}
