//! Requests to the orders service.

use orders::{
    domain::{MAX_TOTAL, Total},
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

/// An order that is there already, and pending: it cannot be cancelled.
const PENDING: Uuid = Uuid::from_u128(0x0d);

pub(crate) fn target(data: &[u8]) {
    let Some(sent) = Sent::parse(data) else { return };
    block_on(async { served().await.judge(&sent).await });
}

async fn served() -> Served {
    let (database, ambient) = (MemoryDatabase::new(), Ambient::fixed(datetime!(2026-01-01 0:00 UTC)));
    let orders = use_cases(database.clone(), &settings(TABLE_VARIABLE), ambient.clone()).unwrap();
    let context = Context::of_request(Uuid::from_u128(1));
    orders.create(&context, PENDING, Uuid::from_u128(2), Total::new(5).unwrap()).await.unwrap();
    Served {
        router: router("orders", routes(orders), ambient),
        database,
        collection: "/orders",
        item: "/order",
        there: PENDING,
        // One tells of the order, one of when its time is up.
        messages: 1,
        compare,
    }
}

fn compare(asked: &Value, stored: &Value) {
    // 5.0 is the whole number 5. Below 2^53 both are exact as a float.
    let total = asked["order_total"].as_f64();
    assert!(total.is_some_and(|total| total.fract() == 0.0 && total <= MAX_TOTAL as f64), "{asked}");
    let customer = asked["customer_id"].as_str().unwrap().to_ascii_lowercase();
    assert_eq!((stored["customer_id"].as_str(), stored["order_total"].as_f64()), (Some(&*customer), total));
    assert_eq!(stored["state"], "PENDING");
}
