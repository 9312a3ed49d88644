//! The same stand-in inside the process, without a socket: the same work takes the same instructions each
//! time.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_smithy_runtime_api::client::{
    http::SharedHttpClient,
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::body::SdkBody;
use local_aws::tap;
use serde_json::json;

use crate::answers::{Answers, published};

/// Messages of so many receives; then the first ones come again. So every answer is needed again, and making
/// it is not what is counted.
const RECEIVES: usize = 20;

#[derive(Debug)]
struct NullAws {
    answers: Answers,
    receives: Vec<String>,
    received: AtomicUsize,
    memory: Mutex<HashMap<(String, u64), String>>,
}

/// An AWS that answers at once, and in whose outbox nothing is pending. It remembers its answers, and nothing
/// else.
pub fn aws() -> SharedHttpClient {
    let answers = Answers::new("http://null", 0);
    let ten = json!({ "MaxNumberOfMessages": 10 });
    let receives = (0..RECEIVES).map(|_| answers.json("ReceiveMessage", &ten)).collect();
    let aws =
        Arc::new(NullAws { answers, receives, received: AtomicUsize::new(0), memory: Mutex::default() });
    tap::new(move |request| std::future::ready(Ok(aws.answer(&request))))
}

impl NullAws {
    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let body = request.body().bytes().unwrap_or_default();
        let target = request.headers().get("x-amz-target").and_then(|target| target.split('.').nth(1));
        let answer = match target {
            Some("ReceiveMessage") => self.receive(),
            _ => self.remembered(target.unwrap_or_default(), body),
        };
        HttpResponse::new(http::StatusCode::OK.into(), SdkBody::from(answer))
    }

    fn receive(&self) -> String {
        self.receives[self.received.fetch_add(1, Ordering::Relaxed) % RECEIVES].clone()
    }

    fn remembered(&self, operation: &str, body: &[u8]) -> String {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || match operation {
            "" => published(body),
            _ => self.answers.json(operation, &serde_json::from_slice(body).unwrap_or_default()),
        };
        memory.entry((operation.to_owned(), fingerprint(body))).or_insert_with(make).clone()
    }
}

/// The same for bodies with the same bytes in another order: the SDK writes the members of a key in any
/// order.
fn fingerprint(body: &[u8]) -> u64 {
    body.iter().fold(0, |sum, byte| sum.wrapping_add(u64::from(*byte).pow(7)))
}
