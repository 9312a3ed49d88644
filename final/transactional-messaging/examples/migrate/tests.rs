//! What each step of the migration promises, under every fault.

use super::*;

/// What the book shows.
const STORED: &str = include_str!("steps.txt");

#[tokio::test(start_paused = true)]
async fn each_step_loses_no_more_than_the_one_before_it_and_the_last_one_nothing() {
    let (mut damages, mut told) = (Vec::new(), String::new());
    for step in Step::ALL {
        let damage = survey(step).await;
        told += &(line(step, damage) + "\n");
        damages.push(damage);
    }
    let [direct, inbox, idle, half, whole] = damages[..] else { unreachable!() };
    assert!(direct.lost > 0 && direct.doubled > 0, "the dual write\n{told}");
    assert_eq!((inbox.lost, inbox.doubled), (direct.lost, 0), "the inbox cures duplicates\n{told}");
    assert_eq!((idle.lost, idle.doubled), (inbox.lost, 0), "\n{told}");
    assert!((1..idle.lost).contains(&half.lost) && half.doubled == 0, "the old half loses\n{told}");
    assert_eq!((whole.lost, whole.doubled), (0, 0), "\n{told}");
    assert!(whole.runs > 20 && damages.iter().all(|damage| damage.phantom == 0), "\n{told}");
    assert_eq!(told, STORED, "if that is meant, store what the example prints");
}
