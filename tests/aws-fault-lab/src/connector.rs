//! The HTTP client of one component's SDK: every AWS call passes here, and here it is broken.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use local_aws::InMemoryAws;
use local_aws::tap::{self, Answer, Entry, refusals};
use serde_json::Value;

use crate::call::{Description, Outcome};
use crate::fault::Fault;
use crate::half_visible;
use crate::refusal::Refusal;
use crate::s3;
use crate::session::{Decision, Session};

/// When the second copy of a message comes, if it does not come at once.
const LATE_COPY: Duration = Duration::from_secs(45);

/// How late an answer is in [`Fault::SlowAnswers`]. Two of them are more than a request may take, four more
/// than the visibility timeout of a queue, and one less than the time-out of an attempt.
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
    /// Whether what is sent to a queue directly can come twice, too, and not only what is published.
    pub(crate) sends_twice: bool,
}

impl Faulty {
    /// The HTTP client of the component's SDK.
    pub(crate) fn client(self) -> SharedHttpClient {
        tap::new(move |request| self.clone().call(request))
    }

    async fn call(self, mut request: HttpRequest) -> Answer {
        let call = Description::of(&request);
        self.sabotage(&call, &mut request);
        let decision = self.session.begin(&self.component, &call);
        self.session.allow(decision.index).await;
        let _in_flight = self.session.enter(&call);
        tokio::time::sleep(decision.latency).await;
        let answer = self.carry_out(request, &call, &decision).await;
        let outcome = match &answer {
            Err(_) => Outcome::Lost,
            Ok(response) if !response.status().is_success() => Outcome::Refused,
            Ok(response) if call.is_poll() && !has_messages(response) => Outcome::Empty,
            Ok(_) => Outcome::Done,
        };
        self.session.end(decision.index, &call, outcome);
        answer
    }

    fn sabotage(&self, call: &Description, request: &mut HttpRequest) {
        let body = request.body().bytes().and_then(|body| serde_json::from_slice::<Value>(body).ok());
        if let (Some(sabotage), Some(mut body)) = (self.sabotage, body) {
            sabotage(&call.operation, &mut body);
            tap::rewrite(request, body.to_string());
        }
    }

    async fn carry_out(&self, request: HttpRequest, call: &Description, decision: &Decision) -> Answer {
        match decision.fault {
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
            Some(Fault::Throttle) if call.service == s3::NAME => Ok(s3::slow_down()),
            Some(Fault::Throttle) => Ok(refusals::throttled(&request)),
            Some(Fault::ServerError) if call.service == s3::NAME => Ok(s3::server_error()),
            Some(Fault::ServerError) => Ok(refusals::server_error(&request)),
            Some(Fault::TransactionConflict) => Ok(refusals::transaction_conflict(&request)),
            Some(Fault::HalfVisible) => {
                let (aws, session) = (self.aws.clone(), self.session.clone());
                half_visible::write(aws, session, call.clone(), request, decision.sequence).await
            }
            Some(Fault::PartialBatchFailure) if call.is_batch_of_items() => {
                tap::without_first_entry(&self.aws, request).await
            }
            Some(Fault::PartialBatchFailure) => {
                self.refuse(request, Refusal::once(decision.index), |number, _| number == 0).await
            }
            Some(Fault::RefusedForAWhile) if call.operation == "PublishBatch" => {
                self.refuse(request, Refusal::for_a_while(decision.index), |_, _| true).await
            }
            Some(Fault::RefusedForAWhile) => Ok(refusals::refused(Refusal::for_a_while(decision.index).code)),
            Some(Fault::RefusedMessage) if call.operation == "PublishBatch" => {
                let refused = |_, text: &str| self.session.is_refused(&message_id(text));
                self.refuse(request, self.for_ever(), refused).await
            }
            Some(Fault::RefusedMessage) => Ok(refusals::refused_message()),
            _ => self.forward(request, call).await,
        }
    }

    async fn refuse(
        &self,
        request: HttpRequest,
        refusal: Refusal,
        refuses: impl Fn(usize, &str) -> bool,
    ) -> Answer {
        let judge = |number, text: &str| if refuses(number, text) { refusal.into() } else { Entry::Taken };
        tap::publish(&self.aws, request, judge).await
    }

