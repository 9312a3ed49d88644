//! How spans get to the collector: the HTTP client that is in every program anyway, on the program's own
//! runtime.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;

/// The most bytes that are read of a collector's answer, which says how many spans it refused.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The exporter's thread has no runtime, so each call is made on this one.
#[derive(Debug)]
pub(super) struct Client {
    client: legacy::Client<HttpConnector, Full<Bytes>>,
    runtime: Handle,
}

impl Client {
    pub(super) fn new(runtime: Handle) -> Self {
        Self { client: legacy::Client::builder(TokioExecutor::new()).build_http(), runtime }
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let call = async move {
            let (head, body) = client.request(request.map(Full::new)).await?.into_parts();
            let body = Limited::new(body, LONGEST_ANSWER).collect().await?.to_bytes();
            Ok::<_, HttpError>(Response::from_parts(head, body))
        };
        let limited = async move { tokio::time::timeout(super::LONGEST_EXPORT, call).await? };
        self.runtime.spawn(limited).await?
    }
}
