//! Requests to the customers service.

use customers::{
    domain::{MAX_AMOUNT, Money, Name},
    http::routes,
    service::{TABLE_VARIABLE, use_cases},
};
use serde_json::Value;
use time::macros::datetime;
use transactional_messaging::{ambient::Ambient, message::Context};
use unit_of_work::MemoryDatabase;
use uuid::Uuid;

use crate::{
    exchange::{Sent, block_on, router, settings},
    service::Served,
};

/// A customer that is there already.
const ADA: Uuid = Uuid::from_u128(0xada);

pub(crate) fn target(data: &[u8]) {
    let Some(sent) = Sent::parse(data) else { return };
    block_on(async { served().await.judge(&sent).await });
}

async fn served() -> Served {
    let (database, ambient) = (MemoryDatabase::new(), Ambient::fixed(datetime!(2026-01-01 0:00 UTC)));
    let customers = use_cases(database.clone(), &settings(TABLE_VARIABLE), ambient.clone()).unwrap();
    let context = Context::of_request(Uuid::from_u128(1));
    let (name, limit) = (Name::new("Ada").unwrap(), Money::new(10_000).unwrap());
    customers.create(&context, ADA, name, limit).await.unwrap();
    Served {
        router: router("customers", routes(customers), ambient),
        database,
        collection: "/customers",
        item: "/customer",
        there: ADA,
        messages: 1,
        compare,
    }
}

fn compare(asked: &Value, stored: &Value) {
    // 5.0 is the whole number 5. Below 2^53 both are exact as a float.
    let limit = asked["credit_limit"].as_f64();
    assert!(limit.is_some_and(|limit| limit.fract() == 0.0 && limit <= MAX_AMOUNT as f64), "{asked}");
    assert_eq!((&stored["name"], stored["credit_limit"].as_f64()), (&asked["name"], limit));
    assert_eq!(stored["available_credit"], stored["credit_limit"]);
    // Left out where there is none, which null is, too.
    assert_eq!(stored.get("email").unwrap_or(&Value::Null), asked.get("email").unwrap_or(&Value::Null));
}
