//! The page over HTTP: what it shows, what goes on, and the buttons.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use futures::{Stream, stream};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::{Instant, sleep_until};

use crate::callers::only_this_machine;
use crate::controls::Controls;
use crate::facts::Fact;
use crate::hub::Hub;
use crate::wiring::Aws;

/// How often a page hears how things stand.
const PULSE: Duration = Duration::from_millis(500);

/// How often the dead-letter queues are counted: of an AWS of one's own, and of one that sends bills.
const COUNTED: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// Nothing comes from elsewhere, and no other page shows this one.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Files of the page: name, type, content.
const FILES: [(&str, &str, &str); 8] = [
    ("page.css", "text/css", include_str!("../assets/page.css")),
    ("page.mjs", "text/javascript", include_str!("../assets/page.mjs")),
    ("state.mjs", "text/javascript", include_str!("../assets/state.mjs")),
    ("map.mjs", "text/javascript", include_str!("../assets/map.mjs")),
    ("layout.mjs", "text/javascript", include_str!("../assets/layout.mjs")),
    ("talks.mjs", "text/javascript", include_str!("../assets/talks.mjs")),
    ("things.mjs", "text/javascript", include_str!("../assets/things.mjs")),
    ("svg.mjs", "text/javascript", include_str!("../assets/svg.mjs")),
];

/// What the page is about.
pub struct Page {
    /// The program's name, such as `chapter-01`.
    pub program: String,
    /// What it promises or does not, in a sentence.
    pub promise: String,
    /// What was seen.
    pub hub: Arc<Hub>,
    /// What people may do; nothing on an AWS that is not this process's own.
    pub controls: Option<Arc<dyn Controls>>,
    aws: Aws,
    /// What lies in dead-letter queues, and when that was asked.
    dead: Mutex<Option<(Instant, BTreeMap<String, u64>)>>,
}

impl Page {
    /// A page that looks at this AWS.
    pub fn new(
        (program, promise): (&str, &str),
        aws: &aws_types::SdkConfig,
        hub: Arc<Hub>,
        controls: Option<Arc<dyn Controls>>,
    ) -> Self {
        Self {
            program: program.to_owned(),
            promise: promise.to_owned(),
            hub,
            controls,
            aws: Aws::new(aws),
            dead: Mutex::new(None),
        }
    }

    /// Its routes: `/`, `/page/…`, `/events`, `/state.json`, `/table/…` and `POST /do/…`. Only this machine
    /// may call them.
    pub fn router(self) -> Router {
        Router::new()
            .route("/", get(async || file("text/html", include_str!("../assets/index.html"))))
            .route("/page/{name}", get(asset))
            .route("/events", get(events))
            .route("/state.json", get(state))
            .route("/table/{name}", get(table))
            .route("/do/{*button}", post(press))
            .layer(middleware::from_fn(only_this_machine))
            .with_state(Arc::new(self))
    }

    async fn dead(&self) -> BTreeMap<String, u64> {
        let often = if self.controls.is_some() { COUNTED.0 } else { COUNTED.1 };
        let mut known = self.dead.lock().await;
        match &*known {
            Some((at, dead)) if at.elapsed() < often => dead.clone(),
            _ => {
                let wiring = self.aws.wiring().await.unwrap_or_default();
                let dead = self.aws.dead(&wiring).await;
                *known = Some((Instant::now(), dead.clone()));
                dead
            }
        }
    }

    async fn standing(&self) -> Value {
        let dead = self.dead().await;
        let parts = self.controls.as_ref().map(|controls| controls.parts()).unwrap_or_default();
        let (invariants, resting) = (self.hub.invariants(&dead), self.hub.resting());
        json!({ "invariants": invariants, "parts": parts, "resting": resting, "dead": dead })
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").field("program", &self.program).finish_non_exhaustive()
    }
}

fn file(kind: &str, content: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, format!("{kind}; charset=utf-8")),
        (CACHE_CONTROL, "no-cache".to_owned()),
        (CONTENT_SECURITY_POLICY, POLICY.to_owned()),
    ];
    (headers, content).into_response()
}

