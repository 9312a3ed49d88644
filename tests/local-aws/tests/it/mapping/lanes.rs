//! The parallelization factor: more batches in flight, and still the order of every item.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::event::dynamodb::Event;
use local_aws::mapping::MappingSettings;
use tokio_util::sync::CancellationToken;

use super::bench::{Bench, id, ids, ok};
use support::tables;

/// Runs a slow handler over five versions of each of 20 items. Returns the order in which each item's
/// versions were finished, and the most calls that were in flight.
async fn finished_versions(parallelization_factor: usize) -> (HashMap<String, Vec<String>>, usize) {
    let bench = Bench::new().await;
    for version in 0..5 {
        for item in 0..20 {
            tables::put(&bench.db, "outbox", &format!("item-{item}"), &version.to_string()).await;
        }
    }
    let finished: Arc<Mutex<HashMap<String, Vec<String>>>> = Arc::default();
    let (in_flight, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let handler = {
        let (finished, most) = (finished.clone(), most.clone());
        move |event: Event| {
            let (finished, in_flight, most) = (finished.clone(), in_flight.clone(), most.clone());
            async move {
                most.fetch_max(in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Uneven work, so that the lanes overtake each other.
                let work = event.records[0].event_id.len() as u64 + event.records.len() as u64 * 37;
                tokio::time::sleep(Duration::from_millis(work % 90 + 1)).await;
                for record in &event.records {
                    let version = format!("{:?}", record.change.new_image.get("value").unwrap());
                    finished.lock().unwrap().entry(id(record)).or_default().push(version);
                }
                in_flight.fetch_sub(1, Ordering::SeqCst);
                ok()
            }
        }
    };
    let settings = MappingSettings { parallelization_factor, batch_size: 3, ..MappingSettings::default() };
    let cancel = CancellationToken::new();
    let mapping = bench.mapping(settings);
    let stop = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        cancel.cancel();
    };
    let (ran, ()) = tokio::join!(mapping.run(handler, cancel.clone()), stop);
    ran.unwrap();
    let finished = finished.lock().unwrap().clone();
    (finished, most.load(Ordering::SeqCst))
}

#[tokio::test(start_paused = true)]
async fn an_item_keeps_its_order_and_no_more_batches_are_in_flight_than_allowed() {
    let expected: Vec<String> = (0..5).map(|version| format!("S(\"{version}\")")).collect();
    for (factor, in_flight) in [(1, 1), (4, 4)] {
        let (finished, most) = finished_versions(factor).await;
        assert_eq!(finished.len(), 20);
        assert!(finished.values().all(|versions| *versions == expected), "{finished:?}");
        assert_eq!(most, in_flight);
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_record_blocks_its_own_lane_only() {
    let bench = Bench::new().await;
    let all: Vec<String> = (0..20).map(|item| format!("item-{item}")).collect();
    bench.put_all(&all.join(" ")).await;
    let settings = MappingSettings { parallelization_factor: 4, batch_size: 1, ..MappingSettings::default() };
    let poisoned = |event: &Event| ids(event) == ["item-0"];
    let mapping = bench.mapping(settings);
    let answer = move |_, event: &Event| if poisoned(event) { Err("bad".to_owned()) } else { ok() };
    bench.run(&mapping, 60, answer).await;
    let mut others: Vec<String> = bench.calls().into_iter().filter(|ids| ids != "item-0").collect();
    others.sort_unstable();
    others.dedup();
    let blocked = 19 - others.len();
    assert!(others.len() >= 8, "the other three lanes went on: {others:?}");
    assert!(blocked > 0, "what shares the lane of item-0 waits: {others:?}");
    assert_eq!(mapping.checkpoints().len(), 0, "the checkpoint stays before the first record");
}
