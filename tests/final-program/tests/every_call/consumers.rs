//! Consumers: a message comes again until it was handled, and once more.

use customers::messages::{ORDER_CANCELLED, ORDER_CREATED};
use final_program::{customers_service, orders_service};
use orders::messages::CREDIT_RESERVED;
use serde_json::{Value, json};
use transactional_messaging::{
    consumer::Delivery,
    message::{Sequence, Subject},
};
use uuid::Uuid;

use crate::{
    http::{judge_order, order_of, reserve},
    trial::{Job, Part},
    world::{LIMIT, World, message, same},
};

pub(crate) const RESERVE: Part = Part {
    name: "reserve credit",
    calls: 2,
    prepare: |world, seed| Box::pin(reserve_credit(world, seed, false)),
};
pub(crate) const REFUSE: Part = Part {
    name: "refuse credit",
    calls: 2,
    prepare: |world, seed| Box::pin(reserve_credit(world, seed, true)),
};
pub(crate) const RELEASE: Part =
    Part { name: "release credit", calls: 3, prepare: |world, seed| Box::pin(release_credit(world, seed)) };
pub(crate) const APPROVE: Part =
    Part { name: "approve", calls: 2, prepare: |world, seed| Box::pin(approve(world, seed)) };

/// A consumer's handler in a new process, given the body of a message.
macro_rules! handler {
    ($body:expr, $service:ident, $method:ident, $queue:ident) => {{
        let body: String = $body;
        move |process| {
            let delivery = Delivery::parse($queue, &body);
            async move {
                let delivery = delivery.map_err(|error| error.to_string())?;
                let handled = $service(&process).$method(delivery).await;
                handled.map(drop).map_err(|error| format!("{error:?}"))
            }
        }
    }};
}

pub(crate) use handler;

fn order(seed: u64) -> Uuid {
    Uuid::from_u64_pair(2, seed)
}

async fn reserve_credit(world: &World, seed: u64, is_over_limit: bool) -> Job {
    let total = if is_over_limit { LIMIT + 1 } else { 1 + seed % 1_000 };
    let data = json!({"order_id": order(seed), "customer_id": world.customer, "order_total": total});
    let work =
        handler!(message("OrderCreated", seed, &data), customers_service, reserve_credit, ORDER_CREATED);
    Job::new(work, move |world: &World| {
        Box::pin(async move {
            if is_over_limit {
                return judge(world, seed, "REFUSED").await;
            }
            world.expect(|reserved| reserved + total);
            judge(world, seed, "RESERVED").await
        })
    })
}

/// The customers service has decided so about the order, has told of it once, and its books are right.
pub(crate) async fn judge(world: &World, seed: u64, decision: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let customer = world.item("customers", format!("CUSTOMER#{}", world.customer)).await;
    let number = |name: &str| customer.get(name).and_then(Value::as_u64).unwrap_or_default();
    let books = (number("CreditReserved"), number("Version"));
    same(&mut wrong, "the books (reserved, version)", books, world.books.get());
    // Wrong books are one finding, and not one of every run that follows.
    world.books.set(books);
    let key = format!("CUSTOMER#{}#ORDER#{}", world.customer, order(seed));
    let decided = world.item("customers", key).await;
    same(&mut wrong, "the decision", decided.get("Decision"), Some(&json!(decision)));
    let whole = Subject::aggregate("customer", world.customer);
    // A change of the customer has a row of its version; a refusal changes nothing, and has a subject of its
    // own.
    let (row, kind) = match decision {
        "RESERVED" => {
            let row = world.row("customers", &whole, Sequence::of(books.1, 0)).await;
            (row, Some(json!("CustomerCreditReserved")))
        }
        "REFUSED" => {
            let row = world.row("customers", &whole.about("order", order(seed)), Sequence::single()).await;
            (row, Some(json!("CustomerCreditReservationFailed")))
        }
        _ => (world.row("customers", &whole, Sequence::of(books.1, 0)).await, None),
    };
    same(&mut wrong, "the message", row.get("Kind"), kind.as_ref());
    let about =
        row.get("Message").and_then(Value::as_str).map(|text| text.contains(&order(seed).to_string()));
    same(&mut wrong, "that it is about the order", about, kind.map(|_| true));
    wrong
}

async fn release_credit(world: &World, seed: u64) -> Job {
    let total = 1 + seed % 1_000;
    reserve(world, order(seed), seed, total).await;
    let data = json!({"order_id": order(seed), "customer_id": world.customer});
    let body = message("OrderCancelled", u64::MAX - seed, &data);
    let work = handler!(body, customers_service, release_credit, ORDER_CANCELLED);
    Job::new(work, move |world: &World| {
        Box::pin(async move {
            world.expect(|reserved| reserved - total);
            judge(world, seed, "RELEASED").await
        })
    })
}

async fn approve(world: &World, seed: u64) -> Job {
    let id = order_of(world, &format!("order-{seed}"), 7).await;
    let body = message("CustomerCreditReserved", seed, &json!({"order_id": id}));
    let work = handler!(body, orders_service, approve, CREDIT_RESERVED);
    let kinds = &["OrderCreated", "OrderApproved"];
    Job::new(work, move |world: &World| {
        Box::pin(async move { judge_order(world, id, "APPROVED", kinds).await })
    })
}
