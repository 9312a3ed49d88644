//! The relay's program as Lambda runs it: behind a runtime API that hands it one invocation after the other.

use std::{collections::HashMap, path::Path, sync::Arc};

use aws_sdk_dynamodb::types::AttributeValue;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use e2e::{
    eventually::DEADLINE,
    hosts::{self, Process, Variables},
    system::Addresses,
};
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};

type Row = HashMap<String, AttributeValue>;

pub(crate) struct Function {
    invocations: mpsc::Sender<Value>,
    answers: Mutex<mpsc::Receiver<String>>,
    process: Process,
}

#[derive(Clone)]
struct Api {
    invocations: Arc<Mutex<mpsc::Receiver<Value>>>,
    answers: mpsc::Sender<String>,
}

impl Function {
    pub(crate) async fn start(service: &str, logs: &Path, more: Variables, addresses: &Addresses) -> Self {
        let ((invocations, to_it), (answers, from_it)) = (mpsc::channel(1), mpsc::channel(1));
        let api = Api { invocations: Arc::new(Mutex::new(to_it)), answers };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answer))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(answer))
            .with_state(api);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let endpoint = addresses.sdk.endpoint_url().unwrap();
        let variables: Variables = [
            ("AWS_LAMBDA_RUNTIME_API", &*address),
            ("AWS_LAMBDA_FUNCTION_NAME", "relay"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "relay"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "relay"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let variables = [hosts::variables(service, endpoint), variables, more].concat();
        let program = hosts::program("outbox-relay").unwrap();
        let mut process = Process::new("function", &program, &[], variables, logs);
        process.start().await.unwrap();
        Self { invocations, answers: Mutex::new(from_it), process }
    }

    /// Invokes it and waits for its answer, which names no record that must come again.
    pub(crate) async fn invoke(&self, event: Value) {
        self.invocations.send(event).await.unwrap();
        let answer = tokio::time::timeout(DEADLINE, async { self.answers.lock().await.recv().await });
        let answer = answer.await.expect("the function answers").unwrap();
        let failures = serde_json::from_str::<Value>(&answer).unwrap()["batchItemFailures"].clone();
        assert!(failures.as_array().is_none_or(Vec::is_empty) && !answer.contains("errorType"), "{answer}");
    }

    pub(crate) fn end(mut self) {
        self.process.kill();
    }
}

async fn next(State(api): State<Api>) -> (HeaderMap, String) {
    let event = api.invocations.lock().await.recv().await.unwrap_or_default();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-deadline-ms", "99999999999999"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:relay"),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    (headers, event.to_string())
}

async fn answer(State(api): State<Api>, body: Bytes) -> StatusCode {
    api.answers.send(String::from_utf8_lossy(&body).into_owned()).await.unwrap();
    StatusCode::ACCEPTED
}

/// An event with a record for each row of the outbox, as the stream would bring it, and the trace contexts of
/// these rows.
pub(crate) async fn news(addresses: &Addresses, table: &str) -> (Value, Vec<String>) {
    let dynamodb = aws_sdk_dynamodb::Client::new(&addresses.sdk);
    let rows = dynamodb.scan().table_name(table).consistent_read(true).send().await.unwrap();
    let record = |(number, row): (usize, &Row)| {
        let key = |name: &str| row[name].as_s().unwrap().clone();
        let keys = json!({"PK": {"S": key("PK")}, "SK": {"S": key("SK")}});
        let number = (100 + number).to_string();
        json!({"eventName": "INSERT", "dynamodb": {"Keys": keys, "SequenceNumber": number}})
    };
    let is_message = |row: &&Row| row["PK"].as_s().is_ok_and(|key| key.starts_with("SUBJECT#"));
    let rows: Vec<_> = rows.items().iter().filter(is_message).collect();
    let traceparent = |row: &&Row| {
        let envelope: Value = serde_json::from_str(row["Message"].as_s().unwrap()).unwrap();
        envelope["traceparent"].as_str().unwrap().to_owned()
    };
    let contexts = rows.iter().map(traceparent).collect();
    (json!({"Records": rows.into_iter().enumerate().map(record).collect::<Vec<_>>()}), contexts)
}
