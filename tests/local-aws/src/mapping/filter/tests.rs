//! What each operator of a filter pattern lets through.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::{Filter, FilterError};

fn record() -> Value {
    json!({
        "eventName": "INSERT",
        "dynamodb": {
            "Keys": { "id": { "S": "order-1" } },
            "NewImage": { "kind": { "S": "OrderCreated" }, "tags": { "SS": ["new", "big"] }, "paid": { "BOOL": false } },
            "SizeBytes": 26,
        },
    })
}

fn matches(pattern: Value) -> bool {
    Filter::parse(&pattern.to_string()).unwrap().matches(&record())
}

#[test]
fn exact_values_any_of_a_list_and_all_of_the_members() {
    assert!(matches(json!({ "eventName": ["INSERT"] })));
    assert!(matches(json!({ "eventName": ["MODIFY", "INSERT"] })));
    assert!(!matches(json!({ "eventName": ["REMOVE"] })));
    assert!(matches(
        json!({ "eventName": ["INSERT"], "dynamodb": { "Keys": { "id": { "S": ["order-1"] } } } })
    ));
    assert!(!matches(
        json!({ "eventName": ["INSERT"], "dynamodb": { "Keys": { "id": { "S": ["order-2"] } } } })
    ));
    assert!(matches(
        json!({ "dynamodb": { "NewImage": { "paid": { "BOOL": [false] } }, "SizeBytes": [26] } })
    ));
    assert!(matches(json!({})));
}

#[test]
fn a_missing_value_matches_nothing_but_exists_false() {
    assert!(!matches(json!({ "dynamodb": { "OldImage": { "kind": { "S": ["OrderCreated"] } } } })));
    assert!(!matches(json!({ "dynamodb": { "OldImage": { "kind": { "S": [{ "anything-but": "x" }] } } } })));
    assert!(matches(json!({ "dynamodb": { "OldImage": { "kind": { "S": [{ "exists": false }] } } } })));
}

#[test]
fn exists_sees_leaves_only() {
    assert!(matches(json!({ "dynamodb": { "NewImage": { "kind": { "S": [{ "exists": true }] } } } })));
    assert!(!matches(json!({ "dynamodb": { "NewImage": { "kind": { "S": [{ "exists": false }] } } } })));
    assert!(!matches(json!({ "dynamodb": { "NewImage": { "kind": [{ "exists": true }] } } })));
}

#[test]
fn prefix_and_anything_but() {
    assert!(matches(json!({ "dynamodb": { "NewImage": { "kind": { "S": [{ "prefix": "Order" }] } } } })));
    assert!(!matches(json!({ "dynamodb": { "NewImage": { "kind": { "S": [{ "prefix": "Customer" }] } } } })));
    assert!(matches(json!({ "eventName": [{ "anything-but": ["REMOVE", "MODIFY"] }] })));
    assert!(!matches(json!({ "eventName": [{ "anything-but": "INSERT" }] })));
    assert!(!matches(json!({ "eventName": [{ "anything-but": { "prefix": "INS" } }] })));
}

#[test]
fn a_set_matches_through_any_element() {
    assert!(matches(json!({ "dynamodb": { "NewImage": { "tags": { "SS": ["big"] } } } })));
    assert!(!matches(json!({ "dynamodb": { "NewImage": { "tags": { "SS": ["small"] } } } })));
}

#[test]
fn what_is_not_simulated_is_refused() {
    let refused = |pattern: &str| Filter::parse(pattern).unwrap_err();
    assert!(matches!(refused("{"), FilterError::Json(_)));
    assert!(matches!(refused("[]"), FilterError::Shape { .. }));
    assert!(matches!(refused(r#"{ "eventName": "INSERT" }"#), FilterError::Shape { .. }));
    for nothing in [
        r#"{ "eventName": [] }"#,
        r#"{ "n": [{ "anything-but": [] }] }"#,
        r#"{ "n": [{ "anything-but": null }] }"#,
        r#"{ "n": [{ "anything-but": [{ "prefix": "x" }] }] }"#,
    ] {
        assert!(matches!(refused(nothing), FilterError::Shape { .. }), "{nothing}");
    }
    assert!(matches!(refused(r#"{ "n": [{ "numeric": ["=", 1] }] }"#), FilterError::Operator { .. }));
    assert!(matches!(refused(r#"{ "n": [{ "suffix": "x" }] }"#), FilterError::Operator { .. }));
    assert!(matches!(
        refused(r#"{ "$or": [{ "eventName": ["INSERT"] }] }"#),
        FilterError::Operator { .. } | FilterError::Shape { .. }
    ));
}
