//! A way to AWS that notes what is billed: every call, and the capacity that DynamoDB says it consumed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_smithy_runtime_api::client::{
    http::SharedHttpClient,
    orchestrator::{HttpRequest, HttpResponse},
};
use local_aws::{
    InMemoryAws,
    tap::{self, Answer},
};
use serde::Serialize;
use serde_json::Value;

/// What AWS bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// DynamoDB's write request units.
    Writes,
    /// DynamoDB's read request units.
    Reads,
    /// Requests to SNS; a batch is one.
    Sns,
    /// Requests to SQS; a batch is one.
    Sqs,
    /// Invocations of a Lambda function.
    Invocations,
}

impl Unit {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Writes, Self::Reads, Self::Sns, Self::Sqs, Self::Invocations];
}

/// What a line of the bill is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Entry {
    /// What is billed.
    pub unit: Unit,
    /// Who made the call.
    pub component: String,
    /// The operation.
    pub operation: String,
    /// The table, the table with its index, the queue, or the topic.
    pub target: String,
}

/// How much of each.
pub type Bill = BTreeMap<Entry, f64>;

/// Notes what the components of a program are billed. Clones note to the same bill.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<Bill>>);

impl Meter {
    /// The way to AWS of this component.
    pub fn wire(&self, aws: &InMemoryAws, component: &str) -> SharedHttpClient {
        let metered = Metered { aws: aws.clone(), component: component.into(), meter: self.clone() };
        tap::new(move |request| metered.clone().call(request))
    }

    /// Notes something.
    pub fn note(&self, unit: Unit, component: &str, operation: &str, target: &str, amount: f64) {
        let [component, operation, target] = [component, operation, target].map(str::to_owned);
        *self.bill().entry(Entry { unit, component, operation, target }).or_default() += amount;
    }

    /// What was noted since the last time.
    pub fn take(&self) -> Bill {
        std::mem::take(&mut *self.bill())
    }

    fn bill(&self) -> MutexGuard<'_, Bill> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone)]
struct Metered {
    aws: InMemoryAws,
    component: Arc<str>,
    meter: Meter,
}

impl Metered {
    async fn call(self, mut request: HttpRequest) -> Answer {
        let target = request.headers().get("x-amz-target").map(str::to_owned);
        let sent = request.body().bytes().unwrap_or_default().to_vec();
        let asks = || serde_json::from_slice::<Value>(&sent).unwrap_or_default();
        match target.as_deref().and_then(|target| target.split_once('.')) {
            Some((service, operation)) if service.starts_with("DynamoDB_") => {
                let mut body = asks();
                body["ReturnConsumedCapacity"] = "INDEXES".into();
                tap::rewrite(&mut request, body.to_string());
                let answer = self.aws.call(request).await?;
                self.note_capacity(operation, &json(&answer)["ConsumedCapacity"]);
                Ok(answer)
            }
            Some(("AmazonSQS", operation)) => {
                let answer = self.aws.call(request).await?;
                // A poll that brings nothing is paid for by the hour, whether there are orders or not.
                if operation != "ReceiveMessage" || json(&answer)["Messages"].is_array() {
                    let body = asks();
                    let url = body["QueueUrl"].as_str().unwrap_or_default();
                    let queue = url.rsplit('/').next().unwrap_or_default();
                    self.meter.note(Unit::Sqs, &self.component, operation, queue, 1.0);
                }
                Ok(answer)
            }
            Some(_) => self.aws.call(request).await,
            None => {
                self.note_sns(&sent);
                self.aws.call(request).await
            }
        }
    }

    fn note_sns(&self, form: &[u8]) {
        let fields: BTreeMap<_, _> = form_urlencoded::parse(form).collect();
        let field = |name| fields.get(name).map(|value| &**value).unwrap_or_default();
        let topic = field("TopicArn").rsplit(':').next().unwrap_or_default();
        self.meter.note(Unit::Sns, &self.component, field("Action"), topic, 1.0);
    }

    /// One report for each table, or the only one.
    fn note_capacity(&self, operation: &str, reports: &Value) {
        let writes = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"];
        let one = std::slice::from_ref(reports);
        for report in reports.as_array().map_or(one, Vec::as_slice) {
            // A transaction that is repeated by its token is answered, and billed, as a read.
            let unit = if writes.contains(&operation) && report["ReadCapacityUnits"].is_null() {
                Unit::Writes
            } else {
                Unit::Reads
            };
            let table = report["TableName"].as_str().unwrap_or_default();
            let indexes = report["GlobalSecondaryIndexes"].as_object().into_iter().flatten();
            let indexes = indexes.map(|(name, units)| (format!("{table}.{name}"), units));
            for (target, units) in indexes.chain([(table.to_owned(), &report["Table"])]) {
                let units = units["CapacityUnits"].as_f64().unwrap_or_default();
                if units > 0.0 {
                    self.meter.note(unit, &self.component, operation, &target, units);
                }
            }
        }
    }
}

fn json(answer: &HttpResponse) -> Value {
    serde_json::from_slice(answer.body().bytes().unwrap_or_default()).unwrap_or_default()
}
