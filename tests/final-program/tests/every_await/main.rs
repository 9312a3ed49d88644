//! Every await: each handler's future is dropped at every one of its polls in turn, as by a client that hangs
//! up, a deadline or a kill. The same work then comes to a fresh process. Nothing may be lost, doubled or
//! half done.
//!
//! The handlers run through the real SDK against the embedded AWS, under a paused clock. A request that was
//! sent when the future was dropped is carried out all the same, before, between or after the calls of the
//! process that takes over.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cases;
mod drops;
mod log;
mod polls;
mod scenes;
mod shop;
mod state;
mod wire;

use final_program::harness::outside;

use std::{
    io::Write as _,
    sync::atomic::{AtomicUsize, Ordering},
};

use cases::CASES;
use drops::{Tally, drop_everywhere};

#[test]
fn whatever_is_dropped_at_any_await_nothing_is_lost_doubled_or_half_done() {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut tallies = Vec::new();
        while let Some(case) = CASES.get(next.fetch_add(1, Ordering::Relaxed)) {
            tallies.push((case, drop_everywhere(case)));
        }
        tallies
    };
    let mut tallies: Vec<_> = std::thread::scope(|threads| {
        let running: Vec<_> = (0..2).map(|_| threads.spawn(work)).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("a judge panicked")).collect()
    });
    tallies.sort_by_key(|(case, _)| case.name);
    let (mut total, mut failures) = (Tally::default(), Vec::new());
    // Straight to the terminal: the harness swallows what is printed by macros.
    let mut out = std::io::stderr();
    for (case, tally) in tallies {
        let Tally { points, drops, before, after, .. } = tally;
        writeln!(out, "{:<40} {points:>3} poll points, {drops:>3} drops, {before:>3} before and {after:>3} after the effect", case.name).unwrap();
        if points < case.at_least {
            failures
                .push(format!("{}: only {points} poll points, {} were expected", case.name, case.at_least));
        }
        if before == 0 || after == 0 {
            failures.push(format!(
                "{}: no drop before or no drop after the effect: the test shows nothing",
                case.name
            ));
        }
        total.points += points;
        total.drops += drops;
        failures.extend(tally.failures);
    }
    writeln!(
        out,
        "{} poll points tried in {} drops, {} violations",
        total.points,
        total.drops,
        failures.len()
    )
    .unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