    /// The same each time that the message is sent: a relay must not come to its end because the flag has
    /// changed.
    fn for_ever(&self) -> Refusal {
        Refusal::for_ever(self.session.plan().at(Fault::RefusedMessage).next().unwrap_or_default())
    }

    async fn crash(&self) -> Answer {
        self.session.crash(&self.component);
        std::future::pending().await
    }

    async fn forward(&self, request: HttpRequest, call: &Description) -> Answer {
        let copied = if self.sends_twice { call.sends() } else { call.publishes() };
        let copies = if copied { copies_of(&self.session, &request) } else { Vec::new() };
        let mut answer = self.aws.call(request).await?;
        if call.is_poll() {
            sort_messages(&mut answer);
            self.note_received(&answer);
        }
        deliver(&self.aws, &self.session, copies).await;
        Ok(answer)
    }

    fn note_received(&self, answer: &HttpResponse) {
        let body = answer.body().bytes().and_then(|body| serde_json::from_slice::<Value>(body).ok());
        for message in body.iter().flat_map(|body| body["Messages"].as_array()).flatten() {
            if let (Some(receipt), Some(text)) = (message["ReceiptHandle"].as_str(), message["Body"].as_str())
            {
                self.session.note_received(receipt, text);
            }
        }
    }
}

/// The way to AWS of whoever stands outside of the program: never broken, but what it sends may come twice,
/// as anybody's.
pub(crate) fn outside(aws: &InMemoryAws, session: &Session) -> SharedHttpClient {
    let (aws, session) = (aws.clone(), session.clone());
    tap::new(move |request| {
        let (aws, session) = (aws.clone(), session.clone());
        async move {
            let call = Description::of(&request);
            let copies = if call.sends() { copies_of(&session, &request) } else { Vec::new() };
            let answer = aws.call(request).await?;
            if call.sends() {
                session.progress();
            }
            deliver(&aws, &session, copies).await;
            Ok(answer)
        }
    })
}

fn copies_of(session: &Session, request: &HttpRequest) -> Vec<(Duration, HttpRequest)> {
    let delays = session.plan().at(Fault::DuplicateDelivery);
    let delays = delays.map(|variant| if variant == 0 { Duration::ZERO } else { LATE_COPY });
    delays.filter_map(|delay| Some((delay, request.try_clone()?))).collect()
}

/// A copy is under way in AWS: it arrives even if the sender crashes.
async fn deliver(aws: &InMemoryAws, session: &Session, copies: Vec<(Duration, HttpRequest)>) {
    for (delay, copy) in copies {
        let (aws, session) = (aws.clone(), session.clone());
        let deliver = async move {
            let _arriving = session.restarting();
            tokio::time::sleep(delay).await;
            let _ = aws.call(copy).await;
        };
        if delay.is_zero() { deliver.await } else { drop(tokio::spawn(deliver)) }
    }
}

/// SQS promises no order, and the embedded one gives messages whose visibility timeout has passed in a random
/// one. Sorted by event id, or by their bodies if they are no events, a run is the same each time.
fn sort_messages(response: &mut HttpResponse) {
    let body = response.body().bytes().and_then(|body| serde_json::from_slice::<Value>(body).ok());
    let Some(mut body) = body else { return };
    let Some(messages) = body["Messages"].as_array_mut().filter(|messages| messages.len() > 1) else {
        return;
    };
    messages.sort_by_cached_key(|message| {
        let notification: Value =
            serde_json::from_str(message["Body"].as_str().unwrap_or_default()).unwrap_or_default();
        let id = message_id(notification["Message"].as_str().unwrap_or_default());
        let body = message["Body"].as_str().filter(|_| id.is_empty()).unwrap_or_default().to_owned();
        (id, body)
    });
    tap::rewrite_answer(response, body.to_string());
}

fn has_messages(response: &HttpResponse) -> bool {
    let body = response.body().bytes().unwrap_or_default();
    String::from_utf8_lossy(body).contains("ReceiptHandle")
}

fn message_id(text: &str) -> String {
    let envelope: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    envelope["id"].as_str().unwrap_or_default().to_owned()
}
