//! A service's outbox, topic and queue on an AWS of its own, and a relay behind a wire.

use std::{future::Future, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use local_aws::ItemByItem;
use transactional_messaging::{
    ambient::Ambient,
    channels::Channels,
    envelope::Envelope,
    message::{Context, Message, Place, Sequence, Subject},
    outbox::{Outbox, RowKey, partition_of},
    provision::{ServiceResources, Subscription, ensure_service},
    relay::{Outcome, Relay, RelayError, SnsPublisher, TopicDirectory},
    wiring::Queue,
};
use unit_of_work::{Database as _, DynamoDb, Item, Put, Table, UnitOfWork};
use uuid::Uuid;

use crate::{
    ambient,
    note::Noted,
    wire::{Fault, Wire},
};

/// The outbox table.
pub const OUTBOX: &str = "notes-outbox";
/// The queue.
pub const QUEUE: &str = "notes";
/// The same with the type of its messages.
pub const NOTES: Queue<Noted> = Queue::new(QUEUE);

/// All of it.
pub struct Bench {
    /// The relay's way to AWS; what the test itself does takes another.
    pub wire: Wire,
    /// The relay.
    pub relay: Relay,
    /// The outbox, as a service writes to it.
    pub outbox: Outbox,
    /// Time and ids of the test.
    pub ambient: Ambient,
    /// The test's own.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The test's own.
    pub sns: aws_sdk_sns::Client,
    /// The test's own.
    pub sqs: aws_sdk_sqs::Client,
    channels: Channels,
}

impl Bench {
    /// On an AWS of its own.
    pub async fn new() -> Self {
        Self::on(Wire::new()).await
    }

    /// The same on an AWS that is there already.
    pub async fn on(wire: Wire) -> Self {
        Self::with(wire, Channels::Standard).await
    }

    /// The same with FIFO topics and queues.
    pub async fn fifo() -> Self {
        Self::with(Wire::new(), Channels::Fifo).await
    }

    async fn with(wire: Wire, channels: Channels) -> Self {
        let config = wire.aws().sdk_config();
        let (dynamodb, sns) = (aws_sdk_dynamodb::Client::new(&config), aws_sdk_sns::Client::new(&config));
        let sqs = aws_sdk_sqs::Client::new(&config);
        ensure_service(&dynamodb, &sns, &sqs, &resources().on(channels)).await.unwrap();
        let relay = relay_on(&wire, 1_000_000, channels);
        let ambient = ambient::of(&wire.aws(), 1);
        Self { relay, wire, outbox: Outbox::new(OUTBOX, "/notes"), ambient, dynamodb, sns, sqs, channels }
    }

    /// The queue's name there.
    pub fn queue(&self) -> String {
        self.channels.name(QUEUE)
    }

    /// The test's own way to the database.
    pub fn database(&self) -> DynamoDb {
        DynamoDb::new(self.dynamodb.clone())
    }

    /// A message with this text, and the next id.
    pub fn noted(&self, text: &str) -> Noted {
        let created_at = self.ambient.now();
        Noted { event_id: self.ambient.id(), created_at, text: text.to_owned() }
    }

    /// Commits a message of this subject, as the only one of its version.
    pub async fn store(&self, subject: &Subject, version: u64, message: &impl Message) {
        let mut work: UnitOfWork<&str> = UnitOfWork::new(self.ambient.id());
        self.outbox.publish(&mut work, place(subject, version), &context(), message).unwrap();
        work.commit(&self.database()).await.unwrap();
    }

    /// Commits one message for each version, each of which says which it is.
    pub async fn store_all(&self, subject: &Subject, versions: impl IntoIterator<Item = u64>) {
        for version in versions {
            self.store(subject, version, &self.noted(&version.to_string())).await;
        }
    }

    /// Commits a version and its message in a transaction that becomes visible item by item: the aggregate at
    /// once, the message so much later. It is decided when this returns; the result ends when all of it is
    /// visible.
    pub async fn commit_item_by_item(
        &self,
        subject: &Subject,
        version: u64,
        late: Duration,
    ) -> impl Future<Output = ()> + use<> {
        let mut work: UnitOfWork<&str> = UnitOfWork::new(self.ambient.id());
        let table = Table::new("notes", "PK");
        work.add(Put::item(&table, table.key(format!("{}#{version}", subject.as_str()), None)).unwrap());
        let message = self.noted(&version.to_string());
        self.outbox.publish(&mut work, place(subject, version), &context(), &message).unwrap();
        let (mut decided, commit) = self.commit_so(work, ItemByItem { sequence: vec![0, 1], gap: late });
        let commit = tokio::spawn(commit);
        decided.recv().await;
        tokio::time::sleep(Duration::from_micros(1)).await;
        async move { commit.await.unwrap() }
    }

    /// Commits in this way. Whoever commits may give up before all of it is visible.
    pub fn commit_so(
        &self,
        work: UnitOfWork<&'static str>,
        way: ItemByItem,
    ) -> (tokio::sync::mpsc::Receiver<()>, impl Future<Output = ()> + use<>) {
        let (begun, decided) = tokio::sync::mpsc::channel(1);
        let wire = Wire::to(self.wire.aws());
        wire.inject(
            "TransactWriteItems",
            1,
            Fault::instead(move |aws, mut request| {
                request.headers_mut().insert(ItemByItem::HEADER, way.to_string());
                let begun = begun.clone();
                async move {
                    let call = tokio::spawn(async move { aws.call(request).await });
                    tokio::task::yield_now().await;
                    begun.send(()).await.ok();
                    call.await.unwrap()
                }
            }),
        );
        let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&wire.sdk_config()));
        (decided, async move { drop(work.commit(&database).await) })
    }

    /// What becomes of a subject that is woken.
    pub async fn wake(&self, subject: &Subject) -> Result<Outcome, RelayError> {
        self.wake_all(std::slice::from_ref(subject)).await.remove(0)
    }

    /// The outcomes in the order of the subjects.
    pub async fn wake_all(&self, subjects: &[Subject]) -> Vec<Result<Outcome, RelayError>> {
        let mut outcomes = self.relay.wake(subjects.to_vec()).await;
        assert_eq!(outcomes.len(), subjects.len(), "one outcome for each subject");
        subjects.iter().map(|subject| outcomes.remove(subject).unwrap()).collect()
    }

    /// What becomes of a subject when the rows of these versions are named.
    pub async fn wake_rows(
        &self,
        subject: &Subject,
        versions: impl IntoIterator<Item = u64>,
    ) -> Result<Outcome, RelayError> {
        let keys = versions.into_iter().map(|version| key(subject, version)).collect();
        self.relay.wake_rows(keys).await.remove(subject).unwrap()
    }

    /// Damages or mends the row of a version: an update expression, and the value that it calls `:v`.
    pub async fn change(&self, subject: &Subject, sort: &str, expression: &str, v: Option<AttributeValue>) {
        let key = self.outbox.table().key(partition_of(subject), Some(sort));
        let request = self.dynamodb.update_item().table_name(OUTBOX).set_key(Some(key));
        let values = v.map(|v| [(":v".to_owned(), v)].into());
        request.update_expression(expression).set_expression_attribute_values(values).send().await.unwrap();
    }

    /// The row of a subject's version.
    pub async fn row(&self, subject: &Subject, sort: &str) -> Option<Item> {
        let key = self.outbox.table().key(partition_of(subject), Some(sort));
        self.database().get(self.outbox.table(), key).await.unwrap()
    }

    /// Everything that arrived in the queue, in the order of arrival; it is taken out of the queue.
    pub async fn delivered(&self) -> Vec<Envelope> {
        crate::queues::drain(&self.sqs, &self.queue()).await.iter().map(|body| envelope_of(body)).collect()
    }

    /// The texts that arrived for one subject.
    pub async fn texts(&self, subject: &Subject) -> Vec<String> {
        let all = self.delivered().await;
        all.iter().filter(|envelope| envelope.subject == subject.as_str()).map(text_of).collect()
    }

    /// How many rows wait.
    pub async fn pending(&self) -> usize {
        let pages = self.dynamodb.scan().table_name(OUTBOX).into_paginator().items().send();
        let items = pages.try_collect().await.unwrap();
        // What a tailer notes in the table is no row.
        items.iter().filter(|item| text(item, "PK").is_some_and(|key| key.starts_with("SUBJECT#"))).count()
    }

    /// Why the row of a version is parked.
    pub async fn parked(&self, subject: &Subject, version: u64) -> Option<String> {
        let row = self.row(subject, &sequence(version)).await.expect("the row is there");
        text(&row, "Parked").map(str::to_owned)
    }
}

