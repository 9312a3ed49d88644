//! The services and their relays running beside txm, and what must hold when everything has come to rest.

use std::{collections::BTreeMap, time::Duration};

use outbox_relay::RelaySettings;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use transactional_messaging::ambient::Ambient;
use unit_of_work::Item;

use crate::world::{PATIENCE, World, environment};

/// The services that publish, and a relay for each, until they are stopped.
pub(crate) struct Running {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Running {
    pub(crate) async fn start(world: &World) -> Self {
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        for service in shop::SERVICES.iter().filter(|service| service.publishes()) {
            let configured = environment(service.name).read(service.configure).unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let (aws, ending) = (world.aws.sdk_config(), stop.clone());
            let run = configured.run(aws, Ambient::system(), listener, ending);
            tasks.spawn(async move { run.await.unwrap() });
            let settings = RelaySettings::read(environment(service.name)).unwrap();
            let relay = outbox_relay::relay(&world.aws.sdk_config(), &settings, Ambient::system());
            let ending = stop.clone();
            tasks.spawn(async move {
                // The sweeper is a relay that needs no stream. What it cannot do on a busy machine, the next
                // pass does.
                while !ending.is_cancelled() {
                    drop(relay.sweep(time::Duration::ZERO).await);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            });
        }
        Self { stop, tasks }
    }

    /// Waits until nothing is under way, and stops.
    pub(crate) async fn rest(self, world: &World) {
        let (deadline, mut quiet) = (tokio::time::Instant::now() + PATIENCE, 0);
        while quiet < 3 {
            quiet = if is_quiet(world).await { quiet + 1 } else { 0 };
            assert!(tokio::time::Instant::now() < deadline, "it never came to rest: {}", left(world).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.stop().await;
    }

    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }
}

/// The queues of the services that publish, without prefix.
fn queues() -> Vec<String> {
    let services = shop::SERVICES.iter().filter(|service| service.publishes());
    services.flat_map(|service| (service.wiring)().consumes).map(|consumes| consumes.queue).collect()
}

async fn is_quiet(world: &World) -> bool {
    for queue in queues() {
        if support::queues::counts(&world.sqs, &format!("live-{queue}")).await != (0, 0) {
            return false;
        }
    }
    let outboxes = world.rows("orders-outbox").await + world.rows("customers-outbox").await;
    outboxes == 0 && world.items("orders").await.iter().all(|order| text(order, "State") != "PENDING")
}

/// What keeps it from resting.
async fn left(world: &World) -> String {
    let orders = world.items("orders").await;
    let pending: Vec<_> = orders.iter().filter(|order| text(order, "State") == "PENDING").collect();
    let rows = [world.items("orders-outbox").await, world.items("customers-outbox").await];
    format!("pending {pending:?}, unsent {rows:?}")
}

pub(crate) fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}

pub(crate) fn number(item: &Item, name: &str) -> u64 {
    item[name].as_n().unwrap().parse().unwrap()
}

/// The invariants of the shop, at rest: each order ends, each approved one has its total reserved and no
/// other has, credit adds up and stays within its limit, and nothing lies in a dead-letter queue.
pub(crate) async fn assert_invariants(world: &World) {
    let orders = world.items("orders").await;
    let (mut sums, mut reserved) = (BTreeMap::<String, u64>::new(), BTreeMap::new());
    let items = world.items("customers").await;
    for decision in items.iter().filter(|item| text(item, "Decision") == "RESERVED") {
        *sums.entry(text(decision, "CustomerId").to_owned()).or_default() += number(decision, "Amount");
        reserved.insert(text(decision, "OrderId").to_owned(), number(decision, "Amount"));
    }
    for customer in items.iter().filter(|item| item.contains_key("CreditLimit")) {
        let (id, credit) = (text(customer, "CustomerId"), number(customer, "CreditReserved"));
        assert_eq!(credit, sums.remove(id).unwrap_or_default(), "the credit of {id} adds up");
        assert!(credit <= number(customer, "CreditLimit"), "{id} is over its limit");
    }
    assert!(sums.is_empty(), "reserved for nobody: {sums:?}");
    for order in &orders {
        let amount = reserved.remove(text(order, "OrderId"));
        let expected = (text(order, "State") == "APPROVED").then(|| number(order, "TotalAmount"));
        assert_eq!(amount, expected, "{order:?}");
        assert_ne!(text(order, "State"), "PENDING", "{order:?}");
    }
    assert!(reserved.is_empty(), "reserved for orders that are not there: {reserved:?}");
    for queue in queues() {
        let dead = support::queues::drain(&world.sqs, &format!("live-{queue}--dlq")).await;
        assert!(dead.is_empty(), "dead letters of {queue}: {dead:?}");
    }
}
