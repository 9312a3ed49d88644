//! The function as the Lambda runtime calls it.

use std::future::Future;

use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};
use waiting::Deadline;

use super::{Batch, LambdaConsumer};
use crate::{ambient::Ambient, driver::lambda};

/// What a function is invoked with that has other duties beside its queues.
#[derive(Debug)]
pub enum Invocation {
    /// By an event source mapping: a batch of messages.
    Batch(Batch),
    /// By somebody else: the event as it came.
    Other(Value),
}

impl<'de> Deserialize<'de> for Invocation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Value::deserialize(deserializer)?;
        if event.get("Records").is_none() {
            return Ok(Self::Other(event));
        }
        Batch::deserialize(event).map(Self::Batch).map_err(de::Error::custom)
    }
}

/// Serves the Lambda runtime until the environment is frozen for good. What it is invoked with that is no
/// batch goes to `other`, and `after` runs when a batch was handled, within what is left of its time.
///
/// # Errors
///
/// When the runtime API cannot be reached.
pub async fn run<S, O, A>(
    consumer: LambdaConsumer<S>,
    ambient: Ambient,
    other: impl Fn(Value) -> O,
    after: impl Fn() -> A,
) -> Result<(), Error>
where
    S: Clone + Send + Sync + 'static,
    O: Future<Output = Result<Value, Error>>,
    A: Future<Output = ()>,
{
    let (other, after) = (&other, &after);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Invocation>| {
        let (consumer, deadline) = (consumer.clone(), deadline_of(&event.context, &ambient));
        deadline.scope(async move {
            match event.payload {
                Invocation::Batch(batch) => {
                    let response = Box::pin(consumer.handle(batch)).await;
                    after().await;
                    Ok::<_, Error>(json!(response))
                }
                Invocation::Other(event) => other(event).await,
            }
        })
    }))
    .await
}

fn deadline_of(context: &Context, ambient: &Ambient) -> Deadline {
    lambda::deadline(context.deadline, ambient.now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_batch_is_handed_on_and_a_damaged_batch_is_refused() {
        let event = serde_json::from_str(r#"{"send": {}}"#).unwrap();
        assert!(matches!(event, Invocation::Other(event) if event["send"].is_object()));
        assert!(serde_json::from_str::<Invocation>(r#"{"Records": 7}"#).is_err());
    }
}
