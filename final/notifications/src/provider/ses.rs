//! Amazon SES. It knows no keys: what is sent twice arrives twice.

use aws_sdk_sesv2::{
    Client,
    config::{Builder, retry::RetryConfig},
    error::{DisplayErrorContext, ProvideErrorMetadata as _, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content, Destination, EmailContent, Message},
};
use aws_types::SdkConfig;
use futures::future::{BoxFuture, FutureExt as _};

use super::{Provider, SendError, without_addresses};
use crate::domain::Letter;

/// Sends with `SendEmail` of the Amazon SES API of version 2.
#[derive(Clone, Debug)]
pub struct Ses(Client);

impl Ses {
    /// SES as this configuration reaches it, without retries: after an answer that was lost, the SDK would
    /// send once more and tell nobody.
    pub fn new(aws: &SdkConfig) -> Self {
        Self(Client::from_conf(Builder::from(aws).retry_config(RetryConfig::disabled()).build()))
    }
}

impl Provider for Ses {
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), SendError>> {
        let request = || {
            let text = |text: &str| Content::builder().data(text).charset("UTF-8").build();
            let body = Body::builder().text(text(&letter.text)?).build();
            let message = Message::builder().subject(text(letter.subject)?).body(body).build();
            let to = Destination::builder().to_addresses(letter.to.as_str()).build();
            let content = EmailContent::builder().simple(message).build();
            Ok(self.0.send_email().from_email_address(&letter.from).destination(to).content(content))
        };
        async move {
            let not_built = |error: aws_sdk_sesv2::error::BuildError| SendError::NotTaken(error.into());
            request().map_err(not_built)?.send().await.map(drop).map_err(judge)
        }
        .boxed()
    }

    fn honours_keys(&self) -> bool {
        false
    }
}

/// Every code here means that nothing was sent ("Amazon SES API v2 Reference, SendEmail, Errors"). What is
/// wrong with this one mail is told apart from what is wrong with the account or the moment.
fn judge(error: SdkError<SendEmailError>) -> SendError {
    if unit_of_work::never_left(&error) {
        return SendError::NotTaken(error.into());
    }
    let SdkError::ServiceError(answer) = &error else { return SendError::Unknown(error.into()) };
    let reason = without_addresses(error.message().unwrap_or_default());
    match (answer.err(), answer.raw().status().as_u16()) {
        // Of the sender's identity SES says so with the code of a refusal, and no mail is at fault.
        (SendEmailError::MessageRejected(_), _) if reason.contains("not verified") => {
            SendError::NotTaken(reason.into())
        }
        (SendEmailError::BadRequestException(_) | SendEmailError::MessageRejected(_), _) => {
            SendError::Refused { reason }
        }
        (_, 400..=499) => {
            let code = error.code().unwrap_or("without a code");
            SendError::NotTaken(format!("{code}: {reason}").into())
        }
        _ => SendError::Unknown(DisplayErrorContext(&error).to_string().into()),
    }
}
