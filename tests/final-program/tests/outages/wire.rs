//! The way to AWS of one process, on which a rule says what becomes of each call.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::{http::SharedHttpClient, orchestrator::HttpRequest};
use local_aws::{
    InMemoryAws,
    tap::{self, Answer, refusals},
};

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

    /// The HTTP client of the process.
    pub(crate) fn client(&self) -> SharedHttpClient {
        let wire = self.clone();
        tap::new(move |request| wire.clone().call(request))
    }

    async fn call(self, mut request: HttpRequest) -> Answer {
        let operation = tap::operation(&request);
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let rule = self.rule.lock().unwrap().clone();
        match rule(&operation, &body) {
            Fate::Hangs => return std::future::pending().await,
            Fate::Fails => return Ok(refusals::server_error(&request)),
            Fate::Passes => {}
        }
        let Some(rewrite) = self.rewrite.filter(|_| {
            operation.contains("Shard") || operation.contains("Records") || operation == "DescribeStream"
        }) else {
            return self.aws.call(request).await;
        };
        let asked: serde_json::Value = serde_json::from_str(&body).unwrap();
        let changed = rewrite(&operation, asked.clone(), None);
        tap::rewrite(&mut request, changed.to_string());
        let mut answer = self.aws.call(request).await?;
        if answer.status().is_success() {
            let said = serde_json::from_slice(answer.body().bytes().unwrap()).unwrap();
            tap::rewrite_answer(&mut answer, rewrite(&operation, asked, Some(said)).to_string());
        }
        Ok(answer)
    }
}
