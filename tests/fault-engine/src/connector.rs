//! The HTTP client of one component's SDK: every AWS call passes here, and here it is broken.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use local_aws::InMemoryAws;

use crate::answers;
use crate::batch::{Blame, publish_partly};
use crate::call::{Description, Outcome};
use crate::fault::Fault;
use crate::session::Session;

/// When the second copy of a message comes, if it does not come at once.
const LATE_COPY: Duration = Duration::from_secs(45);

/// The way to AWS of one component.
#[derive(Clone)]
pub(crate) struct Faulty {
    pub(crate) aws: InMemoryAws,
    pub(crate) session: Session,
    pub(crate) component: Arc<str>,
}

impl Faulty {
    async fn call(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let call = Description::of(&request);
        let verdict = self.session.begin(&self.component, &call);
        let _in_flight = self.session.enter(&call);
        tokio::time::sleep(verdict.latency).await;
        let answer = self.carry_out(request, &call, verdict.fault).await;
        let outcome = match &answer {
            Err(_) => Outcome::Lost,
            Ok(response) if !response.status().is_success() => Outcome::Refused,
            Ok(response) if call.is_poll() && !has_messages(response) => Outcome::Empty,
            Ok(_) => Outcome::Done,
        };
        self.session.end(verdict.index, &call, outcome);
        answer
    }

    async fn carry_out(
        &self,
        request: HttpRequest,
        call: &Description,
        fault: Option<Fault>,
    ) -> Result<HttpResponse, ConnectorError> {
        match fault {
            Some(Fault::CrashBefore) => self.crash().await,
            Some(Fault::CrashAfter) => {
                self.forward(request, call).await?;
                self.crash().await
            }
            // The SDK's own time-out ends the waiting.
            Some(Fault::RequestLost) => std::future::pending().await,
            Some(Fault::AnswerLost) => {
                self.forward(request, call).await?;
                std::future::pending().await
            }
            Some(Fault::Outage) => Err(ConnectorError::io("the service cannot be reached".into())),
            Some(Fault::Throttle) => Ok(answers::throttled(call)),
            Some(Fault::ServerError) => Ok(answers::server_error(call)),
            Some(Fault::TransactionConflict) => Ok(answers::transaction_conflict(&request)),
            Some(Fault::PartialBatchFailure) => {
                publish_partly(&self.aws, request, Blame::Receiver, |number, _| number == 0).await
            }
            Some(Fault::RefusedMessage) if call.operation == "PublishBatch" => {
                let refused = |_, text: &str| self.session.is_refused(&message_id(text));
                publish_partly(&self.aws, request, Blame::Sender, refused).await
            }
            Some(Fault::RefusedMessage) => Ok(answers::refused_message()),
            _ => self.forward(request, call).await,
        }
    }

    async fn crash(&self) -> Result<HttpResponse, ConnectorError> {
        self.session.crash(&self.component);
        std::future::pending().await
    }

    async fn forward(
        &self,
        request: HttpRequest,
        call: &Description,
    ) -> Result<HttpResponse, ConnectorError> {
        let copies = if call.publishes() { self.copies_of(&request) } else { Vec::new() };
        let answer = self.aws.call(request).await?;
        for (delay, copy) in copies {
            let (aws, session) = (self.aws.clone(), self.session.clone());
            // The copy is under way in AWS: it arrives even if the sender crashes.
            let deliver = async move {
                let _arriving = session.restarting();
                tokio::time::sleep(delay).await;
                let _ = aws.call(copy).await;
            };
            if delay.is_zero() { deliver.await } else { drop(tokio::spawn(deliver)) }
        }
        Ok(answer)
    }

    fn copies_of(&self, request: &HttpRequest) -> Vec<(Duration, HttpRequest)> {
        let delays = self.session.plan().at(Fault::DuplicateDelivery);
        let delays = delays.map(|variant| if variant == 0 { Duration::ZERO } else { LATE_COPY });
        delays.filter_map(|delay| Some((delay, request.try_clone()?))).collect()
    }
}

fn has_messages(response: &HttpResponse) -> bool {
    let body = response.body().bytes().unwrap_or_default();
    String::from_utf8_lossy(body).contains("ReceiptHandle")
}

fn message_id(text: &str) -> String {
    let envelope: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    envelope["id"].as_str().unwrap_or_default().to_owned()
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty").field("component", &self.component).finish_non_exhaustive()
    }
}

impl HttpConnector for Faulty {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().call(request))
    }
}

impl HttpClient for Faulty {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
