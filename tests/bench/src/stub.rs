//! A stand-in for AWS that costs next to nothing, in a process of its own, so that what is measured is the program's processor time alone.
//!
//! It keeps no state but counts: what it answers follows from the request. An outbox row is there if its version is [`FIRST_THERE`] or
//! more, and what is before it was sent. The queue has as many messages as it was told.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    io::Write as _,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::load;

/// Rows of a subject from this version on are in the outbox.
pub const FIRST_THERE: u64 = 50;

/// Where it says, and forgets, how many calls there were of each operation.
pub const COUNTS: &str = "/counts";

#[derive(Debug)]
struct Stub {
    latency: Duration,
    address: String,
    messages: AtomicU64,
    calls: Mutex<BTreeMap<String, u64>>,
}

/// Serves on a free port, which it prints, until the process ends. Each call takes this long; the queue has so many messages.
///
/// # Errors
///
/// When it cannot listen.
pub async fn serve(latency: Duration, messages: u64) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    writeln!(std::io::stdout(), "{address}")?;
    let messages = AtomicU64::new(messages);
    let stub = Arc::new(Stub { latency, address, messages, calls: Mutex::default() });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let stub = Arc::clone(&stub);
        tokio::spawn(async move {
            let service = service_fn(move |request| Arc::clone(&stub).answer(request));
            // Whoever hangs up has its reason.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl Stub {
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        if request.uri().path() == COUNTS {
            let calls = std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner));
            return Ok(text(json!(calls).to_string()));
        }
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.split('.').nth(1)).map(str::to_owned);
        let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let answer = match &operation {
            Some(operation) => self.json(operation, &serde_json::from_slice(&body).unwrap_or_default()),
            None => published(&body),
        };
        let name = operation.unwrap_or_else(|| "PublishBatch".to_owned());
        let idle = name == "ReceiveMessage" && answer == "{}";
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
        tokio::time::sleep(if idle { Duration::from_secs(20) } else { self.latency }).await;
        Ok(text(answer))
    }

    fn json(&self, operation: &str, body: &Value) -> String {
        let answer = match operation {
            "BatchGetItem" => rows_of_tables(&body["RequestItems"]),
            "TransactGetItems" => {
                let gets = body["TransactItems"].as_array().into_iter().flatten();
                let answers = gets.map(|get| load::row(&get["Get"]["Key"]));
                let answers = answers.map(|row| row.map_or(json!({}), |row| json!({ "Item": row })));
                json!({ "Responses": answers.collect::<Vec<_>>() })
            }
            "GetItem" => load::customer(&body["Key"]).map_or(json!({}), |item| json!({ "Item": item })),
            "BatchWriteItem" => json!({ "UnprocessedItems": {} }),
            "Query" | "Scan" => json!({ "Items": [], "Count": 0, "ScannedCount": 0 }),
            "GetQueueUrl" => {
                let name = body["QueueName"].as_str().unwrap_or_default();
                json!({ "QueueUrl": format!("{}/0/{name}", self.address) })
            }
            "GetQueueAttributes" => json!({ "Attributes": { "VisibilityTimeout": "30" } }),
            "ReceiveMessage" => self.receive(body["MaxNumberOfMessages"].as_u64().unwrap_or(1)),
            "DeleteMessageBatch" => {
                let entries = body["Entries"].as_array().into_iter().flatten();
                let deleted: Vec<_> = entries.map(|entry| json!({ "Id": entry["Id"] })).collect();
                json!({ "Successful": deleted, "Failed": [] })
            }
            // Writes that always succeed.
            _ => json!({}),
        };
        answer.to_string()
    }

    fn receive(&self, at_most: u64) -> Value {
        let take = |left: u64| Some(left - at_most.min(left));
        let left = self.messages.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).unwrap_or_default();
        let numbers = (left - at_most.min(left)..left).rev();
        let messages: Vec<_> = numbers
            .map(|number| {
                json!({
                    "MessageId": Uuid::from_u128(number.into()), "ReceiptHandle": number.to_string(),
                    "Body": load::body(number), "Attributes": { "ApproximateReceiveCount": "1" },
                })
            })
            .collect();
        if messages.is_empty() { json!({}) } else { json!({ "Messages": messages }) }
    }
}

fn rows_of_tables(tables: &Value) -> Value {
    let rows = |keys: &Value| -> Vec<_> {
        keys["Keys"].as_array().into_iter().flatten().filter_map(load::row).collect()
    };
    let tables = tables.as_object().into_iter().flatten();
    let responses: serde_json::Map<_, _> =
        tables.map(|(table, keys)| (table.clone(), json!(rows(keys)))).collect();
    json!({ "Responses": responses, "UnprocessedKeys": {} })
}

/// Everything in the batch was taken.
fn published(form: &[u8]) -> String {
    let ids = form_urlencoded::parse(form).filter(|(name, _)| name.ends_with(".Id"));
    let taken =
        ids.map(|(_, id)| format!("<member><Id>{id}</Id><MessageId>{}</MessageId></member>", Uuid::nil()));
    let taken: String = taken.collect();
    format!(
        "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult>\
         <Successful>{taken}</Successful></PublishBatchResult></PublishBatchResponse>"
    )
}

fn text(body: String) -> Response<Full<Bytes>> {
    Response::new(Full::new(Bytes::from(body)))
}
