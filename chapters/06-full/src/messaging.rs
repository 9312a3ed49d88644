//! The loop that takes messages from an SQS queue.

use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageAttributeValue};
use fault_engine::Ambient;

use crate::App;
use crate::error::Error;
use crate::events::Envelope;
use crate::handlers::handle;
use crate::inbox;
use crate::unit_of_work::{UnitOfWork, retry};

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
        // One at a time: the time of a message that waited behind others here would run out before its work
        // begins.
        let request = app.sqs.receive_message().queue_url(&url).max_number_of_messages(1);
        let answer = request.wait_time_seconds(20).send().await.map_err(Error::aws)?;
        for message in answer.messages.unwrap_or_default() {
            match keep_hidden(app, &url, &message, process(app, queue, &message)).await {
                Ok(()) => {}
                Err(error) if error.is_retryable() => {
                    // It comes again when its visibility timeout has passed.
                    tracing::warn!(queue, error = error.in_full(), "a message was not handled");
                    continue;
                }
                Err(error) => dead_letter(app, queue, &message, &error).await?,
            }
            let handle = message.receipt_handle.unwrap_or_default();
            let request = app.sqs.delete_message().queue_url(&url).receipt_handle(handle);
            request.send().await.map_err(Error::aws)?;
        }
    }
}

// ANCHOR: keep_hidden
/// Works on a message and keeps it hidden meanwhile, however slow the work is. Received too often, it would
/// end in the dead-letter queue although it was handled.
async fn keep_hidden<T>(app: &App, url: &str, message: &Message, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    loop {
        let request = app.sqs.change_message_visibility().set_receipt_handle(message.receipt_handle.clone());
        // If it fails the message may come to another consumer, too, and the inbox decides.
        let _ = request.queue_url(url).visibility_timeout(30).send().await;
        if let Ok(done) = tokio::time::timeout(Duration::from_secs(10), &mut work).await {
            return done;
        }
    }
}
// ANCHOR_END: keep_hidden

async fn process(app: &App, queue: &str, message: &Message) -> Result<(), Error> {
    let body = message.body().unwrap_or_default();
    let envelope = Envelope::parse(body).map_err(Error::Unreadable)?;
    let handled = retry(app, || async {
        let mut work = UnitOfWork::new();
        inbox::remember(app, &mut work, queue, envelope.id)?;
        handle(app, &mut work, envelope.event.clone()).await?;
        work.commit(app).await
    });
    match handled.await {
        Err(Error::AlreadyHandled) => Ok(()),
        handled => handled,
    }
}

// ANCHOR: dead_letter
/// Puts a message that no retry helps into the dead-letter queue, with the reason. It is sent first and
/// deleted then: a crash in between leaves it in both queues, never in none.
async fn dead_letter(app: &App, queue: &str, message: &Message, error: &Error) -> Result<(), Error> {
    tracing::error!(queue, error = error.in_full(), "a message was dead-lettered");
    let name = format!("{queue}--dlq");
    let answer = app.sqs.get_queue_url().queue_name(name).send().await.map_err(Error::aws)?;
    let reason = MessageAttributeValue::builder().data_type("String").string_value(error.to_string());
    let request =
        app.sqs.send_message().set_queue_url(answer.queue_url).set_message_body(message.body.clone());
    let request = request.message_attributes("reason", reason.build().map_err(Error::aws)?);
    request.send().await.map_err(Error::aws)?;
    Ok(())
}
// ANCHOR_END: dead_letter
