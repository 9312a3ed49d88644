//! Liveness that depends on nothing, and readiness that names what is missing.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::time::Duration;

use axum::Router;
use serde_json::json;
use service_kit::{Readiness, service_router};
use tokio::time::Instant;

use crate::support::{Answer, Logs, always_ready, ask, get_request, options};

async fn ask_with(readiness: Readiness, path: &str) -> Answer {
    ask(service_router(Router::new(), options(readiness)), get_request(path)).await
}

fn broken() -> Readiness {
    always_ready().check("orders-table", async || Err(io::Error::other("no such table")))
}

#[tokio::test]
async fn health_is_ok_whatever_the_checks_say() {
    for path in ["/orders/health", "/orders/health/"] {
        let answer = ask_with(broken(), path).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "status": "ok" })));
    }
}

#[tokio::test]
async fn ready_without_a_failing_check_is_ok() {
    for path in ["/orders/ready", "/orders/ready/"] {
        let answer = ask_with(always_ready().check("fine", async || Ok::<_, Infallible>(())), path).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "status": "ok" })));
    }
}

#[tokio::test]
async fn health_tells_which_release_answers_so_that_new_tasks_are_told_from_old_ones() {
    for path in ["/orders/health", "/orders/ready"] {
        let readiness = always_ready().of_release(Some("3b3d51c0ffee".to_owned()));
        let answer = ask_with(readiness, path).await;
        assert_eq!(answer.json(), json!({ "status": "ok", "version": "3b3d51c0ffee" }));
    }
}

#[tokio::test(start_paused = true)]
async fn ready_names_the_checks_that_fail_or_hang_and_waits_for_them_together() {
    let (logs, _guard) = Logs::capture(None);
    let started = Instant::now();
    let readiness = Readiness::within(Duration::from_secs(2))
        .check("orders-table", async || Err(io::Error::other("no such table")))
        .check("outbox-table", async || Ok::<_, Infallible>(()))
        .check("queue", pending::<Result<(), Infallible>>)
        .check("topic", pending::<Result<(), Infallible>>);
    let answer = ask_with(readiness, "/orders/ready").await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.json(),
        json!({ "status": "unavailable", "failing": ["orders-table", "queue", "topic"] })
    );
    assert_eq!(started.elapsed().as_secs(), 2, "two hanging checks take the time of one");

    let warnings: Vec<_> = logs.lines().into_iter().filter(|line| line["level"] == "warn").collect();
    assert_eq!(warnings.len(), 3);
    assert!(warnings.iter().any(|line| line["check"] == "orders-table" && line["error"] == "no such table"));
}

#[tokio::test]
async fn only_the_checks_that_pass_stay_out_of_the_access_log() {
    let (logs, _guard) = Logs::capture(None);
    ask_with(always_ready(), "/orders/health").await;
    ask_with(always_ready(), "/orders/ready/").await;
    assert_eq!(logs.text(), "");
    ask_with(broken(), "/orders/ready").await;
    let logged = logs.lines().into_iter().find(|line| line["event"] == "http_request").unwrap();
    assert_eq!((logged["path"].as_str(), logged["status"].as_u64()), (Some("/orders/ready"), Some(503)));
}

#[tokio::test]
async fn a_program_can_ask_itself_and_hears_of_everything_but_200() {
    let listener = tokio::net::TcpListener::bind(("0.0.0.0", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = service_router(Router::new(), options(broken()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let asked =
        move |service| tokio::task::spawn_blocking(move || service_kit::health::ask(address, service));
    asked("orders").await.unwrap().unwrap();
    let refused = asked("customers").await.unwrap().unwrap_err().to_string();
    assert!(refused.contains("404"), "{refused}");
}
