//! A request ends within its deadline, and one too many is refused at once.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use service_kit::{RequestLimits, service_router};
use tokio::sync::Notify;
use tokio::time::Instant;
use waiting::{Deadline, in_time};

use crate::support::{Logs, always_ready, ask, get_request, options};

fn router(routes: Router, limits: RequestLimits) -> Router {
    let mut options = options(always_ready());
    options.limits = limits;
    service_router(routes, options)
}

#[tokio::test(start_paused = true)]
async fn a_request_is_answered_within_its_deadline_whatever_it_waits_for() {
    let (logs, _guard) = Logs::capture(None);
    let begun = Instant::now();
    let limits = RequestLimits::default();
    let service = router(Router::new().route("/never", get(pending::<()>)), limits);
    let answer = ask(service, get_request("/never")).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(answer.json()["error"], "TEMPORARILY_UNAVAILABLE_ERROR");
    assert!(begun.elapsed() <= limits.deadline);
    let lines = logs.lines();
    assert!(lines.iter().all(|line| line["correlation_id"].is_string()), "{}", logs.text());
    assert!(lines.iter().any(|line| line["event"] == "request_not_served"), "{}", logs.text());
}

#[tokio::test(start_paused = true)]
async fn the_work_below_ends_before_the_answer_is_due_and_says_what_became_of_it() {
    let work = async || match in_time(pending::<()>()).await {
        Ok(()) => "done",
        Err(_) => "was late",
    };
    let answer =
        ask(router(Router::new().route("/work", get(work)), RequestLimits::default()), get_request("/work"));
    assert_eq!(answer.await.body, "was late");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_request_is_known_to_its_handler() {
    let left = async || format!("{:?}", Deadline::current().map(Deadline::left));
    let answer =
        ask(router(Router::new().route("/left", get(left)), RequestLimits::default()), get_request("/left"));
    assert_eq!(answer.await.body, "Some(9.5s)");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_finds_too_many_others_is_refused_at_once_and_health_is_not() {
    let (logs, _guard) = Logs::capture(None);
    let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begun, released) = (entered.clone(), release.clone());
    let slow = async move || {
        begun.notify_one();
        released.notified().await;
    };
    let limits = RequestLimits { concurrent: 1, ..RequestLimits::default() };
    let service = router(Router::new().route("/slow", get(slow)), limits);
    let first = tokio::spawn(ask(service.clone(), get_request("/slow")));
    entered.notified().await;
    let begun = Instant::now();
    let shed = ask(service.clone(), get_request("/slow")).await;
    assert_eq!((shed.status.as_u16(), begun.elapsed()), (503, Duration::ZERO));
    assert_eq!(shed.headers["retry-after"], "1");
    assert!(logs.lines().iter().any(|line| line["event"] == "request_shed"));
    assert_eq!(ask(service.clone(), get_request("/orders/health")).await.status, 200);
    release.notify_one();
    assert_eq!(first.await.unwrap().status, 200);
    release.notify_one();
    assert_eq!(ask(service, get_request("/slow")).await.status, 200);
}

#[tokio::test]
async fn no_answer_is_kept_by_a_cache_or_taken_for_something_else() {
    let service = router(Router::new().route("/quick", get(async || "quick")), RequestLimits::default());
    for path in ["/quick", "/orders/health", "/nowhere"] {
        let answer = ask(service.clone(), get_request(path)).await;
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
    }
}
