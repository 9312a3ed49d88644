//! The OpenAPI document says what the service enforces and answers. That the service does what it says is
//! asked by scripts/check-openapi.

use std::collections::BTreeSet;

use orders::{domain::MAX_TOTAL, http};
use serde_json::{Value, json};

fn document() -> Value {
    serde_json::to_value(http::document()).unwrap()
}

#[test]
fn an_order_has_the_limits_the_states_and_the_reasons_of_the_domain() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let total = &schemas["CreateOrder"]["properties"]["order_total"];
    assert_eq!((&total["minimum"], &total["maximum"]), (&json!(0), &json!(MAX_TOTAL)));
    let order = &schemas["OrderBody"];
    assert_eq!(order["properties"]["state"]["enum"], json!(["APPROVED", "CANCELLED", "PENDING", "REJECTED"]));
    let reasons = &order["properties"]["rejection_reason"]["enum"];
    assert_eq!(reasons, &json!(["CREDIT_LIMIT_EXCEEDED", "CUSTOMER_NOT_FOUND", "TIMEOUT"]));
    assert!(
        !order["required"].as_array().unwrap().contains(&json!("rejection_reason")),
        "only rejected ones have it"
    );
    assert_eq!(order["properties"]["created_at"]["format"], "date-time");
}

#[test]
fn every_answer_that_a_request_can_get_is_described() {
    let document = document();
    let statuses = |path: &str, method: &str| {
        let responses = document["paths"][path][method]["responses"].as_object().unwrap();
        responses.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(statuses("/orders", "post"), "200 400 401 403 405 410 413 415 422 500 503");
    assert_eq!(statuses("/order/{id}", "get"), "200 400 401 403 404 405 500 503");
    assert_eq!(statuses("/order/{id}/cancel", "post"), "200 400 401 403 404 405 409 500 503");
}

/// Clients that are generated from both documents have one name for each operation.
#[test]
fn operation_ids_are_unique_and_say_whose_they_are() {
    let document = document();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|item| item.as_object().unwrap().values());
    let ids = operations.map(|operation| operation["operationId"].as_str().unwrap()).collect::<BTreeSet<_>>();
    assert_eq!(
        ids,
        BTreeSet::from(["cancelOrder", "createOrder", "ordersHealth", "ordersReady", "readOrder"])
    );
}
