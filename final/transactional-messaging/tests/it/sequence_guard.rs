//! A consumer with a guard handles the messages of a subject in their order, however they come.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use transactional_messaging::{
    ambient::Ambient,
    consumer::{Arrival, Delivery, Follows, Handled, HandlerError, IdempotentConsumer, SequenceGuard},
    message::Sequence,
    wiring::Queue,
};
use unit_of_work::{MemoryDatabase, Update};
use uuid::Uuid;

use crate::{
    bench::number,
    idempotent::{NOW, inbox, things},
    note::Noted,
};

struct Desk {
    database: MemoryDatabase,
    consumer: IdempotentConsumer<MemoryDatabase>,
    follows: Follows,
    /// The versions whose effect was committed, in the order of the decisions.
    decided: Arc<Mutex<Vec<u64>>>,
}

impl Desk {
    fn new(follows: Follows) -> Self {
        let database = MemoryDatabase::new();
        let consumer = IdempotentConsumer::new(inbox(), database.clone(), Ambient::fixed(NOW));
        Self { database, consumer, follows, decided: Arc::default() }
    }

    async fn handle(&self, delivery: &Delivery<Noted>) -> Result<Handled, HandlerError> {
        let guard = SequenceGuard::new(&inbox(), self.follows);
        let version = delivery.envelope.sequence.parse::<Sequence>().unwrap().version();
        let effect = Mutex::new(false);
        let handled = self.consumer.once(delivery, |mut work| async {
            *effect.lock().unwrap() = false;
            match guard.check(&self.database, delivery, NOW).await? {
                Arrival::InTurn(advance) => {
                    work.add(*advance);
                    work.add(Update::new(&things(), things().key("counter", None)).add("Count", 1));
                    *effect.lock().unwrap() = true;
                }
                Arrival::Stale => {}
            }
            Ok(work)
        });
        let handled = handled.await?;
        if handled == Handled::Done && effect.into_inner().unwrap() {
            self.decided.lock().unwrap().push(version);
        }
        Ok(handled)
    }

    fn decided(&self) -> Vec<u64> {
        self.decided.lock().unwrap().clone()
    }
}

/// The message that version `version` of the subject tells.
fn of_version(version: u64) -> Delivery<Noted> {
    let id = Uuid::from_u128(u128::from(version) + 1);
    let body = serde_json::json!({
        "specversion": "1.0", "id": id, "source": "/notes", "type": "Noted", "subject": "note/1",
        "time": "2026-11-23T12:00:00+00:00", "sequence": Sequence::of(version, 0).to_string(), "correlationid": id,
        "data": {"event_id": id, "created_at": "2026-11-23T12:00:00+00:00", "text": "x"},
    });
    Delivery::parse(Queue::new("view"), &body.to_string()).unwrap()
}

#[tokio::test]
async fn a_message_older_than_the_last_one_has_no_effect_and_is_remembered() {
    let desk = Desk::new(Follows::AnyLater);
    for version in [1, 4, 2] {
        assert_eq!(desk.handle(&of_version(version)).await.unwrap(), Handled::Done);
    }
    assert_eq!(desk.decided(), [1, 4]);
    assert_eq!(desk.handle(&of_version(2)).await.unwrap(), Handled::Duplicate);
}

#[tokio::test]
async fn a_message_that_came_too_early_is_left_for_later_with_nothing_written() {
    let desk = Desk::new(Follows::NextVersion);
    desk.handle(&of_version(0)).await.unwrap();
    let rows = desk.database.items(inbox().table()).len();
    let early = desk.handle(&of_version(2)).await.unwrap_err();
    assert!(early.is_retryable());
    assert_eq!(desk.database.items(inbox().table()).len(), rows);
    desk.handle(&of_version(1)).await.unwrap();
    desk.handle(&of_version(2)).await.unwrap();
    assert_eq!(desk.decided(), [0, 1, 2]);
}

