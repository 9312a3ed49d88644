//! DynamoDB and its streams: from an operation's name and JSON body to dynoxide's typed call and back.
//!
//! dynoxide's own HTTP server can only be had with a socket, and an in-memory test must not have one. Both
//! ways in use these typed calls, so that they cannot differ. What is lost against its server is the exact
//! wording of the refusal of a malformed request, which no SDK sends.

use std::sync::Arc;

use bytes::Bytes;
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::storage_backend::Clock;
use dynoxide::{Database, DynoxideError};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::answer::{Answer, Failure, internal, parse, to_json};
use crate::error::StartError;
use crate::expiry::Expiry;
use crate::hidden::{self, Hidden, check, places};
use crate::item_by_item::{self, ItemByItem};
use crate::sdk::REGION;
use crate::tokens::Tokens;
use crate::trim;

/// dynoxide names itself as the region. Code that parses an ARN should see one that AWS could have made.
const DYNOXIDE_ARN: &str = "arn:aws:dynamodb:dynoxide:";

/// "Amazon DynamoDB API Reference, TransactWriteItems".
const LONGEST_TOKEN: usize = 36;

/// What the names of operations begin with that write nothing.
const READS: [char; 5] = ['G', 'Q', 'S', 'L', 'D'];

pub(crate) struct DynamoDb {
    database: Database,
    hidden: Hidden,
    clock: Arc<dyn Clock>,
    expiry: Expiry,
    tokens: Tokens,
}

impl DynamoDb {
    pub(crate) fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        let (hidden, expiry, tokens) = (Hidden::default(), Expiry::default(), Tokens::default());
        Self { database, hidden, clock, expiry, tokens }
    }

    /// The HTTP status and JSON body for one operation.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        operation: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> (StatusCode, String) {
        if !operation.starts_with(READS) {
            self.expiry.saw(&body);
        }
        let answer = match ItemByItem::of(headers) {
            Ok(Some(way)) if operation == "TransactWriteItems" => {
                self.clone().write_item_by_item(body, way).await
            }
            Ok(_) => self.carry_out(operation, &body),
            Err(error) => Err(error.into()),
        };
        match answer {
            Ok(answer) => (StatusCode::OK, answer),
            Err(Failure::Dynoxide(error)) => {
                let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::BAD_REQUEST);
                (status, error.to_json())
            }
            Err(Failure::Other(name, message)) => {
                let kind = format!("com.amazonaws.dynamodb.v20120810#{name}");
                (StatusCode::BAD_REQUEST, json!({ "__type": kind, "message": message }).to_string())
            }
        }
    }

    /// Copies tables and streams into an empty SQLite database.
    pub(crate) fn copy_tables(&self, to: &str) -> Result<(), StartError> {
        self.database.vacuum_into(to).map_err(|error| StartError::Copy(error.to_string()))
    }

    /// Deletes what has expired, if anything can have. Reads every item of the tables with a time to live, a
    /// page at a time, between which others have their turn.
    pub(crate) fn sweep_if_due(&self) {
        if !self.expiry.is_due(self.clock.now_unix_secs()) {
            return;
        }
        if let Err(error) = self.database.sweep_ttl() {
            tracing::warn!(%error, "could not delete expired items; the next search tries again");
            self.expiry.changed();
        }
    }

    fn carry_out(&self, operation: &str, body: &[u8]) -> Answer {
        // A transaction asks for itself what is hidden: one that was answered before is answered again.
        if operation == "TransactWriteItems" {
            return self.transact_write_items(body);
        }
        let hidden = self.hidden.lock();
        let run = |body: &[u8]| self.dispatch(operation, body);
        if hidden.is_empty() {
            return run(body);
        }
        hidden::around(&self.database, &hidden, operation, body, run)
    }

    fn dispatch(&self, operation: &str, body: &[u8]) -> Answer {
        let db = &self.database;
        match operation {
            "CreateTable" => call(body, |q| db.create_table(q)).map(with_region),
            "DeleteTable" => call(body, |q| db.delete_table(q)).map(with_region),
            "DescribeTable" => call(body, |q| db.describe_table(q)).map(with_region),
            "UpdateTable" => call(body, |q| db.update_table(q)).map(with_region),
            "ListTables" => call(body, |q| db.list_tables(q)),
            "PutItem" => call(body, |q| db.put_item(q)),
            "GetItem" => call(body, |q| db.get_item(q)),
            "DeleteItem" => call(body, |q| db.delete_item(q)),
            "UpdateItem" => call(body, |q| db.update_item(q)),
            "Query" => call(body, |q| db.query(q)),
            "Scan" => call(body, |q| db.scan(q)),
            "BatchGetItem" => call(body, |q| db.batch_get_item(q)),
            "BatchWriteItem" => call(body, |q| db.batch_write_item(q)),
            "TransactGetItems" => call(body, |q| db.transact_get_items(q)),
            "UpdateTimeToLive" => {
                call(body, |q| db.update_time_to_live(q)).inspect(|_| self.expiry.changed())
            }
            "DescribeTimeToLive" => call(body, |q| db.describe_time_to_live(q)),
            "ExecuteStatement" => call(body, |q| db.execute_statement(q)),
            "ExecuteTransaction" => call(body, |q| db.execute_transaction(q)),
            "BatchExecuteStatement" => call(body, |q| db.batch_execute_statement(q)),
            "TagResource" => call(body, |q| db.tag_resource(q)),
            "UntagResource" => call(body, |q| db.untag_resource(q)),
            "ListTagsOfResource" => call(body, |q| db.list_tags_of_resource(q)),
            "ListStreams" => call(body, |q| db.list_streams(q)).map(with_region),
            "DescribeStream" => describe_stream(db, body).map(with_region),
            "GetShardIterator" => get_shard_iterator(db, body, trim::horizon(&*self.clock)),
            "GetRecords" => get_records(db, body, trim::horizon(&*self.clock)),
            other => Err(DynoxideError::ValidationException(format!("{other} is not served here")).into()),
        }
    }

    fn transact_write_items(&self, body: &[u8]) -> Answer {
        let mut request: TransactWriteItemsRequest = parse(body)?;
        let token = Self::token(&mut request);
        if let Some(token) = &token
            && let Some(answer) = self.begin(token, &request)?
        {
            return Ok(answer);
        }
        let run = || {
            let hidden = self.hidden.lock();
            if !hidden.is_empty() {
                check(&places(&self.database, &parse(body)?), &hidden)?;
            }
            to_json(&self.database.transact_write_items(request)?)
        };
        let answer = run();
        if let Some(token) = token {
            self.end(token, &answer);
        }
        answer
    }

    /// Carries out the transaction in a task of its own: once it is decided, nobody can stop it.
    async fn write_item_by_item(self: Arc<Self>, body: Bytes, way: ItemByItem) -> Answer {
        let written = tokio::spawn(async move {
            let mut request: TransactWriteItemsRequest = parse(&body)?;
            let places = places(&self.database, &parse(&body)?);
            let token = Self::token(&mut request);
            if let Some(token) = &token
                && let Some(answer) = self.begin(token, &request)?
            {
                return Ok(answer);
            }
            let outcome = item_by_item::show(&self.database, &self.hidden, request, places, &way).await;
            if let Some(token) = token {
                self.end(token, &outcome);
            }
            outcome
        });
        match written.await {
            Ok(answer) => answer,
            Err(error) => Err(DynoxideError::InternalServerError(error.to_string()).into()),
        }
    }

    /// Takes the token out of the request. One that is too short or too long stays: dynoxide refuses it.
    fn token(request: &mut TransactWriteItemsRequest) -> Option<String> {
        request.client_request_token.take_if(|token| (1..=LONGEST_TOKEN).contains(&token.len()))
    }

    /// The answer that this request with this token had, if it is over. Otherwise it is in progress from now
    /// on.
    fn begin(&self, token: &str, request: &TransactWriteItemsRequest) -> Result<Option<String>, Failure> {
        let items = serde_json::to_value(&request.transact_items).map_err(internal)?;
        self.tokens.begin(token, &items, self.clock.now_unix_secs())
    }

    /// The request with this token is over.
    fn end(&self, token: String, answer: &Answer) {
        self.tokens.end(token, answer.as_ref().ok(), self.clock.now_unix_secs());
    }
}

