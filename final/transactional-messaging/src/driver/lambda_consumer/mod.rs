//! The consumer as a Lambda function behind its queues: the same handlers and the same rules as those of a
//! process ([`ConsumerGroup`](crate::consumer::ConsumerGroup)), with Lambda as the one that receives and
//! deletes.
//!
//! Each event source mapping must report batch item failures (`FunctionResponseTypes:
//! ReportBatchItemFailures`), or Lambda ignores the response and deletes every message of a batch, also those
//! that failed ("AWS Lambda Developer Guide, Handling errors for an SQS event source in Lambda"). The
//! visibility time-out of a queue must be six times the time-out of the function, so that Lambda may try an
//! invocation that was throttled again before somebody else gets the messages ("AWS Lambda Developer Guide,
//! Creating and configuring an Amazon SQS event source mapping"); [`LambdaConsumer::open`] refuses a queue
//! with less.
//!
//! | how the handling ends | what becomes of the message |
//! |---|---|
//! | done, or a duplicate | it is left out of the response, so Lambda deletes it |
//! | terminal error | it is sent to the dead-letter queue with its reason, and is then done with |
//! | retryable error | it is named in the response and hidden for a pause that doubles with each receive |
//! | retryable error at the last receive but one | as a terminal one: SQS itself would say nothing of why |
//! | no time left | it is named in the response and comes again when its visibility time-out ends |
//! | in a FIFO queue, behind one of its group that is named | it is not begun, and named, too |

mod record;
mod runtime;

pub use self::record::{Batch, Failure, Record, Response};
pub use self::runtime::{Invocation, run};

use std::{collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use aws_sdk_sqs::Client;
use futures::{FutureExt as _, StreamExt as _, stream};
use tracing::Instrument as _;
use waiting::{Deadline, in_time};

use crate::{
    channels::Channels,
    consumer::{HandlerError, LentQueue, OpenError},
    wiring::Wiring,
};

/// A queue hides a message for at least so many times the function's time-out.
pub const VISIBILITY_FACTOR: u32 = 6;

/// How many messages of a batch are handled at once.
const AT_ONCE: usize = 10;

/// Handles batches of all queues of one wiring. Clones share what they know.
pub struct LambdaConsumer<S> {
    wiring: Arc<Wiring<S>>,
    service: S,
    /// By the full name of the queue: its name in the wiring, and the queue.
    queues: Arc<BTreeMap<String, (String, LentQueue)>>,
}

impl<S: Clone + Send + Sync + 'static> LambdaConsumer<S> {
    /// Opens every queue of the wiring. `timeout` is the time-out with which the function is deployed: Lambda
    /// tells a function when an invocation ends, but not before the first.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when a queue or its dead-letter queue does not exist or may not be read, or hides
    /// messages for less than [`VISIBILITY_FACTOR`] times the time-out.
    pub async fn open(
        sqs: &Client,
        (prefix, channels): (&str, Channels),
        wiring: Wiring<S>,
        service: S,
        timeout: Duration,
    ) -> Result<Self, OpenError> {
        let mut queues = BTreeMap::new();
        for consumes in wiring.description().consumes {
            let name = channels.name(&format!("{prefix}{}", consumes.queue));
            let queue = LentQueue::open(sqs.clone(), &name).await?;
            let least = timeout * VISIBILITY_FACTOR;
            if queue.visibility() < least {
                let source = format!(
                    "its visibility timeout is {} s; set it to {} s at least, {VISIBILITY_FACTOR} times the timeout of the function",
                    queue.visibility().as_secs(),
                    least.as_secs()
                );
                return Err(OpenError { queue: name, source: source.into() });
            }
            queues.insert(name, (consumes.queue, queue));
        }
        Ok(Self { wiring: Arc::new(wiring), service, queues: Arc::new(queues) })
    }

    /// Handles a batch within the current [deadline](Deadline), and names the messages that must come again.
    /// A message without an id cannot be named: then an empty name stands for it, which Lambda takes for a
    /// failure of the whole batch.
    pub async fn handle(&self, batch: Batch) -> Response {
        let groups = stream::iter(groups(batch.records)).map(|group| self.one_after_the_other(group));
        let failed: Vec<_> = groups.buffer_unordered(AT_ONCE).collect().await;
        let named = |item_identifier| Failure { item_identifier };
        Response { batch_item_failures: failed.into_iter().flatten().map(named).collect() }
    }

    /// Messages of which none may be handled before those in front of it are done. The first that is not ends
    /// it: what stands behind it must come again after it.
    async fn one_after_the_other(&self, group: Vec<Record>) -> Vec<String> {
        let mut waiting = group.into_iter();
        while let Some(record) = waiting.next() {
            if !self.is_done_with(&record).await {
                let rest = std::iter::once(record).chain(waiting);
                return rest.map(|record| record.message_id).collect();
            }
        }
        Vec::new()
    }

    async fn is_done_with(&self, record: &Record) -> bool {
        let name = queue_name(record);
        let message = record.message();
        let queue = self.queues.get(name);
        let taken = queue
            .and_then(|(own, queue)| Some((queue, self.wiring.take(own, name, &self.service, &message)?)));
        let Some((queue, taken)) = taken else {
            tracing::error!(queue = name, "batch_of_another_queue");
            return false;
        };
        let work = async {
            if Deadline::current().is_some_and(Deadline::is_over) {
                tracing::warn!("message_not_begun_in_time");
                return false;
            }
            let ended = match in_time(AssertUnwindSafe(taken.work).catch_unwind()).await {
                Ok(ended) => ended.unwrap_or_else(|_| Err(HandlerError::retryable("the handler panicked"))),
                Err(_) => {
                    tracing::warn!("message_not_handled_in_time");
                    return false;
                }
            };
            queue.settle(&message, taken.id, ended).await
        };
        work.instrument(taken.span).await
    }
}