/// A relay with a wire of its own, as another process has one.
pub fn relay(wire: &Wire, first_id: u64) -> Relay {
    relay_on(wire, first_id, Channels::Standard)
}

/// The same with these channels.
pub fn relay_on(wire: &Wire, first_id: u64, channels: Channels) -> Relay {
    let config = wire.sdk_config();
    let sns = aws_sdk_sns::Client::new(&config);
    let publisher = SnsPublisher::new(sns, TopicDirectory::NamePrefix(String::new())).on(channels);
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config));
    Relay::new(database, OUTBOX, publisher, ambient::of(&wire.aws(), first_id))
}

/// What the service of these tests needs on AWS.
pub fn resources() -> ServiceResources {
    ServiceResources {
        aggregate_table: Some("notes".to_owned()),
        inbox_table: Some("notes-inbox".to_owned()),
        outbox_table: Some(OUTBOX.to_owned()),
        topics: vec!["noted".to_owned()],
        subscriptions: vec![Subscription { topic: "noted".to_owned(), queue: QUEUE.to_owned() }],
        ..ServiceResources::default()
    }
}

/// Of a request.
pub fn context() -> Context {
    Context::of_request(Uuid::from_u128(0xC0))
}

/// A note of this number.
pub fn subject(number: u128) -> Subject {
    Subject::aggregate("note", Uuid::from_u128(number))
}

