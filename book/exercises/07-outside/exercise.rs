//! Exercise 7: an effect outside of every transaction takes place once, or somebody is told.
#![allow(clippy::unwrap_used)]

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use chapter_06::App;
use chapter_06::error::Error;
use chapter_06::mails::{Mail, Provider, State, TABLE, deliver, find, want};
use chapter_06::unit_of_work::UnitOfWork;
use fault_engine::Ambient;
use fault_engine::deploy::{Deployment, Table};
use local_aws::InMemoryAws;
use uuid::Uuid;

/// A provider that counts. A mail takes a moment to get there, and the answer a moment to come back.
#[derive(Default)]
struct PostOffice(AtomicUsize);

impl Provider for PostOffice {
    async fn send(&self, _: &Mail) -> Result<(), Error> {
        tokio::task::yield_now().await;
        self.0.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        Ok(())
    }
}

impl PostOffice {
    fn taken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

async fn app() -> App {
    let aws = InMemoryAws::new().unwrap().sdk_config();
    Deployment::new(&aws).table(Table { name: TABLE, ..Table::default() }).await.unwrap();
    App::new(Ambient::system(aws))
}

/// The id of an order whose mail is wanted.
async fn wanted(app: &App) -> Uuid {
    let (order_id, mut work) = (app.ambient.id(), UnitOfWork::new());
    want(&mut work, order_id).unwrap();
    work.commit(app).await.unwrap();
    order_id
}

/// Polls a future so often and then drops it, which is how a process dies between two steps. Whether it
/// ended before.
async fn ends_within(polls: usize, work: impl Future) -> bool {
    let (mut work, mut left) = (pin!(work), polls);
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        work.as_mut().poll(context).map(|_| true)
    })
    .await
}

/// What the senders that come afterwards make of a mail. What a dead one had written may still arrive, and
/// they lose a race.
async fn settled(app: &App, office: &PostOffice, order_id: Uuid) -> State {
    for _ in 0..5 {
        if let Ok(state @ (State::Sent | State::InDoubt)) = deliver(app, office, order_id).await {
            return state;
        }
    }
    panic!("the mail is {:?} for ever", find(app, order_id).await.unwrap().unwrap().state)
}

#[tokio::test]
async fn wherever_a_sender_dies_a_mail_is_sent_once_or_somebody_is_told() {
    let app = app().await;
    for steps in 0.. {
        let (office, order_id) = (PostOffice::default(), wanted(&app).await);
        let ended = ends_within(steps, deliver(&app, &office, order_id)).await;
        let (state, taken) = (settled(&app, &office, order_id).await, office.taken());
        assert!(taken < 2, "a sender died, and the mail was sent {taken} times");
        assert!(
            taken == 1 || state == State::InDoubt,
            "a sender died, and the mail is {state:?}, but was not sent"
        );
        if ended {
            assert_eq!(state, State::Sent, "nobody died, and the mail is not sent");
            break;
        }
    }
}

#[tokio::test]
async fn of_two_senders_at_once_one_sends() {
    let (app, office) = (app().await, PostOffice::default());
    let order_id = wanted(&app).await;
    let _ = tokio::join!(deliver(&app, &office, order_id), deliver(&app, &office, order_id));
    assert_eq!(office.taken(), 1, "two senders at once, and the mail was not sent once");
}

#[tokio::test]
async fn a_mail_that_was_sent_is_not_sent_again_and_in_doubt_to_nobody() {
    let (app, office) = (app().await, PostOffice::default());
    let order_id = wanted(&app).await;
    for _ in 0..2 {
        let state = deliver(&app, &office, order_id).await.unwrap();
        assert_eq!(state, State::Sent, "a mail that was sent is something else the next time");
    }
    assert_eq!(office.taken(), 1, "a mail that was sent was sent again");
}
