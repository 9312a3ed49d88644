//! Publishing to SNS, and the loop that takes messages from an SQS queue.

use std::time::Duration;

use aws_sdk_sqs::types::Message;
use fault_engine::Ambient;
use local_aws::{ACCOUNT_ID, REGION};

use crate::App;
use crate::error::Error;
use crate::events::{Envelope, Event};
use crate::handlers::handle;
use crate::inbox;

/// How long to wait after SQS could not be reached.
const PAUSE: Duration = Duration::from_secs(1);

/// Publishes the event now.
///
/// # Errors
///
/// [`Error::Aws`]: it may have been published nevertheless.
pub async fn publish(app: &App, event: Event) -> Result<(), Error> {
    let envelope = Envelope { id: app.ambient.id(), time: app.ambient.timestamp(), event };
    let message = serde_json::to_string(&envelope).map_err(Error::aws)?;
    #[expect(clippy::disallowed_methods, reason = "this chapter shows what comes of it")]
    let request = app.sns.publish().topic_arn(arn(envelope.event.topic())).message(message);
    request.send().await.map_err(Error::aws)?;
    Ok(())
}

fn arn(topic: &str) -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT_ID}:{topic}")
}

/// Handles the messages of a queue for ever, one after the other.
pub async fn consume(ambient: Ambient, queue: &str) {
    let app = App::new(ambient);
    loop {
        if let Err(error) = receive(&app, queue).await {
            tracing::warn!(queue, error = error.in_full(), "receiving failed");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn receive(app: &App, queue: &str) -> Result<(), Error> {
    let answer = app.sqs.get_queue_url().queue_name(queue).send().await.map_err(Error::aws)?;
    let url = answer.queue_url.unwrap_or_default();
    loop {
        let request = app.sqs.receive_message().queue_url(&url).max_number_of_messages(10);
        let answer = request.wait_time_seconds(20).send().await.map_err(Error::aws)?;
        for message in answer.messages.unwrap_or_default() {
            if let Err(error) = process(app, queue, &message).await {
                // It comes again when its visibility timeout has passed.
                tracing::warn!(queue, error = error.in_full(), "a message was not handled");
                continue;
            }
            let handle = message.receipt_handle.unwrap_or_default();
            let request = app.sqs.delete_message().queue_url(&url).receipt_handle(handle);
            request.send().await.map_err(Error::aws)?;
        }
    }
}

// ANCHOR: process
async fn process(app: &App, queue: &str, message: &Message) -> Result<(), Error> {
    let body = message.body().unwrap_or_default();
    let envelope = Envelope::parse(body).map_err(Error::Unreadable)?;
    if inbox::contains(app, queue, envelope.id).await? {
        return Ok(());
    }
    handle(app, envelope.event).await?;
    inbox::remember(app, queue, envelope.id).await
}
// ANCHOR_END: process
