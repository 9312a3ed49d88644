//! Items of transactions that are decided and not visible yet, and what AWS answers to whoever touches one.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::errors::CancellationReason;
use dynoxide::{Database, DynoxideError};
use serde_json::{Value, json};

use crate::answer::{Answer, Failure, internal};

/// What AWS says of an item that another transaction holds.
const ONGOING: &str = "Transaction is ongoing for the item";

const CONFLICT: Failure = Failure::Other("TransactionConflictException", ONGOING);

/// The table of an item, and its key as it is spelled in requests.
pub(crate) type Place = (String, String);

/// The items that are not visible yet. A write holds the lock from the question whether its item is one of
/// them until it has written.
#[derive(Default)]
pub(crate) struct Hidden(Mutex<HashSet<Place>>);

impl Hidden {
    pub(crate) fn lock(&self) -> MutexGuard<'_, HashSet<Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the item of a write or read lies; none for a request that dynoxide refuses anyway.
fn place(db: &Database, request: &Value) -> Option<Place> {
    let table_name = request["TableName"].as_str()?.to_owned();
    let attributes = request.get("Item").or(request.get("Key"))?;
    let described = db.describe_table(DescribeTableRequest { table_name: table_name.clone() }).ok()?;
    let key = described.table.key_schema.iter().map(|key| attributes[&key.attribute_name].to_string());
    Some((table_name, key.collect()))
}

/// Where the item of each action of a transaction lies.
pub(crate) fn places(db: &Database, request: &Value) -> Vec<Option<Place>> {
    let actions = request["TransactItems"].as_array().into_iter().flatten();
    actions.map(|action| place(db, action.as_object()?.values().next()?)).collect()
}

/// # Errors
///
/// The transaction is cancelled if one of its items is hidden.
pub(crate) fn check(places: &[Option<Place>], hidden: &HashSet<Place>) -> Result<(), DynoxideError> {
    let is_hidden = |place: &Option<Place>| place.as_ref().is_some_and(|place| hidden.contains(place));
    if !places.iter().any(is_hidden) {
        return Ok(());
    }
    let reason = |place| match is_hidden(place) {
        true => ("TransactionConflict", Some(ONGOING.to_owned())),
        false => ("None", None),
    };
    let reasons = places.iter().map(reason);
    let reason =
        |(code, message): (&str, _)| CancellationReason { code: code.to_owned(), message, item: None };
    Err(cancelled(reasons.map(reason).collect()))
}

pub(crate) fn cancelled(reasons: Vec<CancellationReason>) -> DynoxideError {
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code.as_str()).collect();
    let codes = codes.join(", ");
    let message =
        format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]");
    DynoxideError::TransactionCanceledException(message, reasons)
}

/// Carries out an operation while some items are hidden. `run` is the operation itself.
pub(crate) fn around(
    db: &Database,
    hidden: &HashSet<Place>,
    operation: &str,
    body: &[u8],
    run: impl FnOnce(&[u8]) -> Answer,
) -> Answer {
    let is_hidden = |request: &Value| place(db, request).is_some_and(|place| hidden.contains(&place));
    // What is no JSON is refused by whoever reads it next.
    let mut request: Value = serde_json::from_slice(body).unwrap_or_default();
    match operation {
        "PutItem" | "UpdateItem" | "DeleteItem" if is_hidden(&request) => Err(CONFLICT),
        "TransactGetItems" => {
            check(&places(db, &request), hidden)?;
            run(body)
        }
        "BatchWriteItem" => {
            let unprocessed = take_entries(&mut request, |table, entry| {
                let write = entry.as_object().and_then(|entry| entry.values().next()).cloned();
                write.is_some_and(|mut write| {
                    write["TableName"] = table.into();
                    is_hidden(&write)
                })
            });
            with_unprocessed(&request, unprocessed, run)
        }
        // Which items a statement touches is not looked for.
        "ExecuteStatement" | "ExecuteTransaction" | "BatchExecuteStatement" => Err(CONFLICT),
        _ => run(body),
    }
}

/// AWS does not say what becomes of an entry of `BatchWriteItem` that meets a transaction. The operation has
/// no error for it, so the entry is not processed.
fn with_unprocessed(request: &Value, unprocessed: Value, run: impl FnOnce(&[u8]) -> Answer) -> Answer {
    if request["RequestItems"].as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(json!({ "UnprocessedItems": unprocessed }).to_string());
    }
    let mut answer: Value = serde_json::from_str(&run(request.to_string().as_bytes())?).map_err(internal)?;
    answer["UnprocessedItems"] = unprocessed;
    Ok(answer.to_string())
}

/// Takes the entries for which `taken` holds, given table and entry, out of the request, and tables with none
/// left.
fn take_entries(request: &mut Value, taken: impl Fn(&str, &Value) -> bool) -> Value {
    let mut out = serde_json::Map::new();
    if let Some(tables) = request["RequestItems"].as_object_mut() {
        for (table, entries) in tables.iter_mut() {
            let all = entries.as_array_mut().map(std::mem::take).unwrap_or_default();
            let (held, left): (Vec<_>, Vec<_>) = all.into_iter().partition(|entry| taken(table, entry));
            *entries = left.into();
            if !held.is_empty() {
                out.insert(table.clone(), held.into());
            }
        }
        tables.retain(|_, entries| entries.as_array().is_some_and(|entries| !entries.is_empty()));
    }
    out.into()
}
