//! Requests to the customers service.

use customers::{
    domain::{MAX_AMOUNT, Money, Name},
    http::routes,
    service::TABLE_VARIABLE,
    use_cases::Customers,
};
use http::{Method, StatusCode};
use time::macros::datetime;
use transactional_messaging::{ambient::Ambient, message::Context};
use unit_of_work::{MemoryDatabase, Table};
use uuid::Uuid;

use crate::exchange::{Answer, Sent, ask, block_on, router, settings};

/// A customer that is there already.
const ADA: Uuid = Uuid::from_u128(0xada);

pub(crate) fn target(data: &[u8]) {
    let Some(sent) = Sent::parse(data) else { return };
    block_on(judge(&sent));
}

async fn judge(sent: &Sent) {
    let (database, ambient) = (MemoryDatabase::new(), Ambient::fixed(datetime!(2026-01-01 0:00 UTC)));
    let customers = Customers::new(database.clone(), &settings(TABLE_VARIABLE), ambient.clone()).unwrap();
    let context = Context::of_request(Uuid::from_u128(1));
    let (name, limit) = (Name::new("Ada").unwrap(), Money::new(10_000).unwrap());
    customers.create(&context, ADA, name, limit).await.unwrap();
    let router = router("customers", routes(customers), ambient);

    let before = counts(&database);
    let answer = ask(&router, sent).await;
    let after = counts(&database);
    if sent.method == Method::GET && answer.status == StatusCode::OK && answer.body.get("id").is_some() {
        let path = sent.uri.path().to_ascii_lowercase();
        assert_eq!(path.trim_end_matches('/'), format!("/customer/{ADA}"), "another customer was asked for");
    }
    if sent.method != Method::POST || answer.status != StatusCode::OK {
        assert_eq!(before, after, "a request that was not a success has changed something");
        return;
    }
    assert_eq!(sent.uri.path(), "/customers");
    assert_eq!(after, (before.0 + 1, before.1 + 1), "one customer, and one message that tells of it");
    is_what_was_asked_for(&router, sent, &answer).await;
    // A repeated request: nothing new with a key, another customer without one.
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
    assert!(asked["credit_limit"].as_u64().is_some_and(|limit| limit <= MAX_AMOUNT), "{asked}");
    let path = format!("/customer/{}", answer.body["id"].as_str().unwrap());
    let look = Sent { method: Method::GET, uri: path.parse().unwrap(), ..sent.clone() };
    let stored = ask(router, &look).await.body;
    assert_eq!((&stored["name"], &stored["credit_limit"]), (&asked["name"], &asked["credit_limit"]));
    assert_eq!(stored["available_credit"], asked["credit_limit"]);
}

/// How many customers and messages there are.
fn counts(database: &MemoryDatabase) -> (usize, usize) {
    let count = |name: &str| database.items(&Table::new(name, "PK")).len();
    (count("aggregates"), count("outbox"))
}