impl<S: Clone> Clone for LambdaConsumer<S> {
    fn clone(&self) -> Self {
        Self { wiring: self.wiring.clone(), service: self.service.clone(), queues: self.queues.clone() }
    }
}

impl<S> std::fmt::Debug for LambdaConsumer<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LambdaConsumer").field("queues", &self.queues.keys()).finish_non_exhaustive()
    }
}

/// The messages that must be handled one after the other; in a standard queue each stands alone, whatever
/// group it names.
fn groups(records: Vec<Record>) -> Vec<Vec<Record>> {
    let mut groups: Vec<(Option<String>, Vec<Record>)> = Vec::new();
    for record in records {
        let is_fifo = Channels::of_name(queue_name(&record)) == Channels::Fifo;
        let group = record.attributes.get("MessageGroupId").filter(|_| is_fifo).cloned();
        match groups.iter_mut().find(|(known, _)| group.is_some() && *known == group) {
            Some((_, records)) => records.push(record),
            None => groups.push((group, vec![record])),
        }
    }
    groups.into_iter().map(|(_, records)| records).collect()
}

/// The end of the ARN.
fn queue_name(record: &Record) -> &str {
    record.event_source_arn.rsplit(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn batch(queue: &str, messages: &[(&str, &str)]) -> Vec<Record> {
        let record = |(id, group): &(&str, &str)| {
            json!({
                "messageId": id, "eventSourceARN": format!("arn:aws:sqs:eu-west-1:1:{queue}"),
                "attributes": {"MessageGroupId": group},
            })
        };
        let records: Vec<_> = messages.iter().map(record).collect();
        let event = serde_json::from_value(json!({ "Records": records })).unwrap();
        let batch: Batch = event;
        batch.records
    }

    #[test]
    fn groups_of_a_fifo_queue_keep_their_sequence_and_messages_of_another_stand_alone() {
        let ids = |queue| {
            let groups = groups(batch(queue, &[("1", "a"), ("2", "b"), ("3", "a")]));
            let ids =
                |group: Vec<Record>| group.into_iter().map(|record| record.message_id).collect::<Vec<_>>();
            groups.into_iter().map(ids).collect::<Vec<_>>()
        };
        assert_eq!(ids("live-x.fifo"), [vec!["1", "3"], vec!["2"]]);
        assert_eq!(ids("live-x"), [["1"], ["2"], ["3"]]);
    }
}
