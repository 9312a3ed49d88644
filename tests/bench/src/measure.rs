//! Orders on their way through a whole program: what they cost, without what the same time costs when there
//! are none.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use aws_lambda_events::event::dynamodb::Event;
use axum::{Router, body::Body};
use fault_engine::{Ambient, Function, Program};
use futures::future::try_join_all;
use http::Request;
use http_body_util::BodyExt as _;
use local_aws::{
    InMemoryAws,
    mapping::{EventSourceMapping, Filter, MappingSettings},
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::meter::{Bill, Meter, Unit};

/// How often orders are placed. Each time costs the same, or [`of_an_order`] fails.
const TIMES: u32 = 2;

/// How long they are left alone then: longer than any sweep or poller takes to look again, so that whatever
/// these do about it is in the bill.
const ALONE: Duration = Duration::from_secs(3 * 60);

/// How often a stream is looked at. Lambda does it four times a second, for nothing; this takes less time to
/// simulate.
const LOOK: Duration = Duration::from_secs(1);

/// What one approved order is billed for, from the request to the last thing that is done about it. So many
/// are placed at the same moment, each of another customer, and share what can be shared; one alone shares
/// nothing.
///
/// # Errors
///
/// When the program cannot be run, an order is not approved, or an order that is alone does not always cost
/// the same.
pub fn of_an_order(program: Program, together: u32) -> Result<Bill> {
    let with = run(program, together)?;
    let without = run(program, 0)?;
    let mut bill = Bill::new();
    for (entry, amount) in with {
        let amount =
            (amount - without.get(&entry).copied().unwrap_or_default()) / f64::from(TIMES * together);
        ensure!(together > 1 || amount.fract() % 0.5 == 0.0, "{entry:?} is not always the same: {amount}");
        if amount > 0.0 {
            bill.insert(entry, amount);
        }
    }
    Ok(bill)
}

fn run(program: Program, together: u32) -> Result<Bill> {
    fastrand::seed(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let billed = runtime.block_on(async {
        let system = System::start(program).await.map_err(|error| anyhow!(error))?;
        system.orders(together).await
    });
    billed.with_context(|| format!("the orders of {}", program.name))
}

struct System {
    meter: Meter,
    http: Router,
    _running: JoinSet<()>,
}

impl System {
    async fn start(program: Program) -> Result<Self, fault_engine::BoxError> {
        let (aws, meter) = (InMemoryAws::new()?, Meter::default());
        (program.deploy)(aws.sdk_config()).await?;
        let ids = Arc::new(AtomicU64::new(0));
        let ambient = |component: &str| {
            let config = aws.sdk_config().into_builder().http_client(meter.wire(&aws, component)).build();
            let clock = aws.clock();
            Ambient::counted(config, move || OffsetDateTime::from(clock.now()), ids.clone(), 1)
        };
        let mut running = JoinSet::new();
        for worker in program.workers {
            running.spawn((worker.run)(ambient(worker.name)));
        }
        for function in program.functions {
            running.spawn(map(&aws, *function, ambient(function.name), meter.clone()).await?);
        }
        let http = (program.http)(ambient("http"));
        Ok(Self { meter, http, _running: running })
    }

    async fn orders(&self, together: u32) -> Result<Bill> {
        let mut customers = Vec::new();
        for _ in 0..together {
            let customer = self.post("/customers", json!({"name": "Ada", "credit_limit": 1_000_000})).await?;
            customers.push(customer["id"].clone());
        }
        tokio::time::sleep(ALONE).await;
        self.meter.take();
        let mut orders = Vec::new();
        for _ in 0..TIMES {
            let place = |id| self.post("/orders", json!({"customer_id": id, "order_total": 100}));
            orders.extend(try_join_all(customers.iter().map(place)).await?);
            tokio::time::sleep(ALONE).await;
        }
        let bill = self.meter.take();
        for order in orders {
            let id = order["id"].as_str().unwrap_or_default();
            let order = self.send(Request::get(format!("/order/{id}")), "").await?;
            ensure!(order["state"] == "APPROVED", "an order ended otherwise: {order}");
        }
        Ok(bill)
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        let request = Request::post(path).header("content-type", "application/json");
        self.send(request, &body.to_string()).await
    }

    async fn send(&self, request: http::request::Builder, body: &str) -> Result<Value> {
        let Ok(answer) = self.http.clone().oneshot(request.body(Body::from(body.to_owned()))?).await;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body)?)
    }
}

/// The event source mapping of a function, as it is deployed: new items only, and a second to gather a batch.
async fn map(
    aws: &InMemoryAws,
    function: Function,
    ambient: Ambient,
    meter: Meter,
) -> Result<impl Future<Output = ()> + Send + 'static, fault_engine::BoxError> {
    let client = aws_sdk_dynamodbstreams::Client::new(&aws.sdk_config());
    let streams = client.list_streams().table_name(function.table).send().await?;
    let arn = streams.streams().first().and_then(|stream| stream.stream_arn()).unwrap_or_default().to_owned();
    let settings = MappingSettings {
        filter_criteria: vec![Filter::parse(r#"{ "eventName": ["INSERT"] }"#)?],
        maximum_batching_window_seconds: 1,
        report_batch_item_failures: true,
        maximum_retry_attempts: function.maximum_retry_attempts,
        poll_interval: LOOK,
        ..MappingSettings::default()
    };
    let mapping = EventSourceMapping::new(client, arn, settings);
    let handler = move |event: Event| {
        meter.note(Unit::Invocations, function.name, "Invoke", function.table, 1.0);
        (function.handle)(ambient.clone(), function.table, event)
    };
    Ok(async move {
        // It ends with the run; if it ended sooner, no order would be approved.
        let _ = mapping.run(handler, CancellationToken::new()).await;
    })
}
