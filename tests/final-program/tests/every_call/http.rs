//! HTTP writes: a client sends its request again until it is answered.

use customers::messages::ORDER_CREATED;
use final_program::{customers_service, orders_service};
use orders::messages::CREDIT_RESERVED;
use serde_json::json;
use transactional_messaging::{consumer::Delivery, message::Subject};
use uuid::Uuid;

use crate::{
    outside::{id_of, post},
    trial::{Job, Part},
    world::{World, message, same},
};

pub(crate) const CREATE_CUSTOMER: Part = Part {
    name: "http: create customer",
    calls: 1,
    prepare: |world, seed| Box::pin(create_customer(world, seed)),
};
pub(crate) const CREATE_ORDER: Part =
    Part { name: "http: create order", calls: 1, prepare: |world, seed| Box::pin(create_order(world, seed)) };
pub(crate) const CANCEL_ORDER: Part =
    Part { name: "http: cancel order", calls: 2, prepare: |world, seed| Box::pin(cancel_order(world, seed)) };

async fn create_customer(_: &World, seed: u64) -> Job {
    let key = format!("customer-{seed}");
    let id = id_of("customer", &key);
    let work = move |process| {
        let key = key.clone();
        async move {
            let body = json!({"name": "Ada", "credit_limit": 100});
            let made = post(&process, "/customers", &key, &body).await?;
            if made == id { Ok(()) } else { Err(format!("{made} was made, not {id}")) }
        }
    };
    Job::new(work, move |world: &World| {
        Box::pin(async move {
            let mut wrong = Vec::new();
            let customer = world.item("customers", format!("CUSTOMER#{id}")).await;
            same(&mut wrong, "the version", customer.get("Version"), Some(&json!(0)));
            let kinds = world.kinds("customers", &Subject::aggregate("customer", id)).await;
            same(&mut wrong, "the outbox", kinds, vec!["CustomerCreated".to_owned()]);
            wrong
        })
    })
}

/// Places an order of the world's customer.
pub(crate) async fn order_of(world: &World, key: &str, total: u64) -> Uuid {
    let body = json!({"customer_id": world.customer, "order_total": total});
    post(&world.process(), "/orders", key, &body).await.unwrap()
}

async fn create_order(world: &World, seed: u64) -> Job {
    let (key, customer) = (format!("order-{seed}"), world.customer);
    let id = id_of("order", &key);
    let work = move |process| {
        let key = key.clone();
        async move {
            let body = json!({"customer_id": customer, "order_total": 7});
            let made = post(&process, "/orders", &key, &body).await?;
            if made == id { Ok(()) } else { Err(format!("{made} was made, not {id}")) }
        }
    };
    Job::new(work, move |world: &World| {
        Box::pin(async move { judge_order(world, id, "PENDING", &["OrderCreated"]).await })
    })
}

/// An order in this state, which its outbox rows tell of, each once.
pub(crate) async fn judge_order(world: &World, id: Uuid, state: &str, kinds: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    let order = world.item("orders", format!("ORDER#{id}")).await;
    same(&mut wrong, "the state", order.get("State"), Some(&json!(state)));
    same(&mut wrong, "the version", order.get("Version"), Some(&json!(kinds.len() - 1)));
    let told = world.kinds("orders", &Subject::aggregate("order", id)).await;
    same(&mut wrong, "the outbox", told, kinds.iter().map(|kind| (*kind).to_owned()).collect());
    wrong
}

async fn cancel_order(world: &World, seed: u64) -> Job {
    let id = order_of(world, &format!("order-{seed}"), 7).await;
    let body = message("CustomerCreditReserved", seed, &json!({"order_id": id}));
    let delivery = Delivery::parse(CREDIT_RESERVED, &body).unwrap();
    orders_service(&world.process()).approve(delivery).await.unwrap();
    let work = move |process| async move {
        let path = format!("/order/{id}/cancel");
        post(&process, &path, "unused", &json!({})).await.map(drop)
    };
    let kinds = &["OrderCreated", "OrderApproved", "OrderCancelled"];
    Job::new(work, move |world: &World| {
        Box::pin(async move { judge_order(world, id, "CANCELLED", kinds).await })
    })
}

/// Reserves credit for an order that was never placed here: the customers service need not know.
pub(crate) async fn reserve(world: &World, order: Uuid, seed: u64, total: u64) {
    let data = json!({"order_id": order, "customer_id": world.customer, "order_total": total});
    let delivery = Delivery::parse(ORDER_CREATED, &message("OrderCreated", seed, &data)).unwrap();
    customers_service(&world.process()).reserve_credit(delivery).await.unwrap();
    world.expect(|reserved| reserved + total);
}
