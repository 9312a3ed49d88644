//! A service's outbox, topic and queue on an AWS of its own, and a relay behind a wire.

use aws_sdk_dynamodb::types::AttributeValue;
use transactional_messaging::{
    ambient::Ambient,
    channels::Channels,
    envelope::Envelope,
    message::{Context, Message, Sequence, Subject},
    outbox::{Outbox, partition_of},
    provision::{ServiceResources, Subscription, ensure_service},
    relay::{Outcome, Relay, RelayError, SnsPublisher, TopicDirectory},
};
use unit_of_work::{Database as _, DynamoDb, Item, UnitOfWork};
use uuid::Uuid;

use crate::{ambient, note::Noted, wire::Wire};

pub(crate) const OUTBOX: &str = "notes-outbox";
pub(crate) const QUEUE: &str = "notes";

pub(crate) struct Bench {
    /// The relay's way to AWS; what the test itself does takes another.
    pub(crate) wire: Wire,
    pub(crate) relay: Relay,
    pub(crate) outbox: Outbox,
    pub(crate) ambient: Ambient,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    channels: Channels,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::on(Wire::new()).await
    }

    /// The same on an AWS that is there already.
    pub(crate) async fn on(wire: Wire) -> Self {
        Self::with(wire, Channels::Standard).await
    }

    /// The same with FIFO topics and queues.
    pub(crate) async fn fifo() -> Self {
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

    pub(crate) fn queue(&self) -> String {
        self.channels.name(QUEUE)
    }

    pub(crate) fn database(&self) -> DynamoDb {
        DynamoDb::new(self.dynamodb.clone())
    }

    pub(crate) fn noted(&self, text: &str) -> Noted {
        let created_at = self.ambient.now();
        Noted { event_id: self.ambient.id(), created_at, text: text.to_owned() }
    }

    /// Commits a message of this subject, as the only one of its version.
    pub(crate) async fn store(&self, subject: &Subject, version: u64, message: &impl Message) {
        let mut work: UnitOfWork<&str> = UnitOfWork::new(self.ambient.id());
        let place = (subject, Sequence::of(version, 0));
        self.outbox.publish(&mut work, place, &context(), message, "there already").unwrap();
        work.commit(&self.database()).await.unwrap();
    }

    /// Commits one message for each version, each of which says which it is.
    pub(crate) async fn store_all(&self, subject: &Subject, versions: impl IntoIterator<Item = u64>) {
        for version in versions {
            self.store(subject, version, &self.noted(&version.to_string())).await;
        }
    }

    pub(crate) async fn wake(&self, subject: &Subject) -> Result<Outcome, RelayError> {
        self.wake_all(std::slice::from_ref(subject)).await.remove(0)
    }

    /// The outcomes in the order of the subjects.
    pub(crate) async fn wake_all(&self, subjects: &[Subject]) -> Vec<Result<Outcome, RelayError>> {
        let mut outcomes = self.relay.wake(subjects.iter().map(partition_of).collect()).await;
        assert_eq!(outcomes.len(), subjects.len(), "one outcome for each subject");
        subjects.iter().map(|subject| outcomes.remove(&partition_of(subject)).unwrap()).collect()
    }

    /// The row of a subject's version, or its head.
    pub(crate) async fn row(&self, subject: &Subject, sort: &str) -> Option<Item> {
        let key = self.outbox.table().key(partition_of(subject), Some(sort));
        self.database().get(self.outbox.table(), key).await.unwrap()
    }

    /// Everything that arrived in the queue, in the order of arrival; it is taken out of the queue.
    pub(crate) async fn delivered(&self) -> Vec<Envelope> {
        crate::queues::drain(&self.sqs, &self.queue()).await.iter().map(|body| envelope_of(body)).collect()
    }

    /// The texts that arrived for one subject.
    pub(crate) async fn texts(&self, subject: &Subject) -> Vec<String> {
        let all = self.delivered().await;
        all.iter().filter(|envelope| envelope.subject == subject.as_str()).map(text_of).collect()
    }

    /// How many rows the pending index names.
    pub(crate) async fn pending(&self) -> usize {
        let answer = self.dynamodb.scan().table_name(OUTBOX).index_name("PendingIndex").send().await.unwrap();
        answer.items().len()
    }
}

/// A relay with a wire of its own, as another process has one.
pub(crate) fn relay(wire: &Wire, first_id: u64) -> Relay {
    relay_on(wire, first_id, Channels::Standard)
}

pub(crate) fn relay_on(wire: &Wire, first_id: u64, channels: Channels) -> Relay {
    let config = wire.sdk_config();
    let sns = aws_sdk_sns::Client::new(&config);
    let publisher = SnsPublisher::new(sns, TopicDirectory::NamePrefix(String::new())).on(channels);
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config));
    Relay::new(database, OUTBOX, publisher, ambient::of(&wire.aws(), first_id))
}

pub(crate) fn resources() -> ServiceResources {
    ServiceResources {
        aggregate_table: "notes".to_owned(),
        aggregate_index: None,
        inbox_table: "notes-inbox".to_owned(),
        outbox_table: OUTBOX.to_owned(),
        topics: vec!["noted".to_owned()],
        subscriptions: vec![Subscription { topic: "noted".to_owned(), queue: QUEUE.to_owned() }],
    }
}

pub(crate) fn context() -> Context {
    Context::of_request(Uuid::from_u128(0xC0))
}

pub(crate) fn subject(number: u128) -> Subject {
    Subject::aggregate("note", Uuid::from_u128(number))
}

/// The sort key of a version's only message.
pub(crate) fn sequence(version: u64) -> String {
    Sequence::of(version, 0).to_string()
}

pub(crate) fn texts(versions: impl IntoIterator<Item = u64>) -> Vec<String> {
    versions.into_iter().map(|version| version.to_string()).collect()
}

/// The envelope in the body of a queue message.
pub(crate) fn envelope_of(body: &str) -> Envelope {
    let notification: serde_json::Value = serde_json::from_str(body).unwrap();
    serde_json::from_str(notification["Message"].as_str().unwrap()).unwrap()
}

pub(crate) fn text_of(envelope: &Envelope) -> String {
    serde_json::from_str::<Noted>(envelope.data.get()).unwrap().text
}

pub(crate) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

pub(crate) fn number(item: &Item, name: &str) -> Option<i64> {
    item.get(name).and_then(|value| AttributeValue::as_n(value).ok()).and_then(|n| n.parse().ok())
}
