//! What the fleets are put to: orders that come to their end, and orders that are on every part of their way.

use anyhow::ensure;
use e2e::{answer::Request, eventually::eventually};
use reqwest::{Client, Method};
use serde_json::json;
use uuid::Uuid;

use crate::{fleet::Fleet, item::text, world::waiting};

/// The customer's credit limit.
const LIMIT: u64 = 100_000;
/// The total of an order that is within it.
const SMALL: u64 = 10_000;
/// The trace of a request that belongs to one.
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A customer and an order of theirs that was approved.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    customer: Uuid,
    approved: Uuid,
}

/// Orders of every end: approved, over the limit, of nobody, and cancelled. Half of the requests belong to a
/// trace. Returns when nothing goes on any more.
///
/// # Errors
///
/// When they do not come to their ends.
pub async fn finished(fleet: &Fleet) -> anyhow::Result<Begun> {
    let http = Client::new();
    let customer = create(fleet, &http, LIMIT).await?;
    let nobody = Uuid::from_u128(7);
    let mut orders = Vec::new();
    for (number, (whose, total)) in
        [(customer, SMALL), (customer, 5 * LIMIT), (nobody, SMALL), (customer, SMALL)].into_iter().enumerate()
    {
        orders.push(place(fleet, &http, (whose, total), number % 2 == 1).await?);
    }
    at_rest(fleet).await?;
    cancel(fleet, &http, orders[3]).await?;
    at_rest(fleet).await?;
    Ok(Begun { customer, approved: orders[0] })
}

/// Orders on every part of their way, and then the end of every program: an answer that waits in an outbox, a
/// message in a queue, messages that wait in the other outbox, and leases that nobody has given up.
///
/// # Errors
///
/// When they do not get there.
pub async fn in_between(fleet: &mut Fleet, begun: Begun) -> anyhow::Result<()> {
    let http = Client::new();
    let order = (begun.customer, SMALL);
    fleet.part("relay-of-customers")?.kill();
    place(fleet, &http, order, true).await?;
    eventually(|| has_waiting(fleet, "customers-outbox", 1)).await?;
    fleet.part("customers")?.terminate().await?;
    place(fleet, &http, order, false).await?;
    eventually(|| async {
        let queues = fleet.world.queues().await?;
        ensure!(queues.values().sum::<usize>() == 1, "{queues:?}");
        Ok(())
    })
    .await?;
    eventually(|| has_waiting(fleet, "orders-outbox", 0)).await?;
    fleet.part("relay-of-orders")?.kill();
    place(fleet, &http, order, true).await?;
    cancel(fleet, &http, begun.approved).await?;
    has_waiting(fleet, "orders-outbox", 2).await?;
    fleet.part("orders")?.terminate().await
}

/// Waits until nothing goes on any more and everything is right.
///
/// # Errors
///
/// What is still unfinished in the end.
pub async fn at_rest(fleet: &Fleet) -> anyhow::Result<()> {
    eventually(|| async {
        let unfinished = fleet.world.unfinished().await?;
        ensure!(unfinished.is_empty(), "{}", unfinished.join("; "));
        Ok(())
    })
    .await
}

async fn has_waiting(fleet: &Fleet, table: &str, count: usize) -> anyhow::Result<()> {
    let tables = fleet.world.tables().await?;
    let kinds: Vec<_> =
        waiting(&tables).filter(|(name, _)| *name == table).map(|(_, row)| text(row, "Kind")).collect();
    ensure!(kinds.len() == count, "in {table} wait {kinds:?}");
    Ok(())
}

async fn create(fleet: &Fleet, http: &Client, limit: u64) -> anyhow::Result<Uuid> {
    let body = json!({ "name": "Ada Lovelace", "credit_limit": limit }).to_string();
    let request = Request::new(Method::POST, "/customers").with_body(body, Some("application/json"));
    request.send(http, fleet.url("customers")?).await?.id()
}

async fn place(
    fleet: &Fleet,
    http: &Client,
    (customer, total): (Uuid, u64),
    traced: bool,
) -> anyhow::Result<Uuid> {
    let body = json!({ "customer_id": customer, "order_total": total }).to_string();
    let mut request = Request::new(Method::POST, "/orders").with_body(body, Some("application/json"));
    if traced {
        request.headers.push(("traceparent", TRACE.to_owned()));
    }
    request.send(http, fleet.url("orders")?).await?.id()
}

async fn cancel(fleet: &Fleet, http: &Client, order: Uuid) -> anyhow::Result<()> {
    let request = Request::new(Method::POST, format!("/order/{order}/cancel"));
    let answer = request.send(http, fleet.url("orders")?).await?;
    ensure!(answer.status == 200, "the order is not cancelled: {} {}", answer.status, answer.body);
    Ok(())
}
