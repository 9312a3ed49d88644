//! Whether a service may use what it needs, asked before it takes any work.

use std::time::Duration;

use aws_sdk_sqs::{Client as Sqs, error::ProvideErrorMetadata};
use futures::future::{BoxFuture, FutureExt as _, join_all};
use tokio_util::sync::CancellationToken;
use unit_of_work::{
    AttributeValue, CancellationReason, Condition, Database as _, DynamoDb, Item, ReadError, Table,
    TransactFailure, Write, WriteKind,
};
use uuid::Uuid;
use waiting::{Deadline, Outage, in_time};

use super::{ProvisionError, ServiceResources};
use crate::error::BoxError;

/// An answer that takes longer than this is asked for again.
const LONGEST_ASK: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Tables or queues that are missing or may not be used. No waiting cures it: make them, or allow them.
#[derive(Debug, thiserror::Error)]
#[error("missing, or not allowed to be used; create them or correct names and permissions:\n  {}", .problems.join("\n  "))]
pub struct Unusable {
    /// Each begins with the kind and the name of the resource.
    pub problems: Vec<String>,
}

/// Makes what is needed, as [`ensure_service`](super::ensure_service) does, and waits for AWS meanwhile,
/// until `stop` is cancelled.
///
/// # Errors
///
/// [`ProvisionError`] names the first resource that could not be made, for a reason that does not pass.
pub async fn until_made<F>(
    seed: Uuid,
    stop: &CancellationToken,
    make: impl Fn() -> F,
) -> Result<(), ProvisionError>
where
    F: Future<Output = Result<(), ProvisionError>>,
{
    let mut outage = Outage::new("resources_not_made", "start", seed, FIRST_PAUSE, LONGEST_PAUSE);
    while let Some(made) = stop.run_until_cancelled(make()).await {
        let pause = match made {
            Err(error) if error.retryable => outage.failed(with_causes(&error)),
            made => {
                outage.over();
                return made;
            }
        };
        let _stopped = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
    Ok(())
}

/// Waits until the service's own table and its index, its inbox, its outbox and its queues can be used, as
/// far as it has them, or `stop` is cancelled.
///
/// It asks by calls that the service is allowed anyway, all at once, and for ten seconds at most. The
/// outbox, to which a service may only add, is asked by an addition whose condition cannot hold. Topics are
/// not asked for: a service has nothing to do with them, and a message whose topic is missing waits in the
/// outbox.
///
/// # Errors
///
/// [`Unusable`] names everything that only a person can mend. What passes, such as no connection, is waited
/// for.
pub async fn until_usable(
    database: &DynamoDb,
    sqs: &Sqs,
    needed: &ServiceResources,
    seed: Uuid,
    stop: &CancellationToken,
) -> Result<(), Unusable> {
    let mut outage = Outage::new("resources_out_of_reach", "start", seed, FIRST_PAUSE, LONGEST_PAUSE);
    while let Some(troubles) = stop.run_until_cancelled(troubles(database, sqs, needed, seed)).await {
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

async fn troubles(database: &DynamoDb, sqs: &Sqs, needed: &ServiceResources, token: Uuid) -> Vec<Trouble> {
    let tables = needed.aggregate_table.iter().chain(&needed.inbox_table);
    let tables = join_all(tables.map(|name| {
        let asked = is_readable(database, name).map(passes);
        within(format!("table {name}"), asked.boxed())
    }));
    let outbox = async {
        let outbox = needed.outbox_table.as_ref()?;
        within(format!("table {outbox}"), addable(database, outbox, token).boxed()).await
    };
    let index = async {
        let (table, index) = needed.aggregate_table.as_ref().zip(needed.aggregate_index.as_ref())?;
        let what = format!("index {} of table {table}", index.name);
        let table = Table::new(table, "PK");
        within(what, index.check(database, &table).map(passes).boxed()).await
    };
    let queues = needed.subscriptions.iter().map(|subscription| &subscription.queue);
    let queues = join_all(queues.map(|name| within(format!("queue {name}"), there(sqs, name).boxed())));
    let (tables, index, outbox, queues) = tokio::join!(tables, index, outbox, queues);
    tables.into_iter().chain([index, outbox]).chain(queues).flatten().collect()
}

/// What keeps it from being used: whether that passes, and why.
type Answer = Result<(), (bool, BoxError)>;

/// Boxed, because many are asked at once and each future of the SDK is large.
async fn within(what: String, ask: BoxFuture<'_, Answer>) -> Option<Trouble> {
    let late = |late: waiting::Late| Err((true, late.into()));
    let (passes, error) =
        Deadline::after(LONGEST_ASK).scope(in_time(ask)).await.unwrap_or_else(late).err()?;
    Some(Trouble { what, passes, error })
}

fn passes(asked: Result<(), ReadError>) -> Answer {
    asked.map_err(|error| (error.retryable, error.into()))
}

/// Asks whether a table with partition key `PK` is there and may be read.
///
/// # Errors
///
/// [`ReadError`], which says whether that may pass.
pub async fn is_readable(database: &DynamoDb, table: &str) -> Result<(), ReadError> {
    database.get(&Table::new(table, "PK"), key(&["PK"])).await.map(drop)
}

/// Asks to add a row if it is there already, which no row of this key is: the table that answers so could
/// have been added to.
async fn addable(database: &DynamoDb, outbox: &str, token: Uuid) -> Answer {
    let row = key(&["PK", "SK"]);
    let write = Write {
        table: Table::new(outbox, "PK").with_sort_key("SK"),
        key: row.clone(),
        kind: WriteKind::Put(row),
        condition: Some(Condition::exists("PK")),
        taken_by_others: false,
        wants_found: false,
    };
    match database.transact(token, &[write]).await {
        Err(TransactFailure::Cancelled(reasons))
            if matches!(&reasons[..], [CancellationReason::ConditionFailed(_)]) =>
        {
            Ok(())
        }
        Ok(()) => Ok(()),
        Err(error) => {
            let lasts = match &error {
                TransactFailure::Cancelled(reasons) => matches!(&reasons[..], [CancellationReason::Other(_)]),
                error => matches!(error, TransactFailure::Refused(_)),
            };
            Err((!lasts, error.into()))
        }
    }
}

async fn there(sqs: &Sqs, queue: &str) -> Answer {
    let asked = sqs.get_queue_url().queue_name(queue).send().await;
    asked.map(drop).map_err(|error| (!is_lasting(error.code()), error.into()))
}

/// The key of nothing.
fn key(names: &[&str]) -> Item {
    names.iter().map(|&name| (name.to_owned(), AttributeValue::S("-".to_owned()))).collect()
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
