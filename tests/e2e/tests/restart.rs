//! Ending parts of the system while orders are in flight: whatever ends, in whatever way, every order ends in
//! a final state once the part is started again, and the sums are right.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::{collections::HashMap, path::Path, time::Duration};

use anyhow::ensure;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use e2e::{
    answer::{Answer, Request},
    broker::Broker,
    contract::QUEUES,
    eventually::{eventually, within},
    hosts::{Aws, Host as _, Processes, Relays},
    system::Addresses,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const CUSTOMERS: usize = 20;
const ORDERS: usize = 200;
const CREDIT_LIMIT: u64 = 100_000;
/// So many orders are decided before something ends.
const DECIDED_BEFORE: usize = 10;
/// A message that was in the hands of a process that was killed comes again after 30 seconds, and it may have
/// been in such hands more than once on its way.
const UNTIL_ALL_IS_DECIDED: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_is_asked_to_end_and_started_again() {
    let mut shop = Shop::open("e2e-restart-sigterm").await;
    let orders = shop.in_flight().await;
    shop.processes.customers.terminate().await.unwrap();
    let orders = shop.only_some_were_decided(orders).await;
    shop.processes.customers.start().await.unwrap();
    shop.everything_ends_well(orders).await;
    shop.processes.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_and_the_relay_of_orders_are_killed_and_started_again() {
    let mut shop = Shop::open("e2e-restart-sigkill").await;
    let orders = shop.in_flight().await;
    shop.processes.customers.kill();
    shop.processes.relays[1].kill();
    let orders = shop.only_some_were_decided(orders).await;
    shop.processes.customers.start().await.unwrap();
    shop.processes.relays[1].start().await.unwrap();
    shop.everything_ends_well(orders).await;
    shop.processes.stop().await.unwrap();
}

type Placing = tokio::task::JoinHandle<anyhow::Result<Vec<Uuid>>>;

struct Shop {
    processes: Processes,
    addresses: Addresses,
    http: reqwest::Client,
    customers: Vec<Uuid>,
}

impl Shop {
    async fn open(name: &str) -> Self {
        let logs = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let processes = Processes::start(logs, Aws::Local, Relays::Tail).await.unwrap();
        let (addresses, http) = (processes.addresses(), reqwest::Client::new());
        let mut shop = Self { processes, addresses, http, customers: Vec::new() };
        for _ in 0..CUSTOMERS {
            let body = json!({"name": "Ada Lovelace", "credit_limit": CREDIT_LIMIT});
            let answer = post(&shop.http, &shop.addresses.customers, "/customers", &body).await;
            shop.customers.push(answer.unwrap().id().unwrap());
        }
        shop
    }

    /// Begins to place all orders at once, and waits until some of them are decided.
    async fn in_flight(&self) -> Placing {
        let (http, url, customers) =
            (self.http.clone(), self.addresses.orders.clone(), self.customers.clone());
        let place = move |index: usize| {
            // For each customer ten orders of which about six are within the limit.
            let total = 10_000 + 1_500 * (index / CUSTOMERS) as u64;
            let body = json!({"customer_id": customers[index % CUSTOMERS], "order_total": total});
            let (http, url) = (http.clone(), url.clone());
            async move { post(&http, &url, "/orders", &body).await?.id() }
        };
        let placing = tokio::spawn(stream::iter(0..ORDERS).map(place).buffer_unordered(ORDERS).try_collect());
        eventually(|| async {
            let decided = self.decided().await?;
            ensure!(decided >= DECIDED_BEFORE, "{decided} orders are decided");
            Ok(())
        })
        .await
        .unwrap();
        placing
    }

    async fn only_some_were_decided(&self, placing: Placing) -> Vec<Uuid> {
        let decided = self.decided().await.unwrap();
        assert!(decided < ORDERS, "everything was decided before anything ended: the test has shown nothing");
        let orders = placing.await.unwrap().unwrap();
        assert_eq!(orders.len(), ORDERS);
        orders
    }

    /// How many orders are not pending any more.
    async fn decided(&self) -> anyhow::Result<usize> {
        let dynamodb = aws_sdk_dynamodb::Client::new(&self.addresses.sdk);
        let request = dynamodb.scan().table_name("orders").select(Select::Count).consistent_read(true);
        let request = request.filter_expression("#state <> :pending");
        let request = request.expression_attribute_names("#state", "State");
        let pending = AttributeValue::S("PENDING".to_owned());
        Ok(usize::try_from(request.expression_attribute_values(":pending", pending).send().await?.count)?)
    }

    async fn everything_ends_well(&self, orders: Vec<Uuid>) {
        within(UNTIL_ALL_IS_DECIDED, || async {
            let decided = self.decided().await?;
            ensure!(decided == ORDERS, "{decided} orders are decided");
            Ok(())
        })
        .await
        .unwrap();
        let mut approved: HashMap<String, u64> = HashMap::new();
        let mut rejected = 0;
        for id in orders {
            let order = get(&self.http, &self.addresses.orders, &format!("/order/{id}")).await;
            match order["state"].as_str().unwrap() {
                "APPROVED" => {
                    let customer = order["customer_id"].as_str().unwrap().to_owned();
                    *approved.entry(customer).or_default() += order["order_total"].as_u64().unwrap();
                }
                "REJECTED" => rejected += 1,
                state => panic!("order {id} is {state}"),
            }
            assert_eq!(order["version"], 1, "{order} was decided more than once");
        }
        assert!(rejected > 0 && approved.len() == CUSTOMERS, "{rejected} rejected, {approved:?}");
        for id in &self.customers {
            let customer = get(&self.http, &self.addresses.customers, &format!("/customer/{id}")).await;
            let reserved = CREDIT_LIMIT - customer["available_credit"].as_u64().unwrap();
            assert_eq!(reserved, approved[&id.to_string()], "of {customer}");
        }
        self.queues_are_empty().await;
    }

    /// Also that of messages which were given back and will come again. The dead-letter queues were empty all
    /// the time: nothing takes a message out of them.
    async fn queues_are_empty(&self) {
        let broker = Broker::connect(&self.addresses.sdk).await.unwrap();
        for (queue, _) in QUEUES {
            within(UNTIL_ALL_IS_DECIDED, || async {
                let depth = broker.depth(queue).await?;
                ensure!(depth == 0, "{queue} holds {depth} messages");
                Ok(())
            })
            .await
            .unwrap();
            assert_eq!(broker.depth(&format!("{queue}--dlq")).await.unwrap(), 0, "dead letters of {queue}");
        }
    }
}

async fn post(http: &reqwest::Client, service: &str, path: &str, body: &Value) -> anyhow::Result<Answer> {
    let request = Request::new(Method::POST, path).with_body(body.to_string(), Some("application/json"));
    request.send(http, service).await
}

async fn get(http: &reqwest::Client, service: &str, path: &str) -> Value {
    let answer = Request::new(Method::GET, path).send(http, service).await.unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}