fn call<Q, A>(body: &[u8], run: impl FnOnce(Q) -> Result<A, DynoxideError>) -> Answer
where
    Q: DeserializeOwned,
    A: Serialize,
{
    to_json(&run(parse(body)?)?)
}

/// The one shard is always open. dynoxide gives it an end all the same, by which a reader of AWS knows a
/// closed one.
fn describe_stream(db: &Database, body: &[u8]) -> Answer {
    let mut answer = db.describe_stream(parse(body)?)?;
    for shard in &mut answer.stream_description.shards {
        shard.sequence_number_range.ending_sequence_number = None;
    }
    to_json(&answer)
}

fn get_shard_iterator(db: &Database, body: &[u8], horizon: i64) -> Answer {
    let request: GetShardIteratorRequest = parse(body)?;
    trim::check_number(request.sequence_number.as_deref(), horizon)?;
    to_json(&db.get_shard_iterator(request)?)
}

/// Sets the region in records, and the case of `userIdentity`, whose members the API spells with capitals.
fn get_records(db: &Database, body: &[u8], horizon: i64) -> Answer {
    let mut answer = db.get_records(trim::reading(db, parse(body)?, horizon)?)?;
    for record in &mut answer.records {
        record.aws_region = REGION.to_owned();
    }
    if answer.records.iter().all(|record| record.user_identity.is_none()) {
        return to_json(&answer);
    }
    let mut json = serde_json::to_value(&answer).map_err(internal)?;
    let records = json.get_mut("Records").and_then(Value::as_array_mut).into_iter().flatten();
    for identity in records.filter_map(|record| record.get_mut("userIdentity")) {
        *identity = serde_json::json!({ "Type": identity["type"], "PrincipalId": identity["principalId"] });
    }
    Ok(json.to_string())
}

fn with_region(answer: String) -> String {
    answer.replace(DYNOXIDE_ARN, &format!("arn:aws:dynamodb:{REGION}:"))
}
