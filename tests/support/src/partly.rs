//! Batches that are done in part, as AWS may: it answers 200 and names the rest.

use local_aws::tap::{self, Entry, refusals};
use serde_json::{Map, Value, json};

use crate::wire::Fault;

/// What SNS does with the entries whose message holds a text.
#[derive(Clone, Copy, Debug)]
pub enum Not {
    /// Refuses them with this code, and says whose fault it is.
    With(&'static str, bool),
    /// Refuses them for good.
    Taken,
    /// Fails on them this time.
    ThisTime,
    /// Says nothing of them.
    Mentioned,
}

impl From<Not> for Entry {
    fn from(not: Not) -> Self {
        match not {
            Not::With(code, sender_fault) => Self::Refused { code, sender_fault },
            Not::Taken => Self::Refused { code: "InvalidParameter", sender_fault: true },
            Not::ThisTime => Self::Refused { code: "InternalFailure", sender_fault: false },
            Not::Mentioned => Self::Unmentioned,
        }
    }
}

/// `PublishBatch` of which SNS does this with the entries whose message holds `with`; the others are taken.
pub fn partly(not: Not, with: &str) -> Fault {
    let with = with.to_owned();
    Fault::instead(move |aws, request| {
        let with = with.clone();
        async move {
            let judge = |_, text: &str| if text.contains(&with) { not.into() } else { Entry::Taken };
            tap::publish(&aws, request, judge).await
        }
    })
}

/// `BatchWriteItem` of which DynamoDB does only the first half, as it may: it answers 200 and names the rest.
pub fn half_done() -> Fault {
    Fault::instead(|aws, mut request| async move {
        let mut body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let mut rest = Map::new();
        for (table, requests) in body["RequestItems"].as_object_mut().unwrap() {
            let requests = requests.as_array_mut().unwrap();
            rest.insert(table.clone(), requests.split_off(requests.len() / 2).into());
        }
        let done = body["RequestItems"]
            .as_object()
            .unwrap()
            .values()
            .any(|some| !some.as_array().unwrap().is_empty());
        if done {
            tap::rewrite(&mut request, body.to_string());
            aws.call(request).await?;
        }
        let answer = json!({ "UnprocessedItems": rest }).to_string();
        Ok(refusals::response(200, "application/x-amz-json-1.0", answer))
    })
}

/// `BatchGetItem` of which DynamoDB reads only the first half, as it may: it answers 200 and names the rest.
pub fn half_read() -> Fault {
    Fault::instead(|aws, mut request| async move {
        let mut body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let mut rest = body["RequestItems"].clone();
        for (table, asked) in body["RequestItems"].as_object_mut().unwrap() {
            let keys = asked["Keys"].as_array_mut().unwrap();
            rest[table]["Keys"] = keys.split_off(keys.len() / 2).into();
        }
        tap::rewrite(&mut request, body.to_string());
        let answer = aws.call(request).await?;
        let mut answer: Value = serde_json::from_slice(answer.body().bytes().unwrap()).unwrap();
        answer["UnprocessedKeys"] = rest;
        Ok(refusals::response(200, "application/x-amz-json-1.0", answer.to_string()))
    })
}
