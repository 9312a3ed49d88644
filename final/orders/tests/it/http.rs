//! The answers of the HTTP interface, as the contract has them.

use axum::http::{Request, StatusCode};
use orders::domain::{MAX_TOTAL, State};
use serde_json::{Value, json};

use crate::{
    desk::{ADA, Desk, ORDER, OUTBOX},
    watched::Failure,
};

fn links(id: &str) -> Value {
    json!({"self": {"href": format!("/order/{id}")}, "cancel": {"href": format!("/order/{id}/cancel")}})
}

#[tokio::test]
async fn a_created_order_can_be_read() {
    let desk = Desk::new();
    let (status, created) =
        desk.post("/orders", &json!({"customer_id": ADA, "order_total": 12_399}), None).await;
    let id = created["id"].as_str().unwrap();
    assert_eq!((status, &created), (StatusCode::OK, &json!({"id": id, "_links": links(id)})));
    for path in [format!("/order/{id}"), format!("/order/{id}/")] {
        let expected = json!({
            "id": id, "customer_id": ADA, "state": "PENDING", "order_total": 12_399, "version": 0,
            "created_at": "2026-11-23T12:00:00+00:00", "updated_at": null, "_links": links(id),
        });
        assert_eq!(desk.get(&path).await, (StatusCode::OK, expected));
    }
}

#[tokio::test]
async fn every_state_has_its_name_and_its_links() {
    let names = [
        (State::Pending, "PENDING"),
        (State::Approved, "APPROVED"),
        (State::Rejected, "REJECTED"),
        (State::TimedOut, "REJECTED"),
        (State::Cancelled, "CANCELLED"),
    ];
    for (state, name) in names {
        let desk = Desk::with_order(state).await;
        let (_, order) = desk.get(&format!("/order/{ORDER}")).await;
        assert_eq!((&order["state"], &order["_links"]), (&json!(name), &links(&ORDER.to_string())));
        assert_eq!(order["updated_at"].is_string(), state != State::Pending);
    }
}

#[tokio::test]
async fn cancelling_answers_as_the_state_of_the_order_demands() {
    let rejected = Some("REJECTED_ORDER_CANNOT_BE_CANCELLED_ERROR");
    let answers = [
        (Some(State::Pending), StatusCode::BAD_REQUEST, Some("PENDING_ORDER_CANNOT_BE_CANCELLED_ERROR")),
        (Some(State::Approved), StatusCode::OK, None),
        (Some(State::Rejected), StatusCode::BAD_REQUEST, rejected),
        (Some(State::TimedOut), StatusCode::BAD_REQUEST, rejected),
        (Some(State::Cancelled), StatusCode::OK, None),
        (None, StatusCode::NOT_FOUND, Some("ORDER_NOT_FOUND_ERROR")),
    ];
    for (state, expected, code) in answers {
        let desk = match state {
            Some(state) => Desk::with_order(state).await,
            None => Desk::new(),
        };
        let (status, body) = desk.post(&format!("/order/{ORDER}/cancel"), &Value::Null, None).await;
        assert_eq!((status, body["error"].as_str()), (expected, code), "{state:?}");
        assert_eq!(body["_links"], links(&ORDER.to_string()));
        if code.is_none() {
            assert_eq!((&body["id"], desk.order().await.state), (&json!(ORDER), State::Cancelled));
        }
    }
}

#[tokio::test]
async fn an_unknown_order_is_not_found_with_its_links() {
    let (status, body) = Desk::new().get(&format!("/order/{ORDER}")).await;
    assert_eq!((status, &body["error"]), (StatusCode::NOT_FOUND, &json!("ORDER_NOT_FOUND_ERROR")));
    assert_eq!(body["_links"], links(&ORDER.to_string()));
}

