//! Aggregates and what they tell: version, place and condition come from the store, and nobody counts by
//! hand.

use serde::{Deserialize, Serialize};
use transactional_messaging::{error::PublishError, prelude::*};
use unit_of_work::{ItemError, MemoryDatabase, Table};

use crate::{
    bench::{OUTBOX, context, number, text},
    idempotent::{NOW, delivery, inbox},
};

published! {
    of Tea as "tea";
    /// Water was poured on it.
    TeaMade on "tea--made" { grams: u32 }
    /// It was drunk.
    TeaDrunk on "tea--drunk" {}
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Tea {
    cups: u32,
}

struct Kitchen {
    database: MemoryDatabase,
    teas: Aggregates<Tea, MemoryDatabase>,
}

impl Kitchen {
    fn new() -> Self {
        let database = MemoryDatabase::new();
        let outbox = Outbox::new(OUTBOX, "/teas");
        let teas = Aggregates::new("teas", outbox, database.clone(), Ambient::fixed(NOW));
        Self { database, teas }
    }

    /// Version 0, announced.
    async fn make(&self) -> Uuid {
        let tea = self.teas.create(Tea { cups: 3 });
        let (id, mut work) = (tea.id(), self.teas.begin());
        self.teas.save(&mut work, tea, &context(), TeaMade { grams: 12 }).unwrap();
        self.teas.commit(work).await.unwrap();
        id
    }

    async fn load(&self, id: Uuid) -> Versioned<Tea> {
        self.teas.load(id).await.unwrap().unwrap()
    }

    /// One cup less, and somebody hears of it or not.
    fn drink(&self, work: &mut UnitOfWork<Conflict>, mut tea: Versioned<Tea>, aloud: bool) {
        tea.cups -= 1;
        if aloud {
            self.teas.save(work, tea, &context(), TeaDrunk {}).unwrap();
        } else {
            self.teas.save_silently(work, tea).unwrap();
        }
    }
}

#[tokio::test]
async fn each_message_stands_behind_the_last_one_and_silent_changes_have_no_place() {
    let kitchen = Kitchen::new();
    let id = kitchen.make().await;
    for aloud in [false, true, false] {
        let mut work = kitchen.teas.begin();
        kitchen.drink(&mut work, kitchen.load(id).await, aloud);
        kitchen.teas.commit(work).await.unwrap();
    }
    let rows = kitchen.database.items(&Table::new(OUTBOX, "PK"));
    let places: Vec<_> = rows.iter().map(|row| (text(row, "SK"), text(row, "Predecessor"))).collect();
    let [first, third] = [0, 2].map(|version| Sequence::of(version, 0).to_string());
    assert_eq!(places, [(Some(&*first), None), (Some(&*third), Some(&*first))]);
    assert_eq!(text(&rows[0], "PK"), Some(&*format!("SUBJECT#tea/{id}")));
    let envelope: serde_json::Value = serde_json::from_str(text(&rows[0], "Message").unwrap()).unwrap();
    assert_eq!(envelope["data"], serde_json::json!({"grams": 12}), "id and time are the envelope's");
    let items = kitchen.database.items(&Table::new("teas", "PK"));
    let [item] = items.as_slice() else { panic!("one tea") };
    assert_eq!(text(item, "PK"), Some(&*format!("TEA#{id}")));
    assert_eq!((number(item, "Version"), number(item, "AnnouncedVersion")), (Some(3), Some(2)));
    assert_eq!(*kitchen.load(id).await, Tea { cups: 0 });
}

#[tokio::test]
async fn of_two_who_loaded_the_same_version_one_saves_and_a_decision_on_it_no_longer_holds() {
    let kitchen = Kitchen::new();
    let id = kitchen.make().await;
    let [ada, bob, eve] = [kitchen.load(id).await, kitchen.load(id).await, kitchen.load(id).await];
    for (tea, wins) in [(ada, true), (bob, false)] {
        let mut work = kitchen.teas.begin();
        kitchen.drink(&mut work, tea, true);
        let lost = matches!(kitchen.teas.commit(work).await, Err(CommitError::ConditionFailed { action: 0 }));
        assert_eq!(lost, !wins);
    }
    for (tea, holds) in [(eve, false), (kitchen.load(id).await, true)] {
        let mut work = kitchen.teas.begin();
        work.add(kitchen.teas.unchanged(&tea));
        assert_eq!(kitchen.teas.commit(work).await.is_ok(), holds);
    }
    assert_eq!(*kitchen.load(id).await, Tea { cups: 2 });
}

/// Nothing says that a failed condition is a lost race, and it is one.
#[tokio::test]
async fn a_message_whose_aggregate_changed_under_it_is_decided_anew() {
    let (kitchen, first) = (&Kitchen::new(), &std::sync::atomic::AtomicBool::new(true));
    let id = kitchen.make().await;
    // Its tokens must not be those of the kitchen.
    let ambient = Ambient::fixed(NOW);
    for _ in 0..1000 {
        ambient.id();
    }
    let consumer = IdempotentConsumer::new(inbox(), kitchen.database.clone(), ambient);
    let message = delivery(1);
    let handled = consumer.once(&message, |mut work| async move {
        let tea = kitchen.load(id).await;
        if first.swap(false, std::sync::atomic::Ordering::Relaxed) {
            let mut other = kitchen.teas.begin();
            kitchen.drink(&mut other, kitchen.load(id).await, true);
            kitchen.teas.commit(other).await.unwrap();
        }
        kitchen.drink(&mut work, tea, true);
        Ok(work)
    });
    assert_eq!(handled.await.unwrap(), Handled::Done);
    assert_eq!(*kitchen.load(id).await, Tea { cups: 1 });
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Recipe {
    version: u32,
}
published! {
    of Recipe as "recipe";
    /// It was written down.
    RecipeWritten on "recipe--written" {}
}

#[test]
fn a_state_with_an_attribute_of_the_store_is_refused_and_the_error_names_it() {
    let outbox = Outbox::new(OUTBOX, "/recipes");
    let recipes = Aggregates::new("recipes", outbox, MemoryDatabase::new(), Ambient::fixed(NOW));
    let (recipe, mut work) = (recipes.create(Recipe { version: 7 }), recipes.begin());
    let refused = recipes.save(&mut work, recipe, &context(), RecipeWritten {});
    let Err(PublishError::Item(ItemError::Serialize { source })) = refused else { panic!("{refused:?}") };
    assert!(source.to_string().contains("Version") && work.is_empty());
}

#[test]
fn a_service_of_aggregates_publishes_all_that_they_tell() {
    let description = Wiring::<()>::of::<Tea>().description();
    assert_eq!(description.publishes, ["tea--drunk", "tea--made"]);
}
