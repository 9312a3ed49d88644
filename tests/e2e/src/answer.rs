//! Requests over HTTP, and what is true of every answer.

use anyhow::{Context as _, ensure};
use reqwest::{Client, Method, header::CONTENT_TYPE};
use serde_json::Value;
use uuid::Uuid;

/// The header with the id of a conversation.
pub const CORRELATION_ID: &str = "X-Correlation-Id";

/// A request, kept so that it can be sent again.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path, which also says whose it is: `/customer…` or `/order…`.
    pub path: String,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body, if there is one.
    pub body: Option<String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The correlation id in its header.
    pub correlation_id: Uuid,
    /// The body.
    pub body: Value,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: None }
    }

    /// The same request with this body and content type.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<String>, content_type: Option<&str>) -> Self {
        self.body = Some(body.into());
        self.headers.extend(content_type.map(|kind| ("Content-Type", kind.to_owned())));
        self
    }

    /// Sends it. Every answer must be JSON and have a correlation id: that of the request, if it had a valid
    /// one.
    ///
    /// # Errors
    ///
    /// When there is no answer, or not such a one.
    pub async fn send(&self, http: &Client, service: &str) -> anyhow::Result<Answer> {
        let mut request = http.request(self.method.clone(), format!("{service}{}", self.path));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        let answer = request.send().await.with_context(|| format!("{self:?} got no answer"))?;
        let header = |name: &str| Some(answer.headers().get(name)?.to_str().ok()?.to_owned());
        let (status, kind) = (answer.status().as_u16(), header(CONTENT_TYPE.as_str()).unwrap_or_default());
        let id = header(CORRELATION_ID).context("the answer has no correlation id")?;
        let correlation_id: Uuid = id.parse().with_context(|| format!("{id} is no correlation id"))?;
        if let Some(sent) = self.correlation_id() {
            ensure!(sent == correlation_id, "{sent} was sent and {correlation_id} came back");
        }
        let text = answer.text().await?;
        ensure!(kind.starts_with("application/json"), "{status} came as {kind}: {text}");
        let body = serde_json::from_str(&text).with_context(|| format!("{status} is no JSON: {text}"))?;
        Ok(Answer { status, correlation_id, body })
    }

    fn correlation_id(&self) -> Option<Uuid> {
        let sent = self.headers.iter().find(|(name, _)| *name == CORRELATION_ID);
        sent.and_then(|(_, value)| value.parse().ok())
    }
}

impl Answer {
    /// The id of what was created.
    ///
    /// # Errors
    ///
    /// When the request did not succeed, or the id is not a hyphenated UUID in small letters.
    pub fn id(&self) -> anyhow::Result<Uuid> {
        ensure!(self.status == 200, "the answer is {} {}", self.status, self.body);
        let text = self.body["id"].as_str().context("the answer has no id")?;
        let id: Uuid = text.parse()?;
        ensure!(id.to_string() == text, "the id {text} is not written as ids are");
        Ok(id)
    }
}