/// What becomes of messages that come in this sequence, a line each.
async fn story(follows: Follows, versions: &[u64]) -> String {
    let (desk, mut told) = (Desk::new(follows), format!("Follows::{follows:?}\n"));
    for version in versions {
        let before = desk.decided().len();
        let came = match desk.handle(&of_version(*version)).await {
            Ok(Handled::Done) if desk.decided().len() > before => "takes effect".to_owned(),
            Ok(Handled::Done) => "is older than the last one: no effect, and remembered".to_owned(),
            Ok(Handled::Duplicate) => "was handled before".to_owned(),
            Err(error) if error.is_retryable() => "came too early, and goes back to its queue".to_owned(),
            Err(error) => panic!("{error}"),
        };
        told += &format!("  version {version} {came}\n");
    }
    told
}

/// The book shows it.
#[tokio::test]
async fn messages_out_of_sequence_are_stale_or_wait_as_the_consumer_has_said() {
    let view = story(Follows::AnyLater, &[0, 2, 1, 2, 3]).await;
    let chain = story(Follows::NextVersion, &[0, 2, 1, 2, 1]).await;
    let told = format!("{view}\n{chain}");
    assert_eq!(told, include_str!("sequence_guard.txt"), "if that is meant, store it");
}

#[tokio::test]
async fn the_place_of_a_view_ends_with_the_last_duplicate_and_that_of_a_chain_never() {
    for (follows, expires) in [(Follows::AnyLater, true), (Follows::NextVersion, false)] {
        let desk = Desk::new(follows);
        desk.handle(&of_version(0)).await.unwrap();
        let rows = desk.database.items(inbox().table());
        let place = rows.iter().find(|row| row["PK"].as_s().unwrap().starts_with("SEQUENCE#")).unwrap();
        assert_eq!(place["PK"].as_s().unwrap(), "SEQUENCE#view#note/1");
        assert_eq!(number(place, "ExpiresAt").is_some(), expires);
    }
}

#[tokio::test]
async fn a_sequence_that_is_no_number_can_never_be_handled() {
    let desk = Desk::new(Follows::AnyLater);
    let mut delivery = of_version(0);
    delivery.envelope.sequence = "first".to_owned();
    let guard = SequenceGuard::new(&inbox(), desk.follows);
    let error = guard.check(&desk.database, &delivery, NOW).await.unwrap_err();
    assert!(!error.is_retryable());
}

/// Two processes decide on what they read at the same time; the second one to commit decides anew.
#[tokio::test]
async fn a_place_that_was_taken_meanwhile_is_a_lost_race() {
    let desk = Desk::new(Follows::AnyLater);
    let guard = SequenceGuard::new(&inbox(), desk.follows);
    let older = of_version(1);
    let first_time = Mutex::new(true);
    let handled = desk.consumer.once(&older, |mut work| async {
        let place = guard.check(&desk.database, &older, NOW).await?;
        if std::mem::take(&mut *first_time.lock().unwrap()) {
            let other = Ambient::fixed(NOW);
            for _ in 0..1000 {
                other.id();
            }
            let elsewhere = Desk {
                database: desk.database.clone(),
                consumer: IdempotentConsumer::new(inbox(), desk.database.clone(), other),
                follows: desk.follows,
                decided: Arc::default(),
            };
            elsewhere.handle(&of_version(2)).await?;
        }
        if let Arrival::InTurn(advance) = place {
            work.add(*advance);
            work.add(Update::new(&things(), things().key("older", None)).add("Count", 1));
        }
        Ok(work)
    });
    assert_eq!(handled.await.unwrap(), Handled::Done);
    let table = things();
    assert_eq!(desk.database.items(&table).len(), 1, "the older message had no effect");
}

proptest! {
    #[test]
    fn whatever_comes_in_whatever_order_has_its_effect_in_order(order in prop::collection::vec(0u64..6, 1..40), chain: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let desk = Desk::new(if chain { Follows::NextVersion } else { Follows::AnyLater });
            for version in &order {
                if let Err(error) = desk.handle(&of_version(*version)).await {
                    prop_assert!(chain && error.is_retryable());
                }
            }
            // In the end everything comes again, as a queue would bring it.
            for version in 0..6 {
                desk.handle(&of_version(version)).await.unwrap();
            }
            let decided = desk.decided();
            prop_assert!(decided.is_sorted_by(|a, b| a < b), "{:?}", decided);
            prop_assert_eq!(decided.last(), Some(&5));
            if chain {
                prop_assert_eq!(decided, (0..6).collect::<Vec<_>>());
            }
            Ok(())
        })?;
    }
}
