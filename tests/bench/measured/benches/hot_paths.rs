//! The hot paths, without any AWS: `cargo bench -p measured --features null`. Times are those of this
//! machine; ratios are what to look at.

#![expect(clippy::expect_used, reason = "a benchmark that fails has nothing to tell")]

use std::hint::black_box;

use aws_types::SdkConfig;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use measured::{
    parts::{self, Part},
    work::Until,
};
use serde::Serialize;
use time::OffsetDateTime;
use tokio::runtime::{Builder, Runtime};
use transactional_messaging::{
    ambient::Ambient,
    bind_topic,
    envelope::Envelope,
    message::{Context, Message, Sequence, Subject},
};
use unit_of_work::{Condition, DynamoDb, Put, Table, UnitOfWork};
use uuid::Uuid;

#[derive(Serialize)]
struct NoteTaken {
    event_id: Uuid,
    text: String,
}

bind_topic!(NoteTaken, "note--taken");

impl Message for NoteTaken {
    fn id(&self) -> Uuid {
        self.event_id
    }

    fn created_at(&self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH
    }
}

#[derive(Serialize)]
struct Note {
    #[serde(rename = "PK")]
    key: String,
    text: String,
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn envelope(c: &mut Criterion) {
    let ambient = Ambient::fixed(OffsetDateTime::UNIX_EPOCH);
    let message = NoteTaken { event_id: ambient.id(), text: "a note of middling length ".repeat(8) };
    let (subject, context) = (Subject::aggregate("note", ambient.id()), Context::of_request(ambient.id()));
    c.bench_function("envelope", |b| {
        b.iter(|| {
            let envelope =
                Envelope::new("/notes", &subject, Sequence::of(1, 0), &context, black_box(&message));
            envelope.expect("an envelope").to_text(200_000).expect("a text")
        });
    });
}

fn unit_of_work(c: &mut Criterion) {
    let runtime = runtime();
    let aws = runtime.block_on(aws());
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&aws));
    let (table, ambient) = (Table::new("notes", "PK"), Ambient::fixed(OffsetDateTime::UNIX_EPOCH));
    c.bench_function("unit of work with three actions", |b| {
        b.iter(|| {
            let mut work = UnitOfWork::new(ambient.id());
            for number in 0..3 {
                let note = Note { key: format!("NOTE#{number}"), text: "a note".to_owned() };
                let put = Put::new(&table, &note).expect("an item").when(Condition::not_exists("PK"));
                work.add(put.or("it exists"));
            }
            runtime.block_on(work.commit(&database)).expect("a commit");
        });
    });
}

async fn aws() -> SdkConfig {
    parts::sdk_config(None).await.expect("settings")
}

/// Packing, publishing and deleting of a batch, and a message received, handled and deleted.
fn parts_of_the_system(c: &mut Criterion) {
    let runtime = runtime();
    for (name, part, each) in [
        ("relay, batches of 100 records of 100 subjects", Part::Relay { batch: 100, of_a_subject: 1 }, 2_000),
        ("relay, batches of 100 records of 10 subjects", Part::Relay { batch: 100, of_a_subject: 10 }, 2_000),
        ("relay without guarantees, batches of 100 records", Part::Reference { batch: 100 }, 2_000),
        ("consumer", Part::Consumer, 1_000),
    ] {
        let mut group = c.benchmark_group("parts");
        group.throughput(Throughput::Elements(each)).sample_size(20);
        group.bench_function(name, |b| {
            b.iter(|| {
                let until = Until::Done { each, stretches: 1 };
                runtime.block_on(parts::work(part, None, until)).expect("work")
            });
        });
        group.finish();
    }
}

criterion_group!(benches, envelope, unit_of_work, parts_of_the_system);
criterion_main!(benches);
