//! The way to AWS of one process, on which a rule says what becomes of each call.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use aws_smithy_runtime_api::{
    client::{
        http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use local_aws::InMemoryAws;

/// What becomes of a call.
pub(crate) enum Fate {
    /// It goes through.
    Passes,
    /// It is never answered.
    Hangs,
    /// AWS answers 500.
    Fails,
}

type Rule = dyn Fn(&str, &str) -> Fate + Send + Sync;
type Rewrite = dyn Fn(&str, serde_json::Value, Option<serde_json::Value>) -> serde_json::Value + Send + Sync;

/// A connector over the embedded AWS.
#[derive(Clone)]
pub(crate) struct Wire {
    aws: InMemoryAws,
    rule: Arc<Mutex<Arc<Rule>>>,
    rewrite: Option<Arc<Rewrite>>,
}

impl Wire {
    /// Everything goes through.
    pub(crate) fn new(aws: &InMemoryAws) -> Self {
        let rule: Arc<Rule> = Arc::new(|_, _| Fate::Passes);
        Self { aws: aws.clone(), rule: Arc::new(Mutex::new(rule)), rewrite: None }
    }

    /// From now on this decides, given a call's operation and its body.
    pub(crate) fn rule(&self, rule: impl Fn(&str, &str) -> Fate + Send + Sync + 'static) {
        *self.rule.lock().unwrap() = Arc::new(rule);
    }

    /// Changes the bodies of JSON requests (no answer is given) and of their answers (it is).
    pub(crate) fn rewriting(
        mut self,
        rewrite: impl Fn(&str, serde_json::Value, Option<serde_json::Value>) -> serde_json::Value
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.rewrite = Some(Arc::new(rewrite));
        self
    }

    async fn call(self, mut request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let target = request.headers().get("x-amz-target").and_then(|target| target.split_once('.'));
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let action = form_urlencoded::parse(body.as_bytes()).find(|(name, _)| name == "Action");
        let operation = match (target, action) {
            (Some((_, operation)), _) => operation.to_owned(),
            (None, action) => action.map(|(_, action)| action.into_owned()).unwrap_or_default(),
        };
        let rule = self.rule.lock().unwrap().clone();
        match rule(&operation, &body) {
            Fate::Hangs => return std::future::pending().await,
            Fate::Fails => return Ok(failure()),
            Fate::Passes => {}
        }
        let Some(rewrite) = self.rewrite.filter(|_| {
            operation.contains("Shard") || operation.contains("Records") || operation == "DescribeStream"
        }) else {
            return self.aws.call(request).await;
        };
        let asked: serde_json::Value = serde_json::from_str(&body).unwrap();
        let changed = rewrite(&operation, asked.clone(), None);
        *request.body_mut() = SdkBody::from(changed.to_string());
        request.headers_mut().remove("content-length");
        let mut answer = self.aws.call(request).await?;
        if answer.status().is_success() {
            let said = serde_json::from_slice(answer.body().bytes().unwrap()).unwrap();
            *answer.body_mut() = SdkBody::from(rewrite(&operation, asked, Some(said)).to_string());
            answer.headers_mut().remove("content-length");
        }
        Ok(answer)
    }
}

fn failure() -> HttpResponse {
    let body = r#"{"__type":"InternalServerError","message":"injected"}"#;
    HttpResponse::new(StatusCode::try_from(500).unwrap(), SdkBody::from(body))
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().call(request))
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
