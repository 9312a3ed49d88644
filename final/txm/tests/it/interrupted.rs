//! Killed in the middle, and run again.

use std::{collections::BTreeSet, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;
use uuid::Uuid;

use crate::world::{World, until};

const MESSAGES: usize = 60;
const QUEUE: &str = "customer--order-created";

/// So many orders, whose messages were sent and handled.
async fn sent(world: &World) -> BTreeSet<Uuid> {
    for _ in 0..MESSAGES {
        world.order(Uuid::from_u128(7)).await;
    }
    world.json(&["outbox", "dispatch", "--yes"]).await;
    until(|| async { world.visible(QUEUE).await == MESSAGES }).await;
    world.drained(QUEUE).await.into_iter().collect()
}

/// Starts it, and sends it this signal as soon as a third has arrived.
async fn interrupted(world: &World, arguments: &[&str], signal: Signal) -> std::process::Output {
    let child: Child = world.command(arguments).spawn().unwrap();
    until(|| async { world.visible(QUEUE).await >= MESSAGES / 3 }).await;
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
    tokio::time::timeout(Duration::from_secs(30), child.wait_with_output())
        .await
        .expect("it does not end")
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_that_was_killed_goes_on_and_says_what_may_have_been_sent_twice() {
    let world = World::new("replay").await;
    let all = sent(&world).await;
    let replay = ["outbox", "replay", "--topic", "order--created", "--to", QUEUE, "--rate", "20"];
    assert_eq!(world.json(&replay).await["messages"], MESSAGES);
    assert_eq!(world.visible(QUEUE).await, 0, "a dry run sends nothing");

    let slowly = [&replay[..], &["--yes"]].concat();
    let killed = interrupted(&world, &slowly, Signal::KILL).await;
    assert_eq!(killed.status.code(), None, "it ended by itself before it was killed");
    let before = world.visible(QUEUE).await;
    assert!(before < MESSAGES, "it had nothing left to do");
    let done = world.json(&slowly).await;
    let twice = usize::try_from(done["twice_at_most"].as_u64().unwrap()).unwrap();
    let arrived = world.drained(QUEUE).await;
    assert_eq!(arrived.iter().copied().collect::<BTreeSet<_>>(), all, "every message arrived");
    assert!(
        arrived.len() <= MESSAGES + twice && twice <= 10,
        "{} arrived, {twice} twice at most",
        arrived.len()
    );
    // It has ended: the same command is a new replay.
    let again = world.json(&replay).await;
    assert_eq!((&again["messages"], &again["sent_before"]), (&MESSAGES.into(), &0.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_that_is_asked_to_end_says_so_and_goes_on_to_the_topic_in_sequence() {
    let world = World::new("asked").await;
    let all = sent(&world).await;
    let replay = ["outbox", "replay", "--since", "1h", "--rate", "20", "--yes"];
    let asked = interrupted(&world, &replay, Signal::TERM).await;
    assert_eq!(asked.status.code(), Some(4), "{asked:?}");
    assert!(String::from_utf8_lossy(&asked.stderr).contains("the same command goes on"));
    let done = world.json(&replay).await;
    assert_eq!((&done["sent"], &done["twice_at_most"]), (&MESSAGES.into(), &0.into()));
    until(|| async { world.visible(QUEUE).await == MESSAGES }).await;
    assert_eq!(world.drained(QUEUE).await.into_iter().collect::<BTreeSet<_>>(), all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redrive_that_was_killed_loses_nothing_and_doubles_one_call_at_most() {
    let world = World::new("redrive").await;
    let all = sent(&world).await;
    // Handled once, and dead for whatever reason.
    let replay = ["outbox", "replay", "--topic", "order--created", "--to", QUEUE, "--rate", "10000", "--yes"];
    world.json(&replay).await;
    for message in support::queues::take(&world.sqs, &format!("live-{QUEUE}")).await {
        support::queues::send(&world.sqs, &format!("live-{QUEUE}--dlq"), message.body().unwrap()).await;
    }
    let redrive = ["dlq", "redrive", QUEUE, "--rate", "20", "--yes"];
    let killed = interrupted(&world, &redrive, Signal::KILL).await;
    assert_eq!(killed.status.code(), None, "it ended by itself before it was killed");
    world.json(&redrive).await;
    assert_eq!(world.visible(&format!("{QUEUE}--dlq")).await, 0);
    let arrived = world.drained(QUEUE).await;
    assert_eq!(arrived.iter().copied().collect::<BTreeSet<_>>(), all, "every letter is back");
    assert!(arrived.len() <= MESSAGES + 10, "{} arrived", arrived.len());
}
