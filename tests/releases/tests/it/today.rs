//! The programs of today in this process, on an AWS in memory, from a time on that a test chooses.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use aws_types::SdkConfig;
use local_aws::InMemoryAws;
use outbox_relay::{RelaySettings, tail};
use releases::world::World;
use service_kit::Environment;
use shop::{Registered, SERVICES};
use time::OffsetDateTime;
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    ambient::{Ambient, Clock, Ids},
    consumer::{ConsumerGroup, ConsumerSettings},
    provision::{ensure_sent_table, ensure_service},
};
use unit_of_work::DynamoDb;
use uuid::Uuid;

/// The system, not started yet.
pub(crate) struct Today {
    pub(crate) world: World,
    pub(crate) customers: customers::use_cases::Customers<DynamoDb>,
    pub(crate) orders: orders::use_cases::Orders<DynamoDb>,
    sdk: SdkConfig,
    ambient: Ambient,
}

/// What runs until it is dropped.
pub(crate) struct Running {
    _parts: JoinSet<()>,
}

/// A clock that goes on from a time, and ids that nobody else makes.
#[derive(Debug)]
struct From {
    at: OffsetDateTime,
    begun: Instant,
    ids: AtomicU64,
}

impl Clock for From {
    fn now(&self) -> OffsetDateTime {
        self.at + self.begun.elapsed()
    }
}

impl Ids for From {
    fn next(&self) -> Uuid {
        Uuid::from_u128((0x70DA_u128 << 112) + u128::from(self.ids.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Today {
    /// With tables, topics and queues as services make them.
    pub(crate) async fn at(at: OffsetDateTime) -> Self {
        let sdk = InMemoryAws::new().unwrap().sdk_config();
        let dynamodb = aws_sdk_dynamodb::Client::new(&sdk);
        let (sns, sqs) = (aws_sdk_sns::Client::new(&sdk), aws_sdk_sqs::Client::new(&sdk));
        for service in SERVICES.iter().filter(|service| service.publishes()) {
            let resources = environment(service.name).read(service.configure).unwrap().resources;
            ensure_service(&dynamodb, &sns, &sqs, &resources).await.unwrap();
            ensure_sent_table(&dynamodb, &format!("{}-sent", service.name)).await.unwrap();
        }
        let world = World::of(&sdk);
        world.listen().await.unwrap();
        let own = Arc::new(From { at, begun: Instant::now(), ids: AtomicU64::new(1) });
        let (ambient, database) = (Ambient::new(own.clone(), own), DynamoDb::new(dynamodb));
        let told = environment("customers").read(customers::service::settings).unwrap();
        let customers = customers::service::use_cases(database.clone(), &told, ambient.clone()).unwrap();
        let told = environment("orders").read(orders::service::Settings::read).unwrap().service;
        let orders = orders::service::use_cases(database, &told, ambient.clone()).unwrap();
        Self { world, customers, orders, sdk, ambient }
    }

    /// Starts consumers, relays, and what gives up overdue orders.
    pub(crate) async fn start(&self) -> Running {
        let mut parts = JoinSet::new();
        let group = || {
            let sqs = aws_sdk_sqs::Client::new(&self.sdk);
            ConsumerGroup::new(sqs, "", ConsumerSettings::default(), CancellationToken::new())
        };
        let (mut of_customers, mut of_orders) = (group(), group());
        customers::wiring::wiring().start(&mut of_customers, &self.customers).await.unwrap();
        orders::wiring::wiring().start(&mut of_orders, &self.orders).await.unwrap();
        parts.spawn(async move { of_customers.stopped().await });
        parts.spawn(async move { of_orders.stopped().await });
        let every = std::time::Duration::from_secs(60);
        let watch = orders::overdue::watch(self.orders.clone(), every, Uuid::nil(), CancellationToken::new());
        parts.spawn(watch);
        for service in SERVICES.into_iter().filter(Registered::publishes) {
            parts.spawn(self.relay(service.name));
        }
        Running { _parts: parts }
    }

    /// The relay of a service as a process that reads the stream by itself.
    fn relay(&self, service: &str) -> impl Future<Output = ()> + use<> {
        let settings = RelaySettings::read(environment(service)).unwrap();
        let relay = outbox_relay::relay(&self.sdk, &settings, self.ambient.clone());
        let dynamodb = aws_sdk_dynamodb::Client::new(&self.sdk);
        let streams = aws_sdk_dynamodbstreams::Client::new(&self.sdk);
        let owner = self.ambient.id();
        async move {
            let (table, stop) = (settings.outbox_table, CancellationToken::new());
            tail::run(relay, &dynamodb, streams, &table, tail::TailSettings::default(), owner, stop).await;
        }
    }
}

/// What a service or its relay is told.
fn environment(service: &str) -> Environment {
    e2e::hosts::variables(service, "http://in-memory.localhost").into_iter().collect()
}
