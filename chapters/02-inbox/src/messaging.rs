//! The loop that takes messages from an SQS queue.

use std::time::Duration;

use aws_sdk_sqs::types::Message;
use fault_engine::Ambient;

use crate::App;
use crate::error::Error;
use crate::events::Envelope;
use crate::handlers::handle;
use crate::inbox;

/// How long to wait after SQS could not be reached.
const PAUSE: Duration = Duration::from_secs(1);

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
