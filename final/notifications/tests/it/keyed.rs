//! A provider that knows a mail by its key, as an HTTP server of its own on loopback: once is possible.
//!
//! Real sockets, so real time; nothing here waits for more than milliseconds of it.

use std::{
    collections::HashMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State as Shared,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use notifications::{
    domain::{Decision, State},
    provider::WithKey,
    settings::{InDoubt, KeyedProvider},
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};

use crate::desk::{APPROVED, Desk, created, decided, made};

/// What the server does with the next requests, before it is well again.
#[derive(Clone, Copy, Debug)]
enum Mood {
    /// It takes the mail, and the answer is a failure.
    TakesAndFails,
    /// It fails, and takes nothing.
    Fails,
    /// It asks for patience.
    IsBusy,
    /// It refuses the mail.
    Refuses,
}

/// A mail box that keeps one mail for each key.
#[derive(Clone, Default)]
struct Server {
    mails: Arc<Mutex<HashMap<String, Value>>>,
    requests: Arc<Mutex<Vec<String>>>,
    moods: Arc<Mutex<Vec<Mood>>>,
}

impl Server {
    /// Serves until the set is dropped.
    async fn start(&self, tasks: &mut JoinSet<()>) -> KeyedProvider {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/mails", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new().route("/mails", post(take)).with_state(self.clone());
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        KeyedProvider { url, token: Some("secret".to_owned()) }
    }
}

async fn take(Shared(server): Shared<Server>, headers: HeaderMap, Json(mail): Json<Value>) -> Response {
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    assert_eq!(headers["authorization"], "Bearer secret");
    server.requests.lock().unwrap().push(key.clone());
    let mood = server.moods.lock().unwrap().pop();
    let keep = || {
        let mut mails = server.mails.lock().unwrap();
        let known = mails.entry(key.clone()).or_insert_with(|| mail.clone());
        // A key that was used for another request is refused, as the draft demands.
        *known == mail
    };
    match mood {
        None if keep() => StatusCode::ACCEPTED.into_response(),
        None => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        Some(Mood::TakesAndFails) => {
            keep();
            StatusCode::BAD_GATEWAY.into_response()
        }
        Some(Mood::Fails) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Mood::IsBusy) => StatusCode::TOO_MANY_REQUESTS.into_response(),
        Some(Mood::Refuses) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "no mailbox ada@example.com here").into_response()
        }
    }
}

/// A process that has wished for one mail, before a server in these moods; what is due is sent at once,
/// whatever the pause.
async fn after(moods: &[Mood], tasks: &mut JoinSet<()>) -> (Desk, Server) {
    let server = Server::default();
    server.moods.lock().unwrap().extend(moods);
    let provider = WithKey::new(&server.start(tasks).await).unwrap();
    let aws = made().await;
    let config = aws.sdk_config();
    // The stricter setting, to which it makes no difference.
    let desk = Desk::process(&aws, &config, Arc::new(provider), InDoubt::Ask, 1);
    desk.hear(&created(Some("ada@example.com"))).await.unwrap();
    desk.hear(&decided(2, Decision::Approved)).await.unwrap();
    (desk, server)
}

/// Looks until the mail is at its end. Its pauses last two and four seconds of real time.
async fn until_over(desk: &Desk) -> State {
    let over = async {
        loop {
            desk.sender.send_due(|| true).await.unwrap();
            let mail = desk.mail(APPROVED).await;
            if mail.due.is_none() {
                return mail.state;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), over).await.expect("it comes to no end")
}

#[tokio::test]
async fn what_is_asked_again_with_its_key_arrives_once_whatever_the_answer_was() {
    for moods in [&[Mood::TakesAndFails][..], &[Mood::Fails], &[Mood::IsBusy]] {
        let mut tasks = JoinSet::new();
        let (desk, server) = after(moods, &mut tasks).await;
        assert_eq!(until_over(&desk).await, State::Sent, "{moods:?}");
        let key = APPROVED.key().to_string();
        assert_eq!(*server.requests.lock().unwrap(), [key.clone(), key.clone()], "{moods:?}");
        let mails = server.mails.lock().unwrap();
        assert_eq!(mails.len(), 1, "{moods:?}");
        assert_eq!(
            (&mails[&key]["to"], &mails[&key]["subject"]),
            (&"ada@example.com".into(), &"Your order is approved".into())
        );
    }
}

#[tokio::test]
async fn a_refusal_ends_the_mail_and_a_server_that_is_away_does_not() {
    let mut tasks = JoinSet::new();
    let (desk, server) = after(&[Mood::Refuses], &mut tasks).await;
    assert_eq!(until_over(&desk).await, State::Refused);
    assert_eq!(server.requests.lock().unwrap().len(), 1);

    let mut tasks = JoinSet::new();
    let (desk, server) = after(&[], &mut tasks).await;
    tasks.shutdown().await;
    desk.sender.send_due(|| true).await.unwrap();
    let mail = desk.mail(APPROVED).await;
    assert_eq!((mail.state, mail.tries, server.requests.lock().unwrap().len()), (State::Wanted, 1, 0));
}
