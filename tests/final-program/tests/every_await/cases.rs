//! The handlers, each with something to do.

use std::sync::Arc;

use aws_lambda_events::event::dynamodb::Event;
use customers::messages::{ORDER_CANCELLED, ORDER_CREATED, ORDER_REJECTED};
use final_program::{customers_service, orders_service, relay_of};
use futures::future::BoxFuture;
use orders::messages::{CREDIT_RESERVATION_FAILED, CREDIT_RESERVED, VALIDATION_FAILED};
use outbox_relay::lambda::{self, Sweep};
use serde_json::json;
use transactional_messaging::{consumer::Delivery, outbox::partition_of, relay::Outcome};
use uuid::Uuid;

use crate::{
    scenes::{LIMIT, approved, cancelled, decide, decided, message, order_id, order_of, pending, subjects},
    shop::{LATENCY, Process, Shop, items},
};

/// Gives a process the same piece of work each time: what it answers.
pub(crate) type Work = Arc<dyn Fn(Process) -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// What may only happen as a whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Atom {
    /// Everything that the handler does.
    Everything,
    /// What it does to each row.
    Row,
    /// The handler takes steps that are each harmless alone.
    Step,
}

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) atom: Atom,
    /// Fewer poll points would mean that the handler did not do its work.
    pub(crate) at_least: usize,
    pub(crate) prepare: for<'a> fn(&'a Shop) -> BoxFuture<'a, Work>,
}

macro_rules! case {
    ($name:literal, $atom:ident, $at_least:literal, $prepare:path) => {
        Case { name: $name, atom: Atom::$atom, at_least: $at_least, prepare: |shop| Box::pin($prepare(shop)) }
    };
}

pub(crate) const CASES: &[Case] = &[
    case!("sweeper", Row, 18, sweeper),
    case!("relay, a batch of two subjects", Row, 15, relay),
    case!("unpark", Step, 25, unpark),
    case!("http: create customer", Everything, 3, create_customer),
    case!("http: create order", Everything, 3, create_order),
    case!("http: cancel order", Everything, 6, cancel_order),
    case!("reserve credit", Everything, 6, reserve_credit),
    case!("reserve credit over the limit", Everything, 6, refuse_credit),
    case!("reserve credit of nobody", Everything, 6, refuse_stranger),
    case!("release credit", Everything, 9, release_credit),
    case!("release credit before it is reserved", Everything, 9, release_early),
    case!("release credit of an order that was given up", Everything, 9, settle_rejection),
    case!("give up", Everything, 9, give_up),
    case!("approve", Everything, 6, approve),
    case!("reject over the limit", Everything, 6, reject_over_limit),
    case!("reject for want of a customer", Everything, 6, reject_invalid),
];

const NOBODY: Uuid = Uuid::from_u128(0xdead);

