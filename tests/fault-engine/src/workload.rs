//! The workload: one client, one customer, five orders. Small, and the same in every run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_fault_lab::parts::Session;
use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::facts::{LIMIT, ORDERS};
use crate::ledger::Answer;

/// The customer that does not exist.
const NOBODY: &str = "00000000-0000-4000-8000-00000000dead";

/// The client and what it remembers.
pub(crate) struct Client {
    pub(crate) session: Session,
    pub(crate) component: Arc<str>,
    router: Box<dyn Fn() -> Router + Send>,
    current: Option<Router>,
    pub(crate) customer: Option<Answer>,
    pub(crate) orders: BTreeMap<char, Answer>,
    pub(crate) cancelled: Option<Answer>,
    /// How long answers may take, if that is promised.
    pub(crate) answers_within: Option<Duration>,
    /// Which answers took longer, and how long.
    pub(crate) late: BTreeMap<String, Duration>,
}

impl Client {
    pub(crate) fn new(
        session: Session,
        component: Arc<str>,
        router: Box<dyn Fn() -> Router + Send>,
        answers_within: Option<Duration>,
    ) -> Self {
        Self {
            session,
            component,
            router,
            current: None,
            customer: None,
            orders: BTreeMap::new(),
            cancelled: None,
            answers_within,
            late: BTreeMap::new(),
        }
    }

    /// The first steps: nothing else goes on meanwhile.
    pub(crate) async fn create_customer(&mut self) {
        let body = json!({ "name": "Ada", "credit_limit": LIMIT });
        self.customer = Some(self.post("/customers", body).await);
    }

    /// Two orders of one customer at the same moment, one over the limit, one of nobody.
    pub(crate) async fn place_orders(&mut self) {
        let customer = self.customer.as_ref().and_then(Answer::id).map(str::to_owned);
        if let Some(customer) = &customer {
            let router = self.current();
            let (session, component) = (self.session.clone(), self.component.clone());
            let place = |label| {
                let request = request(Method::POST, "/orders", Some(order(label, customer)));
                ask(session.clone(), component.clone(), router.clone(), request)
            };
            let asked = self.session.now();
            let (a, b) = futures::future::join(place('A'), place('B')).await;
            self.note_lateness("one of two POST /orders", asked);
            self.after_crash(&a).after_crash(&b);
            self.orders.extend([('A', a), ('B', b)]);
            let c = self.post("/orders", order('C', customer)).await;
            self.orders.insert('C', c);
        }
        let d = self.post("/orders", order('D', NOBODY)).await;
        self.orders.insert('D', d);
    }

    /// Cancels order A, if its id is known.
    pub(crate) async fn cancel(&mut self) {
        if let Some(id) = self.orders.get(&'A').and_then(Answer::id).map(str::to_owned) {
            self.cancelled = Some(self.post(&format!("/order/{id}/cancel"), json!({})).await);
        }
    }

    /// One more order.
    pub(crate) async fn order_again(&mut self) {
        if let Some(customer) = self.customer.as_ref().and_then(Answer::id).map(str::to_owned) {
            let e = self.post("/orders", order('E', &customer)).await;
            self.orders.insert('E', e);
        }
    }

    async fn post(&mut self, path: &str, body: Value) -> Answer {
        let request = request(Method::POST, path, Some(body));
        let asked = self.session.now();
        let answer = ask(self.session.clone(), self.component.clone(), self.current(), request).await;
        self.note_lateness(&format!("POST {path}"), asked);
        self.after_crash(&answer);
        answer
    }

    fn note_lateness(&mut self, request: &str, asked: Duration) {
        let took = self.session.now() - asked;
        if self.answers_within.is_some_and(|most| took > most) {
            self.late.insert(request.to_owned(), took);
        }
    }

    fn current(&mut self) -> Router {
        self.current.get_or_insert_with(&self.router).clone()
    }

    fn after_crash(&mut self, answer: &Answer) -> &mut Self {
        if *answer == Answer::None {
            self.current = None;
        }
        self
    }
}

fn order(label: char, customer: &str) -> Value {
    let total = ORDERS.iter().find(|(name, _)| *name == label).map(|(_, total)| *total);
    json!({ "customer_id": customer, "order_total": total })
}

pub(crate) fn request(method: Method, path: &str, body: Option<Value>) -> Request<Body> {
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let mut request = Request::new(body);
    *request.method_mut() = method;
    // Paths are made of literals and ids only.
    *request.uri_mut() = path.parse().unwrap_or_default();
    request.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    request
}

/// One request through the router, without a socket. When the component crashes there is no answer.
async fn ask(session: Session, component: Arc<str>, router: Router, request: Request<Body>) -> Answer {
    let crash = session.crash_signal(&component);
    let answered = async {
        let Ok(response) = router.oneshot(request).await;
        let status = response.status();
        let body = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        match status.is_success() {
            true => Answer::Done(serde_json::from_slice(&body).unwrap_or_default()),
            false => Answer::Failed(status.as_u16()),
        }
    };
    tokio::select! {
        biased;
        () = crash.notified() => Answer::None,
        answer = answered => answer,
    }
}
