//! What is stored slows nothing down: the same calls, timed among few items and among many, within one run.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeValue, PutRequest, StreamViewType, TimeToLiveSpecification, WriteRequest,
};
use local_aws::InMemoryAws;

use crate::support::{create_table, put_new, text};

const FEW: usize = 1_000;
/// Twenty times as many. (Tried by hand with a hundred times as many, which takes long to store.)
const MANY: usize = 20_000;

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

/// The shortest of several rounds of ten transactions, each with a token and a second after the one before.
async fn transactions(db: &Client, name: &str) -> Duration {
    let mut shortest = Duration::MAX;
    for round in 0..8 {
        let mut spent = Duration::ZERO;
        for n in 0..10 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let id = format!("{name}-{round}-{n}");
            let started = Instant::now();
            let call = db.transact_write_items().client_request_token(&id);
            call.transact_items(put_new("outbox", &id)).send().await.unwrap();
            spent += started.elapsed();
        }
        shortest = shortest.min(spent);
    }
    shortest
}

#[tokio::test(start_paused = true)]
async fn a_transaction_costs_the_same_among_many_items_and_stream_records() {
    let aws = InMemoryAws::new().unwrap();
    let db = Client::new(&aws.sdk_config());
    create_table(&db, "outbox", StreamViewType::NewImage).await;
    let ttl = TimeToLiveSpecification::builder().attribute_name("expires").enabled(true).build().unwrap();
    db.update_time_to_live().table_name("outbox").time_to_live_specification(ttl).send().await.unwrap();
    fill(&db, 0..FEW).await;
    let among_few = transactions(&db, "few").await;
    fill(&db, FEW..MANY).await;
    let among_many = transactions(&db, "many").await;
    assert!(among_many < among_few * 2, "{among_few:?} among {FEW}, {among_many:?} among {MANY}");
}
