//! What has happened before a handler gets its piece of work.

use customers::messages::ORDER_CREATED;
use final_program::{customers_service, orders_service};
use orders::messages::CREDIT_RESERVED;
use serde_json::{Value, json};
use transactional_messaging::{consumer::Delivery, message::Subject};
use uuid::Uuid;

use crate::{
    outside,
    shop::{LATENCY, Shop},
};

/// The credit limit of a customer.
pub(crate) const LIMIT: u64 = 10_000;

/// An order with two messages of which none is dispatched, and another with one.
pub(crate) async fn pending(shop: &Shop) {
    let customer = shop.customer(LIMIT).await;
    shop.publish("customers").await;
    let order = shop.order("the-order", customer, 4_000).await;
    shop.order("another-order", customer, 5_000).await;
    let body = message("CustomerCreditReserved", &json!({"order_id": order, "customer_id": customer}));
    let delivery = Delivery::parse(CREDIT_RESERVED, &body).unwrap();
    orders_service(&shop.process(LATENCY).ambient).approve(delivery).await.unwrap();
}

/// A message that came before what it follows from.
pub(crate) fn message(kind: &str, data: &Value) -> String {
    outside::message(kind, Uuid::from_u128(7), data)
}

pub(crate) fn order_id(key: &str) -> Uuid {
    outside::id_of("order", key)
}

/// The two orders; that with two messages first.
pub(crate) fn subjects() -> Vec<Subject> {
    ["the-order", "another-order"].map(|key| Subject::aggregate("order", order_id(key))).into()
}

/// A customer and an order whose creation is published.
pub(crate) async fn order_of(shop: &Shop, total: u64) -> (Uuid, Uuid) {
    let customer = shop.customer(LIMIT).await;
    let order = shop.order("the-order", customer, total).await;
    shop.publish("orders").await;
    (customer, order)
}

/// The same, and the customers service has decided.
pub(crate) async fn decided(shop: &Shop, total: u64) -> (Uuid, Uuid) {
    let ids = order_of(shop, total).await;
    decide(shop).await;
    ids
}

pub(crate) async fn decide(shop: &Shop) {
    let body = shop.take("customer--order-created").await;
    let customers = customers_service(&shop.process(LATENCY).ambient);
    customers.reserve_credit(Delivery::parse(ORDER_CREATED, &body).unwrap()).await.unwrap();
    shop.publish("customers").await;
}

pub(crate) async fn approved(shop: &Shop) -> Uuid {
    let (_, order) = decided(shop, 4_000).await;
    let body = shop.take("order--customer-credit-reserved").await;
    let delivery = Delivery::parse(CREDIT_RESERVED, &body).unwrap();
    orders_service(&shop.process(LATENCY).ambient).approve(delivery).await.unwrap();
    order
}

pub(crate) async fn cancelled(shop: &Shop) {
    let order = approved(shop).await;
    shop.process(LATENCY).post(&format!("/order/{order}/cancel"), "unused", &json!({})).await.unwrap();
    shop.publish("orders").await;
}
