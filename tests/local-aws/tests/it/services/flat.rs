//! What is stored slows nothing down: the same calls, timed among few items and among many, within one run.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeValue, PutRequest, StreamViewType, TimeToLiveSpecification, WriteRequest,
};
use local_aws::InMemoryAws;

use support::tables::{create_table, put_new, text};

const FEW: usize = 1_000;
/// A hundred times as many.
const MANY: usize = 100_000;

async fn fill(db: &Client, items: std::ops::Range<usize>) {
    let ids: Vec<usize> = items.collect();
    for ids in ids.chunks(25) {
        let puts = ids.iter().map(|id| {
            let put = PutRequest::builder().item("id", text(&format!("stored-{id}")));
            let put = put.item("expires", AttributeValue::N((1_800_000_000 + id).to_string()));
            WriteRequest::builder().put_request(put.build().unwrap()).build()
        });
        db.batch_write_item().request_items("outbox", puts.collect()).send().await.unwrap();
    }
}

/// A world of its own with so many items, each with a time to live, and as many records in its stream.
async fn world(items: usize) -> Client {
    let aws = InMemoryAws::new().unwrap();
    let db = Client::new(&aws.sdk_config());
    create_table(&db, "outbox", StreamViewType::NewImage).await;
    let ttl = TimeToLiveSpecification::builder().attribute_name("expires").enabled(true).build().unwrap();
    db.update_time_to_live().table_name("outbox").time_to_live_specification(ttl).send().await.unwrap();
    fill(&db, 0..items).await;
    db
}

/// How long a transaction with a token takes, a second after the one before.
async fn transaction(db: &Client, id: &str) -> Duration {
    tokio::time::sleep(Duration::from_secs(1)).await;
    let call = db.transact_write_items().client_request_token(id).transact_items(put_new("outbox", id));
    let started = Instant::now();
    call.send().await.unwrap();
    started.elapsed()
}

/// Taken in turns, and the shortest of each, so that what else the machine does hits both alike.
#[tokio::test(start_paused = true)]
async fn a_transaction_costs_the_same_among_many_items_and_stream_records() {
    let (few, many) = (world(FEW).await, world(MANY).await);
    let (mut among_few, mut among_many) = (Duration::MAX, Duration::MAX);
    for n in 0..200 {
        let id = format!("new-{n}");
        among_few = among_few.min(transaction(&few, &id).await);
        among_many = among_many.min(transaction(&many, &id).await);
    }
    assert!(among_many < among_few * 2, "{among_few:?} among {FEW}, {among_many:?} among {MANY}");
}
