//! Requests to the orders service.

use http::{Method, StatusCode};
use orders::{
    domain::{MAX_TOTAL, Total},
    http::routes,
    service::TABLE_VARIABLE,
    use_cases::Orders,
};
use time::macros::datetime;
use transactional_messaging::{ambient::Ambient, message::Context};
use unit_of_work::{MemoryDatabase, Table};
use uuid::Uuid;

use crate::exchange::{Answer, Sent, ask, block_on, router, settings};

/// An order that is there already, and pending.
const PENDING: Uuid = Uuid::from_u128(0x0d);

pub(crate) fn target(data: &[u8]) {
    let Some(sent) = Sent::parse(data) else { return };
    block_on(judge(&sent));
}

async fn judge(sent: &Sent) {
    let (database, ambient) = (MemoryDatabase::new(), Ambient::fixed(datetime!(2026-01-01 0:00 UTC)));
    let orders = Orders::new(database.clone(), &settings(TABLE_VARIABLE), ambient.clone()).unwrap();
    let context = Context::of_request(Uuid::from_u128(1));
    orders.create(&context, PENDING, Uuid::from_u128(2), Total::new(5).unwrap()).await.unwrap();
    let router = router("orders", routes(orders), ambient);

    let before = counts(&database);
    let answer = ask(&router, sent).await;
    let after = counts(&database);
    if sent.method == Method::GET && answer.status == StatusCode::OK && answer.body.get("id").is_some() {
        let path = sent.uri.path().to_ascii_lowercase();
        assert_eq!(path.trim_end_matches('/'), format!("/order/{PENDING}"), "another order was asked for");
    }
    if sent.method != Method::POST || answer.status != StatusCode::OK {
        assert_eq!(before, after, "a request that was not a success has changed something");
        return;
    }
    // A pending order cannot be cancelled, so it can only be a new one.
    assert_eq!(sent.uri.path(), "/orders");
    assert_eq!(
        after,
        (before.0 + 1, before.1 + 2),
        "one order, a message that tells of it, and one for when its time is up"
    );
    is_what_was_asked_for(&router, sent, &answer).await;
    // A repeated request: nothing new with a key, another order without one.
    let again = ask(&router, sent).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.body["id"] == answer.body["id"], sent.has_key());
    assert_eq!(counts(&database) == after, sent.has_key());
}

async fn is_what_was_asked_for(router: &axum::Router, sent: &Sent, answer: &Answer) {
    let asked = sent.json();
    if asked.is_null() {
        assert!(sent.is_json(), "what is no JSON was read");
        return;
    }
    assert!(asked.is_object(), "a body that is no object was read");
    assert!(asked["order_total"].as_u64().is_some_and(|total| total <= MAX_TOTAL), "{asked}");
    let path = format!("/order/{}", answer.body["id"].as_str().unwrap());
    let look = Sent { method: Method::GET, uri: path.parse().unwrap(), ..sent.clone() };
    let stored = ask(router, &look).await.body;
    let customer = asked["customer_id"].as_str().unwrap().to_ascii_lowercase();
    assert_eq!(
        (stored["customer_id"].as_str(), &stored["order_total"]),
        (Some(&*customer), &asked["order_total"])
    );
    assert_eq!(stored["state"], "PENDING");
}

/// How many orders and messages there are.
fn counts(database: &MemoryDatabase) -> (usize, usize) {
    let count = |name: &str| database.items(&Table::new(name, "PK")).len();
    (count("aggregates"), count("outbox"))
}