fn work<F>(handle: impl Fn(Process) -> F + Send + Sync + 'static) -> Work
where
    F: Future<Output = Result<String, String>> + Send + 'static,
{
    Arc::new(move |process| Box::pin(handle(process)))
}

/// A consumer's handler, given the body of a message; `Done` and `Duplicate` are equally good answers.
macro_rules! consumer {
    ($body:expr, $service:ident, $method:ident, $queue:expr) => {{
        let body: String = $body;
        work(move |process| {
            let body = body.clone();
            async move {
                let delivery = Delivery::parse($queue, &body).map_err(|error| error.to_string())?;
                let handled = $service(&process.ambient).$method(delivery).await;
                handled.map(|_| "handled".to_owned()).map_err(|error| format!("{error:?}"))
            }
        })
    }};
}

async fn create_customer(_: &Shop) -> Work {
    work(|process| async move {
        let body = json!({"name": "Ada", "credit_limit": LIMIT});
        process.post("/customers", "the-customer", &body).await.map(|id| id.to_string())
    })
}

async fn create_order(shop: &Shop) -> Work {
    let customer = shop.customer(LIMIT).await;
    work(move |process| async move {
        let body = json!({"customer_id": customer, "order_total": 4_000});
        process.post("/orders", "the-order", &body).await.map(|id| id.to_string())
    })
}

async fn cancel_order(shop: &Shop) -> Work {
    let order = approved(shop).await;
    work(move |process| async move {
        process.post(&format!("/order/{order}/cancel"), "unused", &json!({})).await.map(|id| id.to_string())
    })
}

async fn reserve_credit(shop: &Shop) -> Work {
    order_of(shop, 4_000).await;
    let body = shop.take("customer--order-created").await;
    consumer!(body, customers_service, reserve_credit, ORDER_CREATED)
}

async fn refuse_credit(shop: &Shop) -> Work {
    order_of(shop, LIMIT + 1).await;
    let body = shop.take("customer--order-created").await;
    consumer!(body, customers_service, reserve_credit, ORDER_CREATED)
}

async fn refuse_stranger(shop: &Shop) -> Work {
    shop.order("the-order", NOBODY, 4_000).await;
    shop.publish("orders").await;
    let body = shop.take("customer--order-created").await;
    consumer!(body, customers_service, reserve_credit, ORDER_CREATED)
}

async fn release_credit(shop: &Shop) -> Work {
    cancelled(shop).await;
    let body = shop.take("customer--order-cancelled").await;
    consumer!(body, customers_service, release_credit, ORDER_CANCELLED)
}

async fn release_early(shop: &Shop) -> Work {
    let customer = shop.customer(LIMIT).await;
    let body =
        message("OrderCancelled", &json!({"order_id": order_id("the-order"), "customer_id": customer}));
    consumer!(body, customers_service, release_credit, ORDER_CANCELLED)
}

async fn settle_rejection(shop: &Shop) -> Work {
    let (customer, order) = decided(shop, 4_000).await;
    let body = message("OrderRejected", &json!({"order_id": order, "customer_id": customer}));
    consumer!(body, customers_service, settle_rejection, ORDER_REJECTED)
}

async fn give_up(shop: &Shop) -> Work {
    order_of(shop, 4_000).await;
    tokio::time::advance(std::time::Duration::from_secs(3_600)).await;
    work(|process| async move {
        let looked = orders_service(&process.ambient).give_up_overdue().await;
        // How many were left to be given up differs, and should.
        looked.map(|_| "looked".to_owned()).map_err(|error| error.to_string())
    })
}

async fn approve(shop: &Shop) -> Work {
    decided(shop, 4_000).await;
    let body = shop.take("order--customer-credit-reserved").await;
    consumer!(body, orders_service, approve, CREDIT_RESERVED)
}

async fn reject_over_limit(shop: &Shop) -> Work {
    decided(shop, LIMIT + 1).await;
    let body = shop.take("order--customer-credit-reservation-failed").await;
    consumer!(body, orders_service, reject_over_limit, CREDIT_RESERVATION_FAILED)
}

async fn reject_invalid(shop: &Shop) -> Work {
    shop.order("the-order", NOBODY, 4_000).await;
    shop.publish("orders").await;
    decide(shop).await;
    let body = shop.take("order--customer-validation-failed").await;
    consumer!(body, orders_service, reject_invalid, VALIDATION_FAILED)
}

/// Two subjects, one of which has two messages: the stream records of all three rows in one batch.
async fn relay(shop: &Shop) -> Work {
    pending(shop).await;
    let rows = items(shop, "orders-outbox").await;
    let records = rows.iter().enumerate().map(|(number, row)| {
        json!({"eventID": number.to_string(), "eventName": "INSERT", "awsRegion": "us-east-1", "dynamodb": {
            "ApproximateCreationDateTime": 1_767_225_600, "SequenceNumber": (100 + number).to_string(), "SizeBytes": 26,
            "StreamViewType": "KEYS_ONLY", "Keys": {"PK": {"S": row["PK"]}, "SK": {"S": row["SK"]}}}})
    });
    let event: Event = serde_json::from_value(json!({"Records": records.collect::<Vec<_>>()})).unwrap();
    work(move |process| {
        let event = event.clone();
        async move {
            let answer = lambda::handle(&relay_of(&process.ambient, "orders-outbox"), event).await;
            let failed = answer.batch_item_failures.len();
            if failed == 0 { Ok("dispatched".to_owned()) } else { Err(format!("{failed} records failed")) }
        }
    })
}

async fn sweeper(shop: &Shop) -> Work {
    pending(shop).await;
    tokio::time::advance(std::time::Duration::from_secs(600)).await;
    work(|process| async move {
        let relay = relay_of(&process.ambient, "orders-outbox");
        let swept = lambda::sweep_once(&relay, Sweep { older_than_seconds: 300 }).await;
        // How many subjects were left to be woken differs, and should.
        swept.map(|_| "swept".to_owned()).map_err(|error| error.to_string())
    })
}

/// A subject that was parked because its first row was damaged, and the row is mended.
async fn unpark(shop: &Shop) -> Work {
    pending(shop).await;
    let aws = shop.process(LATENCY);
    let subject = subjects().remove(0);
    let partition = partition_of(&subject);
    shop.rename_attribute(&partition, "Topic", "Mislaid").await;
    let outcomes = relay_of(&aws.ambient, "orders-outbox").wake(vec![subject.clone()]).await;
    assert!(matches!(outcomes[&subject], Ok(Outcome::Parked)), "{outcomes:?}");
    shop.rename_attribute(&partition, "Mislaid", "Topic").await;
    work(move |process| {
        let subject = subject.clone();
        async move {
            let outcome = relay_of(&process.ambient, "orders-outbox").unpark(&subject).await;
            outcome.map(|_| "unparked".to_owned()).map_err(|error| error.to_string())
        }
    })
}
