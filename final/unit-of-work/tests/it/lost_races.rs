//! Load, decide and commit again when somebody else came between.

use std::{cell::Cell, time::Duration};

use tokio::time::Instant;
use unit_of_work::{Backoff, LostRace, retry_lost_races};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    Race,
    Other,
}

impl LostRace for Failure {
    fn is_lost_race(&self) -> bool {
        *self == Self::Race
    }
}

fn backoff(attempts: u32) -> Backoff {
    Backoff::new(Uuid::from_u128(7), attempts, Duration::from_secs(1), Duration::from_secs(60))
}

/// What an operation that loses this many races ends with, and how often it was tried.
async fn with_races(lost: u32, then: Result<(), Failure>) -> (Result<(), Failure>, u32) {
    let tries = Cell::new(0);
    let outcome = retry_lost_races(backoff(5), || {
        tries.set(tries.get() + 1);
        let outcome = if tries.get() <= lost { Err(Failure::Race) } else { then };
        async move { outcome }
    });
    (outcome.await, tries.get())
}

#[tokio::test(start_paused = true)]
async fn a_lost_race_is_run_again_until_it_is_won_or_the_attempts_are_used_up() {
    assert_eq!(with_races(0, Ok(())).await, (Ok(()), 1));
    assert_eq!(with_races(4, Ok(())).await, (Ok(()), 5));
    assert_eq!(with_races(5, Ok(())).await, (Err(Failure::Race), 5));
}

#[tokio::test(start_paused = true)]
async fn any_other_error_ends_it_at_once() {
    assert_eq!(with_races(2, Err(Failure::Other)).await, (Err(Failure::Other), 3));
}

#[tokio::test(start_paused = true)]
async fn the_waits_in_between_are_those_of_the_backoff_on_tokios_clock() {
    let expected: Duration = (1..5).filter_map(|attempt| backoff(5).delay_after(attempt)).sum();
    let started = Instant::now();
    assert_eq!(with_races(9, Ok(())).await.1, 5);
    // Tokio's timer counts whole milliseconds and rounds up.
    let waited = started.elapsed();
    assert!(
        waited >= expected && waited < expected + Duration::from_millis(5),
        "{waited:?} for {expected:?}"
    );
    assert!(expected > Duration::from_secs(1));
}

#[test]
fn the_longest_possible_bound_is_no_special_case() {
    let endless = Backoff::new(Uuid::from_u128(7), u32::MAX, Duration::MAX, Duration::MAX);
    assert!(endless.delay_after(u32::MAX - 1).is_some());
}
