//! Time-outs: an order's time is over at the moment at which it is approved, and processes meet faults while
//! they do the one and the other. Whatever wins, what is stored and what subscribers hear are the same. The
//! relay is at work meanwhile, and takes the rows that would otherwise stand in the way of a second decision.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, Put, TransactWriteItem},
};
use final_program::{orders_service, relay_of};
use futures::future::LocalBoxFuture;
use orders::{domain::Total, messages::CREDIT_RESERVED};
use serde_json::{Value, json};
use transactional_messaging::{
    consumer::Delivery,
    message::{Context, Subject},
    outbox::partition_of,
};
use uuid::Uuid;

use crate::{
    trial::{Job, Part},
    world::{Process, World, message, same},
};

pub(crate) const GIVE_UP: Part = Part {
    name: "give up and approve",
    calls: 8,
    prepare: |world, seed| Box::pin(race(world, seed, |process, id| Box::pin(give_up(process, id)))),
};
/// The rejection is written whatever has become of the order since it was read.
pub(crate) const UNCONDITIONAL: Part = Part {
    name: "planted: no condition",
    calls: 8,
    prepare: |world, seed| Box::pin(race(world, seed, |process, id| Box::pin(give_up_blindly(process, id)))),
};

type GiveUp = fn(Process, Uuid) -> LocalBoxFuture<'static, Result<(), String>>;

/// The time-out and the approval of one order, both under way at once; with every other seed the time-out has
/// begun first.
async fn race(world: &World, seed: u64, give_up: GiveUp) -> Job {
    let (id, total) = (Uuid::from_u64_pair(5, seed), Total::new(7).unwrap());
    let orders = orders_service(&world.process()).with_timeout(Duration::ZERO);
    let context = Context::of_request(Uuid::from_u64_pair(6, seed));
    orders.create(&context, id, world.customer, total).await.unwrap();
    let body = message("CustomerCreditReserved", seed, &json!({"order_id": id}));
    let work = move |process: Process| {
        let delivery = Delivery::parse(CREDIT_RESERVED, &body).unwrap();
        async move {
            let approving = async {
                let approved = orders_service(&process).approve(delivery).await;
                approved.map_err(|error| format!("{error:?}"))?;
                relayed(&process, id).await
            };
            let (one, other) = if seed.is_multiple_of(2) {
                futures::join!(give_up(process.clone(), id), approving)
            } else {
                let (approved, given_up) = futures::join!(approving, give_up(process.clone(), id));
                (given_up, approved)
            };
            one.and(other)
        }
    };
    Job::new(work, move |world: &World| Box::pin(judge(world, id)))
}

/// The relay sends what is stored about the order.
async fn relayed(process: &Process, order: Uuid) -> Result<(), String> {
    let subject = Subject::aggregate("order", order);
    let results = relay_of(process, "orders-outbox").wake(vec![subject]).await;
    results.into_values().try_for_each(|result| result.map(drop)).map_err(|error| error.to_string())
}

async fn judge(world: &World, id: Uuid) -> Vec<String> {
    let mut wrong = Vec::new();
    same(&mut wrong, "that all is sent", relayed(&world.process(), id).await, Ok(()));
    let order = world.item("orders", format!("ORDER#{id}")).await;
    same(&mut wrong, "the version", order.get("Version"), Some(&json!(1)));
    let texts = world.heard().await.remove(Subject::aggregate("order", id).as_str()).unwrap_or_default();
    let mut heard = Vec::new();
    for text in texts {
        let kind = serde_json::from_str::<Value>(&text).unwrap()["type"].clone();
        // What is sent again is the same; another message of the same kind would not be.
        if !heard.contains(&(text.clone(), kind.clone())) {
            heard.push((text, kind));
        }
    }
    let kinds: Vec<_> = heard.into_iter().map(|(_, kind)| kind).collect();
    let decision = if order["State"] == "APPROVED" { "OrderApproved" } else { "OrderRejected" };
    same(&mut wrong, "what subscribers have heard", kinds, vec![json!("OrderCreated"), json!(decision)]);
    wrong
}

async fn give_up(process: Process, id: Uuid) -> Result<(), String> {
    orders_service(&process).give_up(id).await.map(drop).map_err(|error| error.to_string())
}

#[allow(clippy::disallowed_methods, reason = "it does what the real one must not")]
async fn give_up_blindly(process: Process, id: Uuid) -> Result<(), String> {
    let text = |text: String| AttributeValue::S(text);
    let dynamodb = Client::new(process.aws());
    let get = dynamodb.get_item().table_name("orders").key("PK", text(format!("ORDER#{id}")));
    let order = get.consistent_read(true).send().await.map_err(|error| error.to_string())?.item.unwrap();
    if order["State"] != text("PENDING".to_owned()) {
        return Ok(());
    }
    let mut rejected = order;
    rejected.insert("State".to_owned(), text("REJECTED".to_owned()));
    rejected.insert("Version".to_owned(), AttributeValue::N("1".to_owned()));
    let subject = partition_of(&Subject::aggregate("order", id));
    // Beside the row of the approval, which the relay may have sent and deleted.
    let row = [("PK", subject), ("SK", format!("{:020}", 102)), ("Kind", "OrderRejected".to_owned())];
    let row = row.map(|(name, value)| (name.to_owned(), text(value)));
    let put = |table: &str, item| {
        let put = Put::builder().table_name(table).set_item(Some(item)).build().unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    let write = dynamodb.transact_write_items().transact_items(put("orders", rejected));
    let write = write.transact_items(put("orders-outbox", row.into()));
    write.send().await.map(drop).map_err(|error| error.to_string())
}
