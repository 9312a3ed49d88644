//! Whether a service may use what it needs, asked before it takes any work.

use std::time::Duration;

use aws_sdk_sqs::{Client as Sqs, error::ProvideErrorMetadata};
use tokio_util::sync::CancellationToken;
use unit_of_work::{AttributeValue, Database as _, DynamoDb, Item, Table};
use uuid::Uuid;
use waiting::Outage;

use super::ServiceResources;
use crate::relay::BoxError;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Tables or queues that are missing or may not be used. No waiting cures it: make them, or allow them.
#[derive(Debug, thiserror::Error)]
#[error("missing, or not allowed to be used; create them or correct names and permissions:\n  {}", .problems.join("\n  "))]
pub struct Unusable {
    /// Each begins with the kind and the name of the resource.
    pub problems: Vec<String>,
}

/// Waits until the service's own table and its index, its inbox and its queues can be used, or `stop` is cancelled.
///
/// It asks by calls that the service is allowed anyway. Its outbox and topics are not asked for: a service may only add to the one, and
/// nothing with the others.
///
/// # Errors
///
/// [`Unusable`] names everything that only a person can mend. What passes, such as no connection, is waited for.
pub async fn until_usable(
    database: &DynamoDb,
    sqs: &Sqs,
    needed: &ServiceResources,
    seed: Uuid,
    stop: &CancellationToken,
) -> Result<(), Unusable> {
    let mut outage = Outage::new("resources_out_of_reach", "start", seed, FIRST_PAUSE, LONGEST_PAUSE);
    while let Some(troubles) = stop.run_until_cancelled(troubles(database, sqs, needed)).await {
        let text = |trouble: &Trouble| format!("{}: {}", trouble.what, with_causes(&*trouble.error));
        let lasting: Vec<_> = troubles.iter().filter(|trouble| !trouble.passes).map(text).collect();
        if !lasting.is_empty() {
            return Err(Unusable { problems: lasting });
        }
        let Some(first) = troubles.first() else {
            outage.over();
            return Ok(());
        };
        let pause = tokio::time::sleep(outage.failed(text(first)));
        let _stopped = stop.run_until_cancelled(pause).await;
    }
    Ok(())
}

struct Trouble {
    what: String,
    passes: bool,
    error: BoxError,
}

async fn troubles(database: &DynamoDb, sqs: &Sqs, needed: &ServiceResources) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    for name in [&needed.aggregate_table, &needed.inbox_table] {
        let nobody = Item::from([("PK".to_owned(), AttributeValue::S("-".to_owned()))]);
        if let Err(error) = database.get(&Table::new(name, "PK"), nobody).await {
            let passes = error.retryable;
            troubles.push(Trouble { what: format!("table {name}"), passes, error: error.into() });
        }
    }
    if let Some(index) = &needed.aggregate_index
        && let Err(error) = index.check(database, &Table::new(&needed.aggregate_table, "PK")).await
    {
        let what = format!("index {} of table {}", index.name, needed.aggregate_table);
        troubles.push(Trouble { what, passes: error.retryable, error: error.into() });
    }
    for queue in needed.subscriptions.iter().map(|subscription| &subscription.queue) {
        if let Err(error) = sqs.get_queue_url().queue_name(queue).send().await {
            let passes = !is_lasting(error.code());
            troubles.push(Trouble { what: format!("queue {queue}"), passes, error: error.into() });
        }
    }
    troubles
}

/// "Amazon SQS API Reference, GetQueueUrl" and its common errors. What is not known here is waited for.
fn is_lasting(code: Option<&str>) -> bool {
    let code = code.unwrap_or_default();
    code.ends_with("NonExistentQueue")
        || matches!(code, "QueueDoesNotExist" | "AccessDenied" | "AccessDeniedException" | "InvalidAddress")
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
