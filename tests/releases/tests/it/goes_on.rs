//! What the programs of an earlier release left behind when they were ended, today's bring to its end.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use releases::{
    Kept,
    item::{Item, number, text},
    kept,
    world::{PROBE, Tables, judge, waiting},
};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::time::Instant;

use crate::today::Today;

/// Ten minutes of the tests' clock: longer than the pauses of everything here together.
const PATIENCE: Duration = Duration::from_secs(600);

/// A world with everything that a release left, at the time when it was ended.
async fn left_by(kept: &Kept) -> Today {
    let today = Today::at(OffsetDateTime::parse(&kept.about.at, &Rfc3339).unwrap()).await;
    kept.put_back(&today.world).await.unwrap();
    today
}

/// Looks once a second.
async fn at_rest(today: &Today) -> Tables {
    let end = Instant::now() + PATIENCE;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let unfinished = today.world.unfinished().await.unwrap();
        if unfinished.is_empty() {
            return today.world.tables().await.unwrap();
        }
        assert!(Instant::now() < end, "still: {}", unfinished.join("; "));
    }
}

fn states(tables: &Tables) -> BTreeMap<String, String> {
    let of = |order: &Item| (text(order, "OrderId").to_owned(), text(order, "State").to_owned());
    tables["orders"].iter().map(of).collect()
}

/// What SNS has wrapped.
fn envelope(body: &str) -> String {
    let notification: Value = serde_json::from_str(body).unwrap();
    notification["Message"].as_str().unwrap().to_owned()
}

/// Or it would show nothing.
fn is_in_the_middle(kept: &Kept) {
    let of = |table: &str| waiting(&kept.tables).filter(|(name, _)| *name == table).count();
    assert!(of("customers-outbox") > 0 && of("orders-outbox") > 1, "nothing waits in an outbox");
    assert!(kept.queues.values().flatten().count() > 0, "no message is in a queue");
    assert!(states(&kept.tables).values().filter(|state| *state == "PENDING").count() > 2);
    let inbox = kept.tables.iter().filter(|(name, _)| name.ends_with("-inbox"));
    assert!(inbox.map(|(_, items)| items.len()).sum::<usize>() > 5, "nothing was handled");
    assert!(!judge(&kept.tables).is_empty());
}

#[tokio::test(start_paused = true)]
async fn orders_messages_and_leases_that_an_earlier_release_left_come_to_their_end() {
    for (kept, _) in kept::all().unwrap() {
        is_in_the_middle(&kept);
        let today = left_by(&kept).await;
        let running = today.start().await;
        let tables = at_rest(&today).await;
        let (before, after) = (states(&kept.tables), states(&tables));
        for (order, state) in &after {
            let was = &before[order];
            let goes_on = was == state || (was == "PENDING" && state == "APPROVED");
            assert!(goes_on, "order {order} was {was} and is {state}");
        }
        assert_eq!(before.len(), after.len(), "no order is lost, and none was made");
        let heard: Vec<_> = today.world.take(PROBE).await.unwrap().iter().map(|it| envelope(it)).collect();
        for (table, row) in waiting(&kept.tables) {
            let message = text(row, "Message").to_owned();
            let times = heard.iter().filter(|heard| **heard == message).count();
            assert_eq!(times, 1, "a message that waited in {table} was sent so often as it was stored");
        }
        drop(running);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_a_tailer_of_an_earlier_release_never_gave_up_is_taken_over() {
    for (kept, _) in kept::all().unwrap() {
        let lease = |tables: &Tables, table: &str| {
            tables[table].iter().find(|item| text(item, "PK") == "#TAILER").cloned().unwrap()
        };
        let today = left_by(&kept).await;
        let running = today.start().await;
        let tables = at_rest(&today).await;
        for table in kept.tables.keys().filter(|name| name.ends_with("-outbox")) {
            let (before, after) = (lease(&kept.tables, table), lease(&tables, table));
            assert!(!text(&before, "Holder").is_empty(), "nobody had it");
            assert_ne!(text(&before, "Holder"), text(&after, "Holder"), "{table}");
            assert!(number(&before, "Version") < number(&after, "Version"), "{table}");
        }
        drop(running);
    }
}

/// Queues, dead-letter queues and operators bring back messages of the earlier release for weeks.
#[tokio::test(start_paused = true)]
async fn what_an_earlier_release_has_handled_is_not_handled_again() {
    for (kept, reader) in kept::all().unwrap() {
        let today = left_by(&kept).await;
        let running = today.start().await;
        let before = at_rest(&today).await;
        today.world.take(PROBE).await.unwrap();
        let queues = today.world.queues().await.unwrap();
        let mut sent = BTreeSet::new();
        for body in &kept.heard {
            let kind: Value = serde_json::from_str(&envelope(body)).unwrap();
            let about = |queue: &&String| reader.message(queue, &envelope(body)).is_empty();
            for queue in queues.keys().filter(|queue| reader.consumes(queue)).filter(about) {
                today.world.put(queue, body).await.unwrap();
                sent.insert(kind["type"].to_string());
            }
        }
        assert!(sent.len() > 4, "only {sent:?} came again");
        let after = at_rest(&today).await;
        // What services keep of their own would be the same in any case: each decides by its state, too. That
        // the inbox has known the message shows in the inbox: nothing was added.
        for table in before.keys().filter(|name| !name.contains('-') || name.ends_with("-inbox")) {
            assert_eq!(before[table], after[table], "{table}");
        }
        assert_eq!(today.world.take(PROBE).await.unwrap(), [""; 0], "nothing new was told");
        drop(running);
    }
}
