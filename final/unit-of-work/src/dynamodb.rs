//! The real database: `TransactWriteItems` and `GetItem` of the AWS SDK.

use aws_sdk_dynamodb::{
    Client, Config,
    config::retry::RetryConfig,
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        query::{QueryOutput, builders::QueryFluentBuilder},
        transact_write_items::TransactWriteItemsError,
    },
    types::{self, TransactWriteItem},
};
use uuid::Uuid;
use waiting::{Late, in_time};

use crate::{
    condition::Expression,
    database::{CancellationReason, Database, ReadError, TransactFailure},
    item::{Item, Table},
    judge::{self, Judgement},
    write::{Write, WriteKind},
};

/// DynamoDB behind an SDK client.
///
/// Give the client attempt and operation time-outs: the SDK has none by default, and a call that never ends
/// is never retried.
#[derive(Clone, Debug)]
pub struct DynamoDb {
    client: Client,
}

impl DynamoDb {
    /// A database behind this client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The client, for what a unit of work does not do, such as queries.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a query of this table or of one of its indexes: within the current
    /// [deadline](waiting::Deadline), and judged as a read of one item is.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which says whether asking again can help.
    pub async fn query(&self, table: &Table, query: QueryFluentBuilder) -> Result<QueryOutput, ReadError> {
        judged(table, in_time(query.send()).await)
    }
}

impl Database for DynamoDb {
    async fn transact(&self, token: Uuid, writes: &[Write]) -> Result<(), TransactFailure> {
        let items: Result<Vec<_>, _> = writes.iter().map(to_request).collect();
        #[expect(clippy::disallowed_methods, reason = "this is the unit of work")]
        let request = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items.map_err(|error| TransactFailure::Refused(error.into()))?))
            // The SDK would make a new token for each `send`, and with it a retry of ours could be applied
            // twice.
            .client_request_token(token.to_string());
        // A retry of the SDK's own would hide an attempt whose outcome is unknown behind the answer to the
        // next.
        let one_attempt = Config::builder().retry_config(RetryConfig::disabled());
        match in_time(request.customize().config_override(one_attempt).send()).await {
            Ok(answer) => answer.map(drop).map_err(classify),
            Err(late) => Err(TransactFailure::Unknown(late.into())),
        }
    }

    async fn get(&self, table: &Table, key: Item) -> Result<Option<Item>, ReadError> {
        let request =
            self.client.get_item().table_name(table.name()).set_key(Some(key)).consistent_read(true);
        Ok(judged(table, in_time(request.send()).await)?.item)
    }
}

pub(crate) fn judged<T, E>(
    table: &Table,
    answer: Result<Result<T, SdkError<E>>, Late>,
) -> Result<T, ReadError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let failed = |retryable, source| ReadError { table: table.name().to_owned(), retryable, source };
    let answer = answer.map_err(|late| failed(true, late.into()))?;
    answer.map_err(|error| failed(judge::of(&error).is_retryable(), error.into()))
}

fn to_request(write: &Write) -> Result<TransactWriteItem, aws_sdk_dynamodb::error::BuildError> {
    let mut expression = Expression::default();
    let condition = write.condition.as_ref().map(|condition| condition.render(&mut expression));
    let update = render_update(&write.kind, &mut expression);
    let found = write.wants_found.then_some(types::ReturnValuesOnConditionCheckFailure::AllOld);
    // What the four kinds share; the SDK has a builder of its own for each.
    macro_rules! finish {
        ($builder:expr) => {
            $builder
                .table_name(write.table.name())
                .set_condition_expression(condition)
                .set_expression_attribute_names(some(expression.names))
                .set_expression_attribute_values(some(expression.values))
                .set_return_values_on_condition_check_failure(found.clone())
                .build()?
        };
    }
    let key = Some(write.key.clone());
    let item = TransactWriteItem::builder();
    let item = match &write.kind {
        WriteKind::Put(put) => item.put(finish!(types::Put::builder().set_item(Some(put.clone())))),
        WriteKind::Update { .. } => {
            item.update(finish!(types::Update::builder().set_key(key).update_expression(update)))
        }
        WriteKind::Delete => item.delete(finish!(types::Delete::builder().set_key(key))),
        WriteKind::Check => item.condition_check(finish!(types::ConditionCheck::builder().set_key(key))),
    };
    Ok(item.build())
}

/// The expression of an update; no other kind has one.
fn render_update(kind: &WriteKind, expression: &mut Expression) -> String {
    let WriteKind::Update { set, add, remove } = kind else { return String::new() };
    let mut clauses = Vec::new();
    if !set.is_empty() {
        let parts = set
            .iter()
            .map(|(name, value)| format!("{} = {}", expression.name(name), expression.value(value)));
        clauses.push(format!("SET {}", parts.collect::<Vec<_>>().join(", ")));
    }
    if !add.is_empty() {
        let parts = add.iter().map(|(name, amount)| {
            let amount = types::AttributeValue::N(amount.to_string());
            format!("{} {}", expression.name(name), expression.value(&amount))
        });
        clauses.push(format!("ADD {}", parts.collect::<Vec<_>>().join(", ")));
    }
    if !remove.is_empty() {
        let parts = remove.iter().map(|name| expression.name(name));
        clauses.push(format!("REMOVE {}", parts.collect::<Vec<_>>().join(", ")));
    }
    clauses.join(" ")
}

/// DynamoDB refuses an empty map of placeholders.
fn some<V>(map: std::collections::HashMap<String, V>) -> Option<std::collections::HashMap<String, V>> {
    (!map.is_empty()).then_some(map)
}

fn classify(error: SdkError<TransactWriteItemsError>) -> TransactFailure {
    if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() {
        return TransactFailure::Cancelled(cancelled.cancellation_reasons().iter().map(reason).collect());
    }
    match judge::of(&error) {
        Judgement::Throttled => TransactFailure::Throttled,
        Judgement::Passes => TransactFailure::Passes(error.into()),
        Judgement::Refused => TransactFailure::Refused(error.into()),
        Judgement::Unknown => TransactFailure::Unknown(error.into()),
    }
}

fn reason(reason: &types::CancellationReason) -> CancellationReason {
    match reason.code() {
        None | Some("None") => CancellationReason::None,
        Some("ConditionalCheckFailed") => {
            let found = reason.item().filter(|item| !item.is_empty());
            CancellationReason::ConditionFailed(found.cloned())
        }
        Some("TransactionConflict") => CancellationReason::Conflict,
        // A reason stands in an answer with status 400, whatever it says.
        code if judge::of_code(400, code) == Judgement::Throttled => CancellationReason::Throttled,
        Some(code) => {
            CancellationReason::Other(format!("{code}: {}", reason.message().unwrap_or("no message")))
        }
    }
}
