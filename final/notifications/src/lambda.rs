//! The service as a Lambda function: behind the event source mappings of its queues, and called by a schedule
//! to send what is due.

use std::time::Duration;

use anyhow::Context as _;
use aws_types::SdkConfig;
use serde::Deserialize;
use serde_json::{Value, json};
use service_kit::{Environment, Reported};
use transactional_messaging::{
    ambient::Ambient,
    driver::lambda_consumer::{self, LambdaConsumer},
};
use waiting::Deadline;

use crate::{
    sender::{Sender, WHOLE_MAIL},
    service::{Settings, sender, use_cases},
    use_cases::Fresh,
    wiring::wiring,
};

/// What the schedule invokes the function with: `{"send": {}}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scheduled {
    #[expect(dead_code, reason = "that it is there says what is asked for")]
    send: Nothing,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Reads `FUNCTION_TIMEOUT_SECONDS`, required: the time-out with which the function is deployed, from 30,
/// because a mail is begun only while there is time to lead it to its end ([`WHOLE_MAIL`]). Each queue must
/// hide messages for six times as long.
///
/// # Errors
///
/// [`Reported`]; the complaints come out of [`Environment::finish`].
pub fn timeout(env: &mut Environment) -> Result<Duration, Reported> {
    let name = "FUNCTION_TIMEOUT_SECONDS";
    // Missing is as wrong as nothing: a default would be believed.
    let seconds = env.within(name, 0, 30..=900, "the timeout of the function in seconds");
    seconds.map(|seconds| Duration::from_secs(seconds.into()))
}

/// Serves the Lambda runtime until the environment is frozen for good.
///
/// # Errors
///
/// When a queue cannot be opened or hides messages for too short a time, or the runtime API cannot be
/// reached.
pub async fn run(
    settings: &Settings,
    aws: &SdkConfig,
    ambient: Ambient,
    timeout: Duration,
) -> anyhow::Result<()> {
    let notifications = use_cases(service::database(aws), settings, ambient.clone())
        .context("INBOX_RETENTION_DAYS is too small")?;
    let (sender, fresh) = (sender(aws, settings, ambient.clone())?, notifications.fresh());
    let channels = &settings.messaging.channels;
    let sqs = aws_sdk_sqs::Client::new(aws);
    let names = (channels.queue_prefix.as_str(), channels.kind);
    let consumer = LambdaConsumer::open(&sqs, names, wiring(), notifications, timeout).await?;
    // Boxed: the types of what the runtime wraps around them become too deep for the compiler otherwise.
    let other = |event| Box::pin(scheduled(&sender, event));
    let after = || Box::pin(send_fresh(&sender, &fresh));
    let served = Box::pin(lambda_consumer::run(consumer, ambient, other, after)).await;
    served.map_err(|error| anyhow::anyhow!(error))
}

/// What this batch has wished for, while there is time for a whole mail. What fails or is left is found by
/// the schedule.
async fn send_fresh(sender: &Sender, fresh: &Fresh) {
    while there_is_time()
        && let Some(mail) = fresh.take()
    {
        if let Err(error) = sender.look_at(mail).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "mail_left_to_the_schedule");
        }
    }
}

async fn scheduled(sender: &Sender, event: Value) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
    serde_json::from_value::<Scheduled>(event)
        .map_err(|error| format!("neither a batch nor a schedule: {error}"))?;
    Ok(json!({ "looked_at": sender.send_due(there_is_time).await? }))
}

/// A mail that is begun must be led to its end: the invocation would leave it in doubt.
fn there_is_time() -> bool {
    Deadline::current().is_none_or(|deadline| deadline.left() > WHOLE_MAIL)
}