#[tokio::test]
async fn an_id_that_is_none_is_a_bad_request() {
    let desk = Desk::new();
    let braces = format!("%7B{ORDER}%7D");
    for id in ["invalid-uuid-format", "0", &braces] {
        for answer in [
            desk.get(&format!("/order/{id}")).await,
            desk.post(&format!("/order/{id}/cancel"), &Value::Null, None).await,
        ] {
            assert_eq!(
                (answer.0, &answer.1["error"]),
                (StatusCode::BAD_REQUEST, &json!("INVALID_ID_ERROR")),
                "{id}"
            );
        }
    }
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_with_the_field_s_name_and_writes_nothing() {
    let desk = Desk::new();
    let totals = [json!(-1), json!(1.5), json!("1"), json!(null), json!(MAX_TOTAL + 1), json!(1e30)];
    let customers =
        [json!("x"), json!(7), json!(null), json!(format!("{{{ADA}}}")), json!(ADA.simple().to_string())];
    let bodies =
        totals.into_iter().map(|total| ("order_total", json!({"customer_id": ADA, "order_total": total})));
    let bodies = bodies
        .chain(customers.into_iter().map(|id| ("customer_id", json!({"customer_id": id, "order_total": 1}))));
    for (field, body) in bodies {
        let (status, answer) = desk.post("/orders", &body, None).await;
        assert_eq!(
            (status, &answer["error"]),
            (StatusCode::BAD_REQUEST, &json!("VALIDATION_ERROR")),
            "{body}"
        );
        assert!(answer["message"].as_str().unwrap().starts_with(field), "{answer}");
    }
    assert!(desk.database.commits().is_empty());
    for total in [0, MAX_TOTAL] {
        assert_eq!(
            desk.post("/orders", &json!({"customer_id": ADA, "order_total": total}), None).await.0,
            StatusCode::OK
        );
    }
}

#[tokio::test]
async fn the_event_carries_the_correlation_id_of_the_request() {
    let desk = Desk::new();
    let id = "6b1b2f6e-3c0f-4c43-8a53-0f1a2b3c4d5e";
    let request =
        Request::post("/orders").header("content-type", "application/json").header("x-correlation-id", id);
    let body = json!({"customer_id": ADA, "order_total": 1});
    desk.ask(request.body(body.to_string().into()).unwrap()).await;
    let (_, data) = desk.database.messages(OUTBOX).remove(0);
    assert_eq!(serde_json::from_str::<Value>(&data).unwrap()["correlation_id"], id);
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_503_and_what_will_not_is_500_without_its_cause() {
    let cancel = format!("/order/{ORDER}/cancel");
    for (failure, expected) in [
        (Failure::Conflict, StatusCode::SERVICE_UNAVAILABLE),
        (Failure::AnswerLost, StatusCode::SERVICE_UNAVAILABLE),
        (Failure::Refused, StatusCode::INTERNAL_SERVER_ERROR),
    ] {
        let desk = Desk::with_order(State::Approved).await;
        desk.database.fail(Some(failure));
        let (status, body) = desk.post(&cancel, &Value::Null, None).await;
        assert_eq!(status, expected, "{failure:?}");
        assert!(!body.to_string().contains("not allowed"));
    }
    for (retryable, expected) in
        [(true, StatusCode::SERVICE_UNAVAILABLE), (false, StatusCode::INTERNAL_SERVER_ERROR)]
    {
        let desk = Desk::with_order(State::Approved).await;
        desk.database.fail_reads(retryable);
        assert_eq!(desk.get(&format!("/order/{ORDER}")).await.0, expected);
        assert_eq!(desk.post(&cancel, &Value::Null, None).await.0, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_that_loses_every_race_is_409() {
    use unit_of_work::{Table, UnitOfWork, Update};
    let desk = Desk::with_order(State::Approved).await;
    for round in 0..5 {
        let memory = desk.database.memory.clone();
        desk.database.meanwhile(async move {
            let table = Table::new("orders", "PK");
            let mut work: UnitOfWork<()> = UnitOfWork::new(uuid::Uuid::from_u128(0xF00 + round));
            work.add(Update::new(&table, table.key(format!("ORDER#{ORDER}"), None)).add("Version", 1));
            work.commit(&memory).await.unwrap();
        });
    }
    let (status, body) = desk.post(&format!("/order/{ORDER}/cancel"), &Value::Null, None).await;
    assert_eq!((status, &body["error"]), (StatusCode::CONFLICT, &json!("CONCURRENT_CHANGE_ERROR")));
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing_on_any_path() {
    let desk = Desk::with_order(State::Approved).await;
    let body = json!({"customer_id": ADA, "order_total": 1});
    let (one, two) =
        (desk.post("/orders", &body, Some("k")).await, desk.post("/orders/", &body, Some("k")).await);
    assert_eq!((one.0, &one), (StatusCode::OK, &two));
    let cancel = format!("/order/{ORDER}/cancel");
    let (one, two) = (
        desk.post(&cancel, &Value::Null, None).await,
        desk.post(&format!("{cancel}/"), &Value::Null, None).await,
    );
    assert_eq!((one.0, &one), (StatusCode::OK, &two));
}
