//! What a service promises to others, as documents: its HTTP interface as OpenAPI, its messages as AsyncAPI,
//! and a page that shows both. They come from the wiring and the types, so that none can say what the code
//! does not.
//!
//! Messages change by three rules: fields that may be absent are added; what is there is never removed and
//! never gets another type; what gets another meaning gets another name. [`broken`] finds what breaks them,
//! [`missing`] what a consumer reads and nobody promises.

mod asyncapi;
mod compatible;
mod page;

use std::{collections::BTreeMap, fmt};

use axum::{
    Router,
    http::header::{CONTENT_TYPE, HeaderValue},
    routing::get,
};
use serde_json::Value;
use service_kit::{openapi::schema_of, optional_slash};
use transactional_messaging::{
    consumer::HandlerError,
    message::MessageType,
    wiring::{Description, Wiring},
};
use utoipa::{ToSchema, openapi::OpenApi};

pub use asyncapi::asyncapi;
pub use compatible::{broken, missing};

/// What one service promises: what it answers, what it sends and what it reads.
pub struct Contract {
    service: &'static str,
    source: &'static str,
    wiring: Description,
    openapi: Value,
    sends: BTreeMap<&'static str, Described>,
    reads: BTreeMap<&'static str, Value>,
    check: Box<Check>,
    unwritten: Option<serde_json::Error>,
}

type Check = dyn Fn(&str, &str) -> Result<(), HandlerError> + Send + Sync;

/// A message that is sent.
struct Described {
    topic: &'static str,
    /// The JSON schema of its data.
    data: Value,
}

impl Contract {
    /// The contract of this service, which has to be told what its messages are made of. `source` is what its
    /// messages name as theirs.
    pub fn of<S: Clone + Send + Sync + 'static>(
        service: &'static str,
        source: &'static str,
        wiring: Wiring<S>,
    ) -> Self {
        Self {
            service,
            source,
            wiring: wiring.description(),
            openapi: Value::Null,
            sends: BTreeMap::new(),
            reads: BTreeMap::new(),
            check: Box::new(move |queue, body| wiring.check(queue, body)),
            unwritten: None,
        }
    }

    /// The same with this HTTP interface.
    #[must_use]
    pub fn answers(mut self, document: &OpenApi) -> Self {
        match serde_json::to_value(document) {
            Ok(document) => self.openapi = document,
            Err(error) => self.unwritten = Some(error),
        }
        self
    }

    /// The same with this message among those that it sends.
    #[must_use]
    pub fn sends<M: MessageType + ToSchema>(mut self) -> Self {
        match schema_of::<M>() {
            Ok(data) => drop(self.sends.insert(M::TYPE, Described { topic: M::TOPIC.name(), data })),
            Err(error) => self.unwritten = Some(error),
        }
        self
    }

    /// The same with what it reads of this message.
    #[must_use]
    pub fn reads<M: MessageType + ToSchema>(mut self) -> Self {
        match schema_of::<M>() {
            Ok(data) => drop(self.reads.insert(M::TYPE, data)),
            Err(error) => self.unwritten = Some(error),
        }
        self
    }

    /// The service's name.
    pub fn service(&self) -> &'static str {
        self.service
    }

    /// Its OpenAPI document; null if it answers nothing.
    pub fn openapi(&self) -> &Value {
        &self.openapi
    }

    /// Each kind of message that it sends, with the schema of its data.
    pub fn sent(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.sends.iter().map(|(kind, message)| (*kind, &message.data))
    }

    /// Each kind of message that it consumes, with the schema of what it reads of it.
    pub fn read(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.reads.iter().map(|(kind, data)| (*kind, data))
    }

    /// Each queue that it consumes, with the kind of message that it carries.
    pub fn queues(&self) -> impl Iterator<Item = (&str, &str)> {
        self.wiring.consumes.iter().map(|from| (&*from.queue, &*from.kind))
    }

    /// Whether the consumer of this queue can read this message.
    ///
    /// # Errors
    ///
    /// As [`Wiring::check`].
    pub fn check(&self, queue: &str, body: &str) -> Result<(), HandlerError> {
        (self.check)(queue, body)
    }

    /// What the wiring has and nobody has described here, and the other way round. A test wants it empty.
    pub fn undescribed(&self) -> Vec<String> {
        let topics =
            self.wiring.publishes.iter().filter(|topic| !self.sends.values().any(|m| m.topic == **topic));
        let kinds = self.wiring.consumes.iter().filter(|from| !self.reads.contains_key(&*from.kind));
        let unsent = self.sends.iter().filter(|(_, m)| !self.wiring.publishes.iter().any(|t| t == m.topic));
        let unread = self.reads.keys().filter(|kind| !self.queues().any(|(_, consumed)| consumed == **kind));
        let error = self.unwritten.as_ref();
        (topics.map(|topic| format!("{}: no message on the topic {topic} is described", self.service)))
            .chain(
                kinds
                    .map(|from| format!("{}: what it reads of {} is not described", self.service, from.kind)),
            )
            .chain(unsent.map(|(kind, _)| format!("{}: {kind} is described and not published", self.service)))
            .chain(unread.map(|kind| format!("{}: {kind} is described and not consumed", self.service)))
            .chain(error.map(|error| format!("{}: a schema cannot be written: {error}", self.service)))
            .collect()
    }

    /// `/openapi.json`, `/asyncapi.json` and `/contracts`, which anybody may read.
    pub fn routes(&self) -> Router {
        let messages = asyncapi([self]);
        let page = page::of(self.service, &self.openapi, &messages);
        let routes = document(Router::new(), "/openapi.json", "application/json", self.openapi.to_string());
        let routes = document(routes, "/asyncapi.json", "application/json", messages.to_string());
        document(routes, "/contracts", "text/html; charset=utf-8", page)
    }
}

fn document(routes: Router, path: &str, kind: &'static str, text: String) -> Router {
    let kind = [(CONTENT_TYPE, HeaderValue::from_static(kind))];
    optional_slash(routes, path, get(async move || (kind, text)))
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract").field("service", &self.service).field("wiring", &self.wiring).finish()
    }
}
