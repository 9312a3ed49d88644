//! Publishing to SNS, at once.

use local_aws::{ACCOUNT_ID, REGION};

use crate::App;
use crate::error::Error;
use crate::events::{Envelope, Event};

// ANCHOR: publish
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
// ANCHOR_END: publish

fn arn(topic: &str) -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT_ID}:{topic}")
}
