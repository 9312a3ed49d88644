//! What is true of every request to a service, whatever it keeps.

use axum::Router;
use http::{Method, StatusCode};
use serde_json::Value;
use unit_of_work::{MemoryDatabase, Table};
use uuid::Uuid;

use crate::exchange::{Answer, Sent, ask};

/// A service on a database in memory, which holds one aggregate.
pub(crate) struct Served {
    pub(crate) router: Router,
    pub(crate) database: MemoryDatabase,
    /// Where new aggregates are posted.
    pub(crate) collection: &'static str,
    /// Below which path an aggregate is read.
    pub(crate) item: &'static str,
    /// The one that is there already.
    pub(crate) there: Uuid,
    /// How many messages the commit of a new one stores.
    pub(crate) messages: usize,
    /// Panics when what is stored is not what was asked for.
    pub(crate) compare: fn(&Value, &Value),
}

impl Served {
    pub(crate) async fn judge(&self, sent: &Sent) {
        let before = self.counts();
        let answer = ask(&self.router, sent).await;
        let after = self.counts();
        if sent.method == Method::GET && answer.status == StatusCode::OK && answer.body.get("id").is_some() {
            let path = sent.uri.path().to_ascii_lowercase();
            assert_eq!(
                path.trim_end_matches('/'),
                format!("{}/{}", self.item, self.there),
                "another was asked for"
            );
        }
        if sent.method != Method::POST || answer.status != StatusCode::OK {
            assert_eq!(before, after, "a request that was not a success has changed something");
            return;
        }
        let path = sent.uri.path();
        assert_eq!(path.strip_suffix('/').unwrap_or(path), self.collection, "only a new one can succeed");
        assert_eq!(
            after,
            (before.0 + 1, before.1 + self.messages),
            "one aggregate, and the messages that it needs"
        );
        self.is_what_was_asked_for(sent, &answer).await;
        // A repeated request: nothing new with a key, another aggregate without one.
        let again = ask(&self.router, sent).await;
        assert_eq!(again.status, StatusCode::OK);
        assert_eq!(again.body["id"] == answer.body["id"], sent.has_key());
        assert_eq!(self.counts() == after, sent.has_key());
    }

    async fn is_what_was_asked_for(&self, sent: &Sent, answer: &Answer) {
        let asked = sent.json();
        if asked.is_null() {
            assert!(sent.is_json(), "what is no JSON was read");
            return;
        }
        assert!(asked.is_object(), "a body that is no object was read");
        let path = format!("{}/{}", self.item, answer.body["id"].as_str().unwrap());
        let look = Sent { method: Method::GET, uri: path.parse().unwrap(), ..sent.clone() };
        (self.compare)(&asked, &ask(&self.router, &look).await.body);
    }

    /// How many aggregates and messages there are.
    fn counts(&self) -> (usize, usize) {
        let count = |name: &str| self.database.items(&Table::new(name, "PK")).len();
        (count("aggregates"), count("outbox"))
    }
}
