//! More events than fit into one transaction: what is said of it, and the way that is documented.

use serde::{Deserialize, Serialize};
use transactional_messaging::prelude::*;
use unit_of_work::{LimitError, MemoryDatabase};

use crate::{
    bench::{OUTBOX, context, text},
    idempotent::NOW,
    note::Noted,
};

const SEATS: usize = 250;
/// The most events of one commit, beside the hall itself.
const PART: usize = 99;

published! {
    of Hall as "hall";
    /// Its last seat was told of.
    HallClosed on "hall--closed" {}
}

/// A hall that closes: each of its seats is told of. `told` is how far that has come.
#[derive(Debug, Serialize, Deserialize)]
struct Hall {
    told: usize,
}

struct Closing {
    database: MemoryDatabase,
    halls: Aggregates<Hall, MemoryDatabase>,
    outbox: Outbox,
    ambient: Ambient,
}

impl Closing {
    fn new() -> Self {
        let (database, ambient, outbox) =
            (MemoryDatabase::new(), Ambient::fixed(NOW), Outbox::new(OUTBOX, "/halls"));
        let halls = Aggregates::new("halls", outbox.clone(), database.clone(), ambient.clone());
        Self { database, halls, outbox, ambient }
    }

    /// Adds an event about each of these seats.
    fn tell<E>(&self, work: &mut UnitOfWork<E>, seats: impl Iterator<Item = usize>) {
        for seat in seats {
            let place = Place::only(Subject::aggregate("seat", Uuid::from_u128(seat as u128)));
            let (event_id, created_at) = (self.ambient.id(), NOW);
            let event = Noted { event_id, created_at, text: format!("seat {seat}") };
            self.outbox.publish(work, place, &context(), &event).unwrap();
        }
    }

    // ANCHOR: part
    /// One part, from where the hall has come. What it commits is what was read, moved on.
    fn part(&self, mut hall: Versioned<Hall>) -> UnitOfWork<Conflict> {
        let mut work = self.halls.begin();
        let next = (hall.told + PART).min(SEATS);
        self.tell(&mut work, hall.told..next);
        hall.told = next;
        self.halls.save_silently(&mut work, hall).unwrap();
        work
    }
    // ANCHOR_END: part

    async fn load(&self, id: Uuid) -> Versioned<Hall> {
        self.halls.load(id).await.unwrap().unwrap()
    }

    fn told(&self) -> Vec<String> {
        let rows = self.database.items(self.outbox.table());
        let mut subjects: Vec<_> = rows.iter().map(|row| text(row, "PK").unwrap().to_owned()).collect();
        subjects.sort();
        subjects
    }
}

#[tokio::test]
async fn a_commit_of_too_many_events_is_refused_before_anything_is_sent_and_says_what_to_do() {
    let closing = Closing::new();
    let mut work: UnitOfWork<&str> = UnitOfWork::new(closing.ambient.id());
    closing.tell(&mut work, 0..101);
    let refused = work.commit(&closing.database).await.unwrap_err();
    let CommitError::Limit(limit @ LimitError::TooManyActions { actions: 101, at_most: 100 }) = &refused
    else {
        panic!("{refused:?}")
    };
    assert!(limit.to_string().contains("commit a part, and with it how far it has come"), "{limit}");
    assert!(!refused.is_retryable() && closing.told().is_empty());
}

#[tokio::test]
async fn parts_that_note_how_far_they_have_come_tell_of_each_once_whoever_dies_or_works_at_once() {
    let closing = Closing::new();
    let hall = closing.halls.create(Hall { told: 0 });
    let (id, mut work) = (hall.id(), closing.halls.begin());
    closing.halls.save_silently(&mut work, hall).unwrap();
    closing.halls.commit(work).await.unwrap();
    // Somebody dies after the first part. Two go on at once from the same place.
    closing.halls.commit(closing.part(closing.load(id).await)).await.unwrap();
    let (one, other) = (closing.part(closing.load(id).await), closing.part(closing.load(id).await));
    closing.halls.commit(one).await.unwrap();
    let lost = closing.halls.commit(other).await.unwrap_err();
    assert!(matches!(lost, CommitError::ConditionFailed { .. }), "{lost:?}");
    while closing.load(id).await.told < SEATS {
        closing.halls.commit(closing.part(closing.load(id).await)).await.unwrap();
    }
    let mut seats: Vec<_> =
        (0..SEATS).map(|seat| format!("SUBJECT#seat/{}", Uuid::from_u128(seat as u128))).collect();
    seats.sort();
    assert_eq!(closing.told(), seats);
}
