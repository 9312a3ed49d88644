//! The system in `final/` as the fault lab runs it: the real services, the real consumers, the real Lambda
//! handler, with nothing between them and the laboratory but this description.

mod ambient;
mod deploy;
pub mod harness;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use aws_types::SdkConfig;
use axum::{Router, extract::Request};
use customers::use_cases::Customers;
use fault_engine::{Ambient, BoxError, Function, Program, Role, Worker};
use orders::{overdue, use_cases::Orders};
use outbox_relay::{RelaySettings, lambda, sweep};
use permissions::CallLog;
use service::ChannelSettings;
use service_kit::{Readiness, RequestLimits, ServiceOptions, service_router};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use transactional_messaging::{
    consumer::{ConsumerGroup, ConsumerSettings},
    relay::Relay,
};
use unit_of_work::DynamoDb;
use uuid::Uuid;

/// The system.
///
/// As in a deployment, a service's consumers share a process and end together.
pub const PROGRAM: Program = Program {
    name: "final",
    deploy: |aws| Box::pin(deploy::deploy(aws)),
    http,
    // Ten seconds for a request, and one for what is around it.
    answers_within: Some(Duration::from_secs(11)),
    workers: &[
        Worker {
            name: "customers",
            role: Role::Consumer,
            run: |ambient| Box::pin(consume_customers(ambient)),
        },
        Worker { name: "orders", role: Role::Consumer, run: |ambient| Box::pin(consume_orders(ambient)) },
        Worker {
            name: "customers-sweeper",
            role: Role::Relay,
            run: |ambient| Box::pin(sweep_outbox(ambient, "customers-outbox")),
        },
        Worker {
            name: "orders-sweeper",
            role: Role::Relay,
            run: |ambient| Box::pin(sweep_outbox(ambient, "orders-outbox")),
        },
    ],
    functions: &[relay("customers-relay", "customers-outbox"), relay("orders-relay", "orders-outbox")],
    parking: &["customers-outbox", "orders-outbox"],
};

/// Notes what every component of every run from now on needs of IAM. A component is what has a role of its
/// own in a deployment: HTTP and consumers of a service are one, its relay and its sweeper others.
pub fn note_calls() -> &'static CallLog {
    CALLS.get_or_init(CallLog::default)
}

static CALLS: OnceLock<CallLog> = OnceLock::new();

fn aws_of(ambient: &Ambient, component: &str) -> SdkConfig {
    CALLS.get().map_or_else(|| ambient.aws().clone(), |log| log.noted(ambient.aws(), component))
}

/// A function with the settings of its mapping.
const fn relay(name: &'static str, table: &'static str) -> Function {
    let handle: fault_engine::Handle = |ambient, table, event| Box::pin(handle(ambient, table, event));
    Function { name, table, maximum_retry_attempts: 10, handle }
}

/// Both services behind one router, as a load balancer would route.
fn http(ambient: Ambient) -> Router {
    let customers = router("customers", &ambient, customers::http::routes(customers_service(&ambient)));
    let orders = router("orders", &ambient, orders::http::routes(orders_service(&ambient)));
    Router::new().fallback(async move |request: Request| {
        let service = if request.uri().path().starts_with("/customer") { customers } else { orders };
        service.oneshot(request).await
    })
}

fn router(service: &'static str, ambient: &Ambient, routes: Router) -> Router {
    let ids = ambient.clone();
    let readiness = Readiness::within(Duration::from_secs(2));
    service_router(
        routes,
        ServiceOptions {
            service,
            new_id: Arc::new(move || ids.id()),
            readiness,
            limits: RequestLimits::default(),
        },
    )
}

/// The customers service in a process that has just started.
#[expect(clippy::expect_used, reason = "the retention is the default one")]
pub fn customers_service(ambient: &Ambient) -> Customers<DynamoDb> {
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&aws_of(ambient, "customers")));
    let service =
        customers::service::use_cases(database, &deploy::settings("customers"), ambient::shared(ambient));
    service.expect("the default retention is long enough")
}

/// The orders service in a process that has just started.
#[expect(clippy::expect_used, reason = "the retention is the default one")]
pub fn orders_service(ambient: &Ambient) -> Orders<DynamoDb> {
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&aws_of(ambient, "orders")));
    let service = orders::service::use_cases(database, &deploy::settings("orders"), ambient::shared(ambient));
    service.expect("the default retention is long enough")
}

fn consumers(ambient: &Ambient, service: &str) -> ConsumerGroup {
    let sqs = aws_sdk_sqs::Client::new(&aws_of(ambient, service));
    ConsumerGroup::new(sqs, "", ConsumerSettings::default(), CancellationToken::new())
}

/// A service whose queues cannot be opened ends, and is started again, as ECS would.
async fn consume_customers(ambient: Ambient) {
    let mut group = consumers(&ambient, "customers");
    if customers::wiring::wiring().start(&mut group, &customers_service(&ambient)).await.is_ok() {
        group.stopped().await;
    }
}

async fn consume_orders(ambient: Ambient) {
    let (mut group, service) = (consumers(&ambient, "orders"), orders_service(&ambient));
    if orders::wiring::wiring().start(&mut group, &service).await.is_ok() {
        let overdue = overdue::watch(service, Duration::from_secs(60), Uuid::nil(), CancellationToken::new());
        tokio::select! {
            () = group.stopped() => {}
            () = overdue => {}
        }
    }
}

async fn sweep_outbox(ambient: Ambient, outbox_table: &str) {
    let component = outbox_table.replace("-outbox", "-sweeper");
    sweep::run(
        relay_as(&ambient, outbox_table, &component),
        Duration::from_secs(60),
        CancellationToken::new(),
    )
    .await;
}

async fn handle(
    ambient: Ambient,
    outbox_table: &str,
    event: aws_lambda_events::event::dynamodb::Event,
) -> Result<aws_lambda_events::event::streams::DynamoDbEventResponse, BoxError> {
    Ok(lambda::handle(&relay_of(&ambient, outbox_table), event).await)
}

/// The relay of an outbox table in a process that has just started.
pub fn relay_of(ambient: &Ambient, outbox_table: &str) -> Relay {
    relay_as(ambient, outbox_table, &outbox_table.replace("-outbox", "-relay"))
}

fn relay_as(ambient: &Ambient, outbox_table: &str, component: &str) -> Relay {
    let settings = RelaySettings {
        base: deploy::settings(outbox_table).base,
        channels: ChannelSettings::default(),
        outbox_table: outbox_table.to_owned(),
        scheduled_table: None,
        topics: deploy::topics(),
        sent: Some((deploy::sent_table(outbox_table), time::Duration::WEEK)),
        unordered_topics: Vec::new(),
        tenant_field: None,
    };
    outbox_relay::relay(&aws_of(ambient, component), &settings, ambient::shared(ambient))
}
