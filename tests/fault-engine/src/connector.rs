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
use aws_smithy_types::body::SdkBody;
use local_aws::InMemoryAws;
use serde_json::Value;

use crate::answers;
use crate::batch::{Refusal, publish_partly};
use crate::batch_items::without_first_entry;
use crate::call::{Description, Outcome};
use crate::fault::Fault;
use crate::half_visible;
use crate::session::{Session, Verdict};

/// When the second copy of a message comes, if it does not come at once.
const LATE_COPY: Duration = Duration::from_secs(45);

/// How late an answer is in [`Fault::SlowAnswers`]. Two of them are more than a request may take, four more than the visibility timeout
/// of a queue, and one less than the time-out of an attempt.
const SLOW_ANSWER: Duration = Duration::from_secs(8);

/// Changes the JSON body of a request, given its operation.
pub type Sabotage = fn(&str, &mut Value);

/// The way to AWS of one component.
#[derive(Clone)]
pub(crate) struct Faulty {
    pub(crate) aws: InMemoryAws,
    pub(crate) session: Session,
    pub(crate) component: Arc<str>,
    pub(crate) sabotage: Option<Sabotage>,
}

impl Faulty {
    async fn call(self, mut request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let call = Description::of(&request);
        self.sabotage(&call, &mut request);
        let verdict = self.session.begin(&self.component, &call);
        let _in_flight = self.session.enter(&call);
        tokio::time::sleep(verdict.latency).await;
        let answer = self.carry_out(request, &call, &verdict).await;
        let outcome = match &answer {
            Err(_) => Outcome::Lost,
            Ok(response) if !response.status().is_success() => Outcome::Refused,
            Ok(response) if call.is_poll() && !has_messages(response) => Outcome::Empty,
            Ok(_) => Outcome::Done,
        };
        self.session.end(verdict.index, &call, outcome);
        answer
    }

    fn sabotage(&self, call: &Description, request: &mut HttpRequest) {
        let body = request.body().bytes().and_then(|body| serde_json::from_slice::<Value>(body).ok());
        if let (Some(sabotage), Some(mut body)) = (self.sabotage, body) {
            sabotage(&call.operation, &mut body);
            *request.body_mut() = SdkBody::from(body.to_string());
            request.headers_mut().remove("content-length");
        }
    }

    async fn carry_out(
        &self,
        request: HttpRequest,
        call: &Description,
        verdict: &Verdict,
    ) -> Result<HttpResponse, ConnectorError> {
        match verdict.fault {
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
            Some(Fault::SlowAnswers) => {
                let answer = self.forward(request, call).await;
                tokio::time::sleep(SLOW_ANSWER).await;
                answer
            }
            Some(Fault::Throttle) => Ok(answers::throttled(call)),
            Some(Fault::ServerError) => Ok(answers::server_error(call)),
            Some(Fault::TransactionConflict) => Ok(answers::transaction_conflict(&request)),
            Some(Fault::HalfVisible) => {
                let (aws, session) = (self.aws.clone(), self.session.clone());
                half_visible::write(aws, session, call.clone(), request, verdict.sequence).await
            }
            Some(Fault::PartialBatchFailure) if call.is_batch_of_items() => {
                without_first_entry(&self.aws, request).await
            }
            Some(Fault::PartialBatchFailure) => {
                publish_partly(&self.aws, request, Refusal::once(verdict.index), |number, _| number == 0)
                    .await
            }
            Some(Fault::RefusedForAWhile) if call.operation == "PublishBatch" => {
                publish_partly(&self.aws, request, Refusal::for_a_while(verdict.index), |_, _| true).await
            }
            Some(Fault::RefusedForAWhile) => Ok(answers::refused(Refusal::for_a_while(verdict.index).code)),
            Some(Fault::RefusedMessage) if call.operation == "PublishBatch" => {
                let refused = |_, text: &str| self.session.is_refused(&message_id(text));
                publish_partly(&self.aws, request, self.for_ever(), refused).await
            }
            Some(Fault::RefusedMessage) => Ok(answers::refused_message()),
            _ => self.forward(request, call).await,
        }
    }

    /// The same each time that the message is sent: a relay must not come to its end because the flag has changed.
    fn for_ever(&self) -> Refusal {
        Refusal::for_ever(self.session.plan().at(Fault::RefusedMessage).next().unwrap_or_default())
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
        let mut answer = self.aws.call(request).await?;
        if call.is_poll() {
            sort_messages(&mut answer);
        }
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

/// SQS promises no order, and the embedded one gives messages whose visibility timeout has passed in a random one. Sorted
/// by event id, a run is the same each time.
fn sort_messages(response: &mut HttpResponse) {
    let body = response.body().bytes().and_then(|body| serde_json::from_slice::<Value>(body).ok());
    let Some(mut body) = body else { return };
    let Some(messages) = body["Messages"].as_array_mut().filter(|messages| messages.len() > 1) else {
        return;
    };
    messages.sort_by_cached_key(|message| {
        let notification: Value =
            serde_json::from_str(message["Body"].as_str().unwrap_or_default()).unwrap_or_default();
        message_id(notification["Message"].as_str().unwrap_or_default())
    });
    *response.body_mut() = SdkBody::from(body.to_string());
    response.headers_mut().remove("content-length");
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
