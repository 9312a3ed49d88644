//! How often the stream is read, and how soon a row is sent by that.

use std::time::Duration;

use tokio::time::Instant;
use transactional_messaging::driver::tail::TailSettings;

use crate::{
    bench::{Bench, subject},
    driver::tail::{Tailer, seconds},
};

/// An order needs two of these, one after the other. In virtual time all else takes none.
#[tokio::test(start_paused = true)]
async fn on_one_machine_half_of_the_rows_are_sent_within_a_few_milliseconds_of_a_rest() {
    let bench = Bench::new().await;
    let tailer = Tailer::start(&bench.wire, TailSettings::nearby(), 1);
    seconds(5).await;
    let mut waits = Vec::new();
    for number in 0..101 {
        tokio::time::sleep(Duration::from_millis(1_000 + number * 37 % 101)).await;
        let (stored, before) = (Instant::now(), bench.wire.count("PublishBatch"));
        bench.store_all(&subject(number.into()), 0..1).await;
        while bench.wire.count("PublishBatch") == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        waits.push(stored.elapsed());
    }
    waits.sort_unstable();
    assert!(
        waits[50] <= Duration::from_millis(17),
        "half within {:?}, all within {:?}",
        waits[50],
        waits[100]
    );
    tailer.stop().await;
}

/// AWS allows five reads of a shard in a second. Traffic does not make the tailer ask more often, nor does
/// what it notes itself.
#[tokio::test(start_paused = true)]
async fn a_shard_is_never_read_more_often_than_aws_allows() {
    let bench = Bench::new().await;
    let tailer = Tailer::start(&bench.wire, TailSettings::default(), 1);
    for version in 0..300 {
        bench.store_all(&subject(1), version..=version).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    seconds(60).await;
    let reads = bench.wire.calls("GetRecords");
    assert!(reads.len() > 200, "{}", reads.len());
    let soonest = reads.windows(6).map(|six| six[5].at - six[0].at).min().unwrap();
    assert!(soonest >= Duration::from_secs(1), "six reads within {soonest:?}");
    tailer.stop().await;
}
