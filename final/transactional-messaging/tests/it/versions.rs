//! Old and new at once: producers and consumers of two releases, messages that have waited, and consumers
//! that begin anew.

use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    consumed,
    consumer::{Consumer, ConsumerSettings, Delivery, Handled, IdempotentConsumer, Unreadable},
    inbox::Generations,
    prelude::Ambient,
    wiring::Queue,
};
use unit_of_work::MemoryDatabase;

use crate::{
    bench::{Bench, QUEUE},
    idempotent::{NOW, count_up, counted, delivery, inbox},
    note::Noted,
    queues,
    worker::{Outcome, Seen, seconds},
};

// ANCHOR: replaces
consumed! {
    /// What `Noted` became.
    Written on "noted" from "/notes" replaces Noted {
        /// What.
        words: Vec<String>,
    }
}

impl From<Noted> for Written {
    fn from(old: Noted) -> Self {
        Self { words: old.text.split(' ').map(str::to_owned).collect() }
    }
}
// ANCHOR_END: replaces

consumed! {
    /// And what that became.
    Filed on "noted" replaces Written {
        /// What.
        words: Vec<String>,
        /// How many.
        count: usize,
    } about |filed, _| filed.count < 3
}

impl From<Written> for Filed {
    fn from(old: Written) -> Self {
        Self { count: old.words.len(), words: old.words }
    }
}

const WRITTEN: Queue<Written> = Queue::new(QUEUE);

/// The same message as a later release of its producer sends it.
fn as_written(body: &str) -> String {
    body.replace(r#""Noted""#, r#""Written""#).replace(r#""text":"x""#, r#""words":["x"]"#)
}

#[tokio::test(start_paused = true)]
async fn what_an_old_consumer_does_not_know_waits_with_its_reason_until_the_new_one_is_there() {
    let bench = Bench::new().await;
    let old = bench.body("x");
    let new = as_written(&old);
    queues::send(&bench.sqs, QUEUE, &new).await;
    let seen = Seen::default();
    let worker = bench.noting(&seen, |_| Ok(Handled::Done)).await;
    seconds(60).await;
    worker.stop().await;
    let reason = "Noted was expected on this queue, not Written".to_owned();
    assert_eq!(bench.dead_letters().await, [(new.clone(), Some(reason))]);
    assert!(seen.texts().is_empty(), "{:?}", seen.texts());

    // The new consumer is deployed, and what waited is sent again, beside what an old producer still sends.
    queues::send(&bench.sqs, QUEUE, &new).await;
    queues::send(&bench.sqs, QUEUE, &old).await;
    let consumer = Consumer::open(bench.sqs.clone(), QUEUE, ConsumerSettings::default()).await.unwrap();
    let (stop, now_seen) = (CancellationToken::new(), seen.clone());
    let handler = move |delivery: Delivery<Written>| {
        now_seen.note(&delivery.message.words.join("+"));
        async { Outcome::Ok(Handled::Done) }
    };
    let task = tokio::spawn(consumer.run(WRITTEN, handler, stop.clone()));
    seconds(60).await;
    stop.cancel();
    task.await.unwrap();
    assert_eq!((seen.texts(), bench.counts().await), (vec!["x".to_owned(); 2], (0, 0)));
    assert_eq!(bench.dead_letters().await, []);
}

#[tokio::test(start_paused = true)]
async fn a_message_goes_through_every_kind_that_its_own_became_and_is_then_held_to_the_rules() {
    let bench = Bench::new().await;
    let filed = |body: &str| Delivery::<Filed>::parse(Queue::new(QUEUE), body);
    let oldest = filed(&bench.body("buy milk")).unwrap();
    assert_eq!((oldest.message.words.len(), oldest.message.count), (2, 2));
    assert_eq!(oldest.envelope.kind, "Noted", "the envelope is what came");
    assert_eq!(filed(&as_written(&bench.body("x"))).unwrap().message.count, 1);
    let wrong = filed(&bench.body("one two three")).unwrap_err();
    assert!(matches!(wrong, Unreadable::Subject { kind: "Filed" }), "{wrong}");
    let damaged = filed(&as_written(&bench.body("y"))).unwrap_err();
    assert!(matches!(damaged, Unreadable::Data { kind: "Filed", .. }), "{damaged}");
    let source = Delivery::parse(WRITTEN, &bench.body("x").replace("\"/notes\"", "\"/forged\"")).unwrap_err();
    assert!(matches!(source, Unreadable::Source { kind: "Written", .. }), "{source}");
    let later = Delivery::<Noted>::parse(Queue::new(QUEUE), &as_written(&bench.body("x"))).unwrap_err();
    assert!(matches!(later, Unreadable::Kind { expected: "Noted", .. }), "only forward: {later}");
}

/// A consumer of this generation, as a process that has just started has it.
fn of_generation(
    database: &MemoryDatabase,
    setting: &str,
    first_id: u64,
) -> IdempotentConsumer<MemoryDatabase> {
    let ambient = Ambient::fixed(NOW);
    for _ in 0..first_id {
        ambient.id();
    }
    let generations: Generations = setting.parse().unwrap_or_default();
    IdempotentConsumer::new(inbox().of_generations(generations), database.clone(), ambient)
}

#[tokio::test]
async fn a_new_generation_handles_again_what_comes_again_and_each_message_once() {
    let database = MemoryDatabase::new();
    let elsewhere = Delivery { consumer: "two", ..delivery(1) };
    let before = of_generation(&database, "", 0);
    for message in [&delivery(1), &delivery(2), &elsewhere] {
        assert_eq!(before.once(message, count_up).await.unwrap(), Handled::Done);
    }
    // The consumer `one` did the wrong thing. The right one is deployed, and the first message sent again.
    let after = of_generation(&database, "one=2", 1000);
    assert_eq!(after.once(&delivery(1), count_up).await.unwrap(), Handled::Done);
    assert_eq!(after.once(&delivery(1), count_up).await.unwrap(), Handled::Duplicate);
    assert_eq!(after.once(&elsewhere, count_up).await.unwrap(), Handled::Duplicate, "another consumer");
    // Back to the release before: it knows what it has handled.
    let back = of_generation(&database, "", 2000);
    assert_eq!(back.once(&delivery(2), count_up).await.unwrap(), Handled::Duplicate);
    assert_eq!(counted(&database).await, Some(4));
}
