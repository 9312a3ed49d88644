//! The relay as a process: it waits for its table, reads the stream to its end, and starts again without
//! sending again.

use std::time::Duration;

use local_aws::LocalAws;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    ambient::Ambient,
    driver::tail::{self, TailSettings},
    message::Place,
    provision::ensure_service,
    relay::{Relay, SnsPublisher, TopicDirectory},
};
use unit_of_work::{DynamoDb, UnitOfWork};
use uuid::Uuid;

use crate::{
    bench::{self, Bench, OUTBOX, resources, subject, texts},
    wire::Wire,
};

pub(crate) struct Tailer {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Tailer {
    /// Starts the relay with this number; each has ids of its own, as processes have.
    pub(crate) fn start(wire: &Wire, settings: TailSettings, number: u64) -> Self {
        let config = wire.sdk_config();
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        let streams = aws_sdk_dynamodbstreams::Client::new(&config);
        let (relay, stop) = (bench::relay(wire, 1_000_000 * (number + 2)), CancellationToken::new());
        let until = stop.clone();
        let task = tokio::spawn(async move {
            tail::run(relay, &dynamodb, streams, OUTBOX, settings, Uuid::from_u128(number.into()), until)
                .await;
        });
        Self { stop, task }
    }

    pub(crate) async fn stop(self) {
        self.stop_within(Duration::from_secs(1)).await;
    }

    pub(crate) async fn stop_within(self, time: Duration) {
        self.stop.cancel();
        tokio::time::timeout(time, self.task).await.expect("it stops in time").unwrap();
    }

    /// As a process that gets a SIGKILL.
    pub(crate) async fn kill(self) {
        self.task.abort();
        self.task.await.unwrap_err();
    }
}

pub(crate) async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// Without the sweeper, which would cover up for the stream.
pub(crate) fn stream_only() -> TailSettings {
    TailSettings { sweep: Duration::from_secs(1_000_000), ..TailSettings::default() }
}

#[tokio::test(start_paused = true)]
async fn it_may_be_started_before_its_table_exists() {
    let wire = Wire::new();
    let tailer = Tailer::start(&wire, stream_only(), 1);
    seconds(5).await;
    let bench = Bench::on(wire).await;
    bench.store_all(&subject(1), 0..3).await;
    seconds(2).await;
    assert_eq!(bench.texts(&subject(1)).await, texts(0..3));
    tailer.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_stored_before_it_started_is_sent() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..3).await;
    let tailer = Tailer::start(&bench.wire, stream_only(), 1);
    seconds(2).await;
    assert_eq!(bench.texts(&subject(1)).await, texts(0..3));
    tailer.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_sends_nothing_again_and_goes_on() {
    let bench = Bench::new().await;
    for restart in 0..3 {
        let tailer = Tailer::start(&bench.wire, stream_only(), restart);
        seconds(2).await;
        for number in 0..30 {
            bench.store_all(&subject(number), restart..=restart).await;
        }
        seconds(2).await;
        tailer.stop().await;
    }
    assert_eq!(bench.delivered().await.len(), 90);
}

#[tokio::test(start_paused = true)]
async fn two_tailers_at_once_lose_nothing() {
    let bench = Bench::new().await;
    let other = Wire::to(bench.wire.aws());
    let tailers = [Tailer::start(&bench.wire, stream_only(), 1), Tailer::start(&other, stream_only(), 2)];
    for number in 0..10 {
        bench.store_all(&subject(number), 0..3).await;
    }
    seconds(5).await;
    for tailer in tailers {
        tailer.stop().await;
    }
    let mut arrived: Vec<_> =
        bench.delivered().await.iter().map(|e| (e.subject.clone(), bench::text_of(e))).collect();
    arrived.sort_unstable();
    arrived.dedup();
    assert_eq!((arrived.len(), bench.pending().await), (30, 0));
}

/// What the relay writes into the table itself must not keep it busy.
#[tokio::test(start_paused = true)]
async fn it_is_idle_when_there_is_nothing_to_send() {
    let bench = Bench::new().await;
    bench.store_all(&subject(1), 0..1).await;
    let tailer = Tailer::start(&bench.wire, stream_only(), 1);
    seconds(5).await;
    assert_eq!(bench.wire.count("BatchGetItem"), 1, "the one that finds the row");
    seconds(60).await;
    assert_eq!((bench.wire.count("BatchGetItem"), bench.wire.count("BatchWriteItem")), (1, 1));
    tailer.stop().await;
}

/// Once over real sockets, as the process runs; everything else is the same.
#[tokio::test]
async fn it_works_over_tcp() {
    let aws = LocalAws::start().await.unwrap();
    let config = aws.sdk_config();
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let (sns, sqs) = (aws_sdk_sns::Client::new(&config), aws_sdk_sqs::Client::new(&config));
    let stop = CancellationToken::new();
    let until = stop.clone();
    let publisher = SnsPublisher::new(sns.clone(), TopicDirectory::NamePrefix(String::new()));
    let relay = Relay::new(DynamoDb::new(dynamodb.clone()), OUTBOX, publisher, Ambient::system());
    let (streams, client) = (aws_sdk_dynamodbstreams::Client::new(&config), dynamodb.clone());
    let task = tokio::spawn(async move {
        let owner = Ambient::system().id();
        tail::run(relay, &client, streams, OUTBOX, TailSettings::default(), owner, until).await;
    });
    ensure_service(&dynamodb, &sns, &sqs, &resources()).await.unwrap();
    let (outbox, ambient) =
        (transactional_messaging::outbox::Outbox::new(OUTBOX, "/notes"), Ambient::system());
    let mut work: UnitOfWork<()> = UnitOfWork::new(ambient.id());
    let note =
        crate::note::Noted { event_id: ambient.id(), created_at: ambient.now(), text: "by tcp".to_owned() };
    let place = Place::only(subject(1));
    outbox.publish(&mut work, place, &bench::context(), &note).unwrap();
    work.commit(&DynamoDb::new(dynamodb.clone())).await.unwrap();

    let text = tokio::time::timeout(Duration::from_secs(60), first_text(&sqs)).await.expect("it arrives");
    assert_eq!(text, "by tcp");
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(60), task).await.expect("it stops").unwrap();
}

/// Waits for a message in the queue.
async fn first_text(sqs: &aws_sdk_sqs::Client) -> String {
    loop {
        if let Some(body) = crate::queues::drain(sqs, bench::QUEUE).await.pop() {
            return bench::text_of(&bench::envelope_of(&body));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
