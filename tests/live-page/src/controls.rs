//! What a person may do to a running system: the buttons.

use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;

use crate::process::State;

/// A button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Button {
    /// Its id, the last part of `POST /do/<id>`.
    pub id: String,
    /// What stands on it.
    pub label: String,
    /// What it does, in a sentence.
    pub tells: String,
    /// Among which buttons it stands.
    pub group: &'static str,
}

/// What a host lets people do. Each button says in the end what came of it, in words.
pub trait Controls: Send + Sync {
    /// The buttons that make sense here.
    fn buttons(&self) -> Vec<Button>;

    /// The parts and how each stands.
    fn parts(&self) -> Vec<(String, State)>;

    /// Does what the button says. The error is for people, too: what was wrong, and what to do.
    fn press<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<String, String>>;
}

/// Status and body of an answer, or in words why there was none.
pub type Reply = Result<(u16, Value), String>;

/// The HTTP endpoints of the services, and what only the program itself can do.
pub trait Host: Send + Sync {
    /// Asks: `POST` with this body, or `GET` without one.
    fn ask<'a>(&'a self, path: &'a str, body: Option<Value>) -> BoxFuture<'a, Reply>;

    /// Lets a parked subject of an outbox go on, where the program has a way of its own.
    fn unpark<'a>(
        &'a self,
        _table: &'a str,
        _partition: &'a str,
    ) -> Option<BoxFuture<'a, Result<(), String>>> {
        None
    }
}
