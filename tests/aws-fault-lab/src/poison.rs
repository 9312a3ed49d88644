//! Messages that nobody can read, and queues whose messages come back too soon: what has to be in place
//! before the first call.

use serde_json::json;

use crate::error::BoxError;
use crate::fault::Fault;
use crate::surroundings::Surroundings;

/// Seconds for which a received message stays hidden when consumers are slow.
const SHORT_VISIBILITY: u32 = 2;

/// Bodies that no consumer can read: no JSON, JSON without an envelope, an event of a kind that nobody knows.
const BODIES: [&str; 3] = [
    "<order><total>12</total></order>",
    r#"{"Type":"Notification","Message":"{\"hello\":\"world\"}"}"#,
    r#"{"Type":"Notification","Message":"{\"id\":\"00000000-0000-4000-8000-0000000000ff\",\"type\":\"OrderShipped\",\"data\":{}}"}"#,
];

/// How many variants of a poison payload there are for this many queues.
pub(crate) fn variants(queues: usize) -> usize {
    queues * BODIES.len()
}

impl Surroundings {
    /// Puts in place what the plan wants in these queues before the first call.
    ///
    /// # Errors
    ///
    /// What the embedded AWS says.
    pub async fn prepare(&self, queues: &[String]) -> Result<(), BoxError> {
        let plan = self.session.plan();
        if plan.has(Fault::ConcurrentConsumers) {
            for queue in queues {
                let attributes = json!({ "VisibilityTimeout": SHORT_VISIBILITY.to_string() });
                self.raw.sqs("SetQueueAttributes", queue, json!({ "Attributes": attributes })).await?;
            }
        }
        for variant in plan.at(Fault::PoisonPayload) {
            if let Some(queue) = queues.get(variant / BODIES.len() % queues.len().max(1)) {
                let body = json!({ "MessageBody": BODIES[variant % BODIES.len()] });
                self.raw.sqs("SendMessage", queue, body).await?;
            }
        }
        Ok(())
    }
}
