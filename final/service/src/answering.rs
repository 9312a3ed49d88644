//! The HTTP side of a service, and what it means that it is ready.

use std::{future::ready, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::Router;
use futures::future::FutureExt as _;
use service_kit::{Readiness, RequestLimits, ServiceOptions, serve, service_router};
use tokio::net::TcpListener;
use transactional_messaging::{
    consumer::ConsumerHealth,
    provision::{ServiceResources, is_readable},
};
use unit_of_work::{DynamoDb, Table};

use crate::{
    GRACE, Service,
    running::{Running, say_started},
};

/// How long one check of readiness may take; a load balancer waits for five seconds unless it is told
/// otherwise.
const READY_WITHIN: Duration = Duration::from_secs(2);

impl<S: Clone + Send + Sync + 'static> Service<S> {
    /// The same with these routes on this listener, behind what is the same in all services
    /// ([`service_router`](service_kit::service_router)).
    #[must_use]
    pub fn answering(self, listener: TcpListener, routes: Router) -> Self {
        self.behind(Box::new(|running| answer(listener, routes, running).boxed()))
    }
}

async fn answer(listener: TcpListener, routes: Router, running: Running) -> anyhow::Result<()> {
    let Running { name, release, database, needed, consumers, ambient, stop } = running;
    let options = ServiceOptions {
        service: name,
        new_id: Arc::new(move || ambient.id()),
        readiness: readiness(name, &database, &needed, consumers).of_release(release),
        limits: RequestLimits::default(),
    };
    say_started(name, Some(listener.local_addr()?), &stop);
    let served = serve(listener, service_router(routes, options), stop, GRACE).await;
    served.context("the http server failed")
}

/// Ready means that the service's table, its index and its inbox can be read, and its queues be received
/// from. The outbox is not asked: a service may only add to it.
fn readiness(
    name: &str,
    database: &DynamoDb,
    needed: &ServiceResources,
    consumers: ConsumerHealth,
) -> Readiness {
    let mut readiness = Readiness::within(READY_WITHIN);
    let table = |readiness: Readiness, check: String, table: &String| {
        let (database, table) = (database.clone(), table.clone());
        readiness.check(check, move || {
            let (database, table) = (database.clone(), table.clone());
            async move { is_readable(&database, &table).await }
        })
    };
    if let Some(own) = &needed.aggregate_table {
        readiness = table(readiness, format!("{name}-table"), own);
    }
    if let (Some(index), Some(own)) = (needed.aggregate_index, &needed.aggregate_table) {
        let (database, own) = (database.clone(), Table::new(own, "PK"));
        readiness = readiness.check(in_kebab_case(index.name), move || {
            let (database, own) = (database.clone(), own.clone());
            async move { index.check(&database, &own).await }
        });
    }
    if let Some(inbox) = &needed.inbox_table {
        readiness = table(readiness, "inbox-table".to_owned(), inbox);
    }
    readiness.check("consumers", move || ready(consumers.check()))
}

/// `pending-index` for `PendingIndex`.
fn in_kebab_case(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_called_as_a_check_is() {
        assert_eq!(in_kebab_case("PendingIndex"), "pending-index");
    }
}