async fn asset(Path(name): Path<String>) -> Response {
    let found = FILES.iter().find(|(known, ..)| *known == name);
    found.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |(_, kind, content)| file(kind, content))
}

async fn state(State(page): State<Arc<Page>>) -> Response {
    let wiring = match page.aws.wiring().await {
        Ok(wiring) => wiring,
        Err(error) => return failed(&format!("AWS does not say what there is: {error}")),
    };
    Json(json!({
        "program": page.program,
        "promise": page.promise,
        "wiring": wiring,
        "buttons": page.controls.as_ref().map(|controls| controls.buttons()),
        "seen": page.hub.everything(),
        "standing": page.standing().await,
    }))
    .into_response()
}

async fn table(State(page): State<Arc<Page>>, Path(name): Path<String>) -> Response {
    match page.aws.items(&name).await {
        Ok(items) => Json(items).into_response(),
        Err(error) => failed(&format!("the table {name} cannot be read: {error}")),
    }
}

async fn press(State(page): State<Arc<Page>>, Path(button): Path<String>) -> Response {
    let Some(controls) = page.controls.clone() else {
        let text = "this AWS is not the page's own: it only looks";
        return (StatusCode::FORBIDDEN, Json(json!({ "error": text }))).into_response();
    };
    // A task of its own: who closes the page leaves nothing half done.
    let pressed = tokio::spawn(async move { controls.press(&button).await }).await;
    match pressed {
        Ok(Ok(done)) => Json(json!({ "done": done })).into_response(),
        Ok(Err(error)) => (StatusCode::CONFLICT, Json(json!({ "error": error }))).into_response(),
        Err(error) => failed(&format!("the button broke: {error}")),
    }
}

fn failed(text: &str) -> Response {
    (StatusCode::BAD_GATEWAY, Json(json!({ "error": text }))).into_response()
}

/// One page that listens.
struct Listener {
    page: Arc<Page>,
    waiting: VecDeque<Arc<Fact>>,
    facts: Option<Receiver<Arc<Fact>>>,
    pulse: Instant,
    last: Value,
}

/// What comes after `?after=`, or after what the browser saw last when it connects again.
async fn events(State(page): State<Arc<Page>>, headers: HeaderMap, uri: Uri) -> impl IntoResponse {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let asked = || uri.query().and_then(|query| query.strip_prefix("after=")?.parse().ok());
    let seen = last.or_else(asked);
    let after = page.hub.after(seen.unwrap_or(0));
    let (waiting, facts) = after.map_or((VecDeque::new(), None), |(rest, facts)| (rest.into(), Some(facts)));
    let listener = Listener { page, waiting, facts, pulse: Instant::now(), last: Value::Null };
    Sse::new(listener.stream()).keep_alive(KeepAlive::default())
}

impl Listener {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut listener| async move {
            let event = listener.next().await?;
            Some((Ok(event), listener))
        })
    }

    /// None once the page has been told to load everything anew.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(fact) = self.waiting.pop_front() {
                let event = Event::default().event("fact").id(fact.seq.to_string());
                return event.json_data(&*fact).ok();
            }
            let Some(facts) = &mut self.facts else { return self.reload() };
            tokio::select! {
                fact = facts.recv() => match fact {
                    Ok(fact) => self.waiting.push_back(fact),
                    Err(RecvError::Lagged(_)) => self.facts = None,
                    Err(RecvError::Closed) => return None,
                },
                () = sleep_until(self.pulse) => {
                    self.pulse = Instant::now() + PULSE;
                    let standing = self.page.standing().await;
                    if standing != self.last {
                        self.last.clone_from(&standing);
                        return Event::default().event("standing").json_data(standing).ok();
                    }
                }
            }
        }
    }

    /// Says so once, and ends.
    fn reload(&mut self) -> Option<Event> {
        let told = std::mem::replace(&mut self.last, Value::Bool(true)) == Value::Bool(true);
        (!told).then(|| Event::default().event("reload").data("too much was missed"))
    }
}