/// The place of the only message of a version, where every version has one.
pub fn place(subject: &Subject, version: u64) -> Place {
    let (subject, sequence) = (subject.clone(), Sequence::of(version, 0));
    match version.checked_sub(1) {
        None => Place::first(subject, sequence),
        Some(before) => Place::after(subject, sequence, Sequence::of(before, 0)),
    }
}

/// The key of a version's only message.
pub fn key(subject: &Subject, version: u64) -> RowKey {
    RowKey { subject: subject.clone(), sequence: sequence(version) }
}

/// The sort key of a version's only message.
pub fn sequence(version: u64) -> String {
    Sequence::of(version, 0).to_string()
}

/// What the messages of these versions say.
pub fn texts(versions: impl IntoIterator<Item = u64>) -> Vec<String> {
    versions.into_iter().map(|version| version.to_string()).collect()
}

/// The envelope in the body of a queue message.
pub fn envelope_of(body: &str) -> Envelope {
    let notification: serde_json::Value = serde_json::from_str(body).unwrap();
    serde_json::from_str(notification["Message"].as_str().unwrap()).unwrap()
}

/// What a message says.
pub fn text_of(envelope: &Envelope) -> String {
    serde_json::from_str::<Noted>(envelope.data.get()).unwrap().text
}

/// An attribute that is a text.
pub fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

/// An attribute that is a number.
pub fn number(item: &Item, name: &str) -> Option<i64> {
    item.get(name).and_then(|value| AttributeValue::as_n(value).ok()).and_then(|n| n.parse().ok())
}
