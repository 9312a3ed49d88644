//! Trouble with reading the stream.

use std::sync::Mutex;

use local_aws::mapping::MappingSettings;
use serde_json::{Value, json};

use super::bench::{Bench, ok};
use super::scripted::mapping;

/// A script that fails GetRecords in the given way, once the stream has been read the given number of times.
fn fail_read(
    at: usize,
    times: usize,
    status: u16,
    error: &'static str,
) -> impl Fn(&str, Value) -> Option<(u16, Value)> {
    let reads = Mutex::new(0);
    move |operation, _| {
        if operation != "GetRecords" {
            return None;
        }
        let mut reads = reads.lock().unwrap();
        *reads += 1;
        let failing = at..at + times;
        failing.contains(&*reads).then(|| (status, json!({ "__type": error, "message": "on purpose" })))
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_iterator_loses_and_repeats_nothing() {
    let bench = Bench::new().await;
    bench.put_all("a b").await;
    let mapping =
        mapping(&bench, MappingSettings::default(), fail_read(2, 1, 400, "ExpiredIteratorException"));
    let later = async {
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        bench.put("c").await;
    };
    tokio::join!(bench.run(&mapping, 10, |_, _| ok()), later);
    assert_eq!(bench.calls(), ["a b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn trimmed_data_goes_on_at_the_oldest_record() {
    let bench = Bench::new().await;
    bench.put_all("a b").await;
    let mapping =
        mapping(&bench, MappingSettings::default(), fail_read(2, 1, 400, "TrimmedDataAccessException"));
    bench.run(&mapping, 10, |_, _| ok()).await;
    assert_eq!(bench.calls(), ["a b", "a b"], "here nothing was really trimmed, so all of it comes again");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_cannot_be_read_is_tried_until_it_can() {
    let bench = Bench::new().await;
    bench.put_all("a").await;
    let mapping = mapping(&bench, MappingSettings::default(), fail_read(1, 20, 500, "InternalServerError"));
    bench.run(&mapping, 150, |_, _| ok()).await;
    assert_eq!(bench.calls(), ["a"]);
}
