//! The wiring of a service as one typed value: which messages it publishes, which it consumes, from which
//! queues, and who handles them.
//!
//! Everything else that has to know of topics and queues follows from it: the running consumers, resources
//! for development, what the deployment makes and allows, and documents for others.

use std::{collections::BTreeSet, fmt, future::Future};

#[cfg(feature = "lambda")]
use aws_sdk_sqs::types::Message;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
#[cfg(feature = "lambda")]
use tracing::Span;
#[cfg(feature = "lambda")]
use uuid::Uuid;

#[cfg(feature = "lambda")]
use crate::consumer::span_of_message;
pub use crate::queue::Queue;
use crate::{
    aggregate::State,
    consumer::{ConsumerGroup, Delivery, Handled, HandlerError, InTurns, OpenError},
    message::MessageType,
};

/// What a service of type `S` publishes and consumes.
///
/// Built like a router: each call adds one thing and returns the whole.
///
/// ```
/// use transactional_messaging::{
///     consumed, consumer::{Delivery, Handled, HandlerError}, wiring::{Queue, Wiring},
/// };
///
/// consumed! {
///     /// A note was taken.
///     NoteTaken on "note--taken" { words: u32 }
/// }
/// const NOTES: Queue<NoteTaken> = Queue::new("search--note-taken");
///
/// #[derive(Clone)]
/// struct Search; // what handlers need, cheap to clone
///
/// impl Search {
///     async fn index(self, delivery: Delivery<NoteTaken>) -> Result<Handled, HandlerError> {
///         Ok(Handled::Done)
///     }
/// }
///
/// let wiring = Wiring::new().consumes(NOTES, Search::index);
/// assert_eq!(wiring.description().consumes[0].topic, "note--taken");
/// ```
pub struct Wiring<S> {
    publishes: BTreeSet<&'static str>,
    routes: Vec<Box<dyn Route<S>>>,
}

/// One queue and its handler, whatever message it carries.
trait Route<S>: Send + Sync {
    fn description(&self) -> Consumes;
    fn start<'a>(
        &'a self,
        group: &'a mut ConsumerGroup,
        service: &'a S,
    ) -> BoxFuture<'a, Result<(), OpenError>>;
    fn handle(&self, service: S, body: &str) -> BoxFuture<'static, Result<Handled, HandlerError>>;
    fn check(&self, body: &str) -> Result<(), HandlerError>;
    #[cfg(feature = "lambda")]
    fn take(&self, service: S, queue: &str, message: &Message) -> Taken;
}

/// A message that was given to its handler, which has not begun.
#[cfg(feature = "lambda")]
pub(crate) struct Taken {
    /// Its id; none when it cannot be read.
    pub(crate) id: Uuid,
    /// What every log line inside says of it.
    pub(crate) span: Span,
    pub(crate) work: BoxFuture<'static, Result<Handled, HandlerError>>,
}

struct Wired<M, F> {
    queue: Queue<M>,
    turns: Option<InTurns<M>>,
    handler: F,
}

/// What a wiring says of itself, sorted, so that it can be checked in and compared. Names have no prefix of a
/// deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The topics that the service publishes to.
    pub publishes: Vec<String>,
    /// The queues that it consumes, by name.
    pub consumes: Vec<Consumes>,
}

/// One queue of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Consumes {
    /// The queue; also the consumer's name in the inbox.
    pub queue: String,
    /// The topic that it is subscribed to.
    pub topic: String,
    /// The kind of message, as in the envelope's `type`.
    #[serde(rename = "type")]
    pub kind: String,
}

impl<S: Clone + Send + Sync + 'static> Wiring<S> {
    /// A service that neither publishes nor consumes anything yet.
    pub fn new() -> Self {
        Self { publishes: BTreeSet::new(), routes: Vec::new() }
    }

    /// A service whose aggregates have this state, and which publishes all events that tell of them.
    pub fn of<A: State>() -> Self {
        Self { publishes: A::TOPICS.iter().map(|topic| topic.name()).collect(), routes: Vec::new() }
    }

    /// The service publishes this message too.
    #[must_use]
    pub fn publishes<M: MessageType>(mut self) -> Self {
        self.publishes.insert(M::TOPIC.name());
        self
    }

    /// The service consumes this queue too: each message goes to the handler with a clone of the service.
    #[must_use]
    pub fn consumes<M, F, Fut>(mut self, queue: Queue<M>, handler: F) -> Self
    where
        M: MessageType + DeserializeOwned + Send + 'static,
        F: Fn(S, Delivery<M>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Handled, HandlerError>> + Send + 'static,
    {
        self.routes.push(Box::new(Wired { queue, turns: None, handler }));
        self
    }

    /// The same for messages that [take turns](crate::consumer::KeyedLocks::by).
    #[must_use]
    pub fn consumes_in_turns<M, F, Fut>(mut self, queue: Queue<M>, turns: InTurns<M>, handler: F) -> Self
    where
        M: MessageType + DeserializeOwned + Send + 'static,
        F: Fn(S, Delivery<M>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Handled, HandlerError>> + Send + 'static,
    {
        self.routes.push(Box::new(Wired { queue, turns: Some(turns), handler }));
        self
    }

    /// What it says of itself.
    pub fn description(&self) -> Description {
        let mut consumes: Vec<_> = self.routes.iter().map(|route| route.description()).collect();
        consumes.sort();
        Description { publishes: self.publishes.iter().map(|&topic| topic.to_owned()).collect(), consumes }
    }

    /// Opens every queue and gives its messages to its handler, until the group is told to stop.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when a queue has two handlers, each of which would get half of the messages, or as
    /// [`ConsumerGroup::consume`] says.
    pub async fn start(&self, consumers: &mut ConsumerGroup, service: &S) -> Result<(), OpenError> {
        let mut seen = BTreeSet::new();
        let mut queues = self.routes.iter().map(|route| route.description().queue);
        if let Some(queue) = queues.find(|queue| !seen.insert(queue.clone())) {
            let source = "it has two handlers; give each a queue of its own".into();
            return Err(OpenError { queue, source });
        }
        for route in &self.routes {
            route.start(consumers, service).await?;
        }
        Ok(())
    }

    /// Gives a message of this queue, whose full name is `name`, to its handler; none when it has none.
    #[cfg(feature = "lambda")]
    pub(crate) fn take(&self, queue: &str, name: &str, service: &S, message: &Message) -> Option<Taken> {
        let route = self.routes.iter().find(|route| route.description().queue == queue)?;
        Some(route.take(service.clone(), name, message))
    }

    /// Gives one message to its handler: the body of a message of this queue, as SQS delivers it. For those
    /// who receive by other means than a [`ConsumerGroup`], such as a Lambda function that a queue invokes.
    ///
    /// # Errors
    ///
    /// What the handler says; a terminal error when the body is not the message that the queue carries. A
    /// queue that the service does not consume is a retryable error: the message is whole, and whoever gave
    /// it here is wrong.
    pub async fn handle(&self, queue: &str, service: &S, body: &str) -> Result<Handled, HandlerError> {
        self.route(queue)?.handle(service.clone(), body).await
    }

    /// Whether the handler of this queue would get this message, which it does not: for tests that keep the
    /// messages of earlier releases readable.
    ///
    /// # Errors
    ///
    /// As [`handle`](Self::handle), but for what the handler itself says.
    pub fn check(&self, queue: &str, body: &str) -> Result<(), HandlerError> {
        self.route(queue)?.check(body)
    }

    fn route(&self, queue: &str) -> Result<&dyn Route<S>, HandlerError> {
        let route = self.routes.iter().find(|route| route.description().queue == queue);
        route
            .map(Box::as_ref)
            .ok_or_else(|| HandlerError::retryable(format!("no handler is wired to the queue {queue}")))
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Wiring<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S, M, F, Fut> Route<S> for Wired<M, F>
where
    S: Clone + Send + Sync + 'static,
    M: MessageType + DeserializeOwned + Send + 'static,
    F: Fn(S, Delivery<M>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Handled, HandlerError>> + Send + 'static,
{
    fn description(&self) -> Consumes {
        let (queue, topic) = (self.queue.name().to_owned(), M::TOPIC.name().to_owned());
        Consumes { queue, topic, kind: M::TYPE.to_owned() }
    }

    fn start<'a>(
        &'a self,
        group: &'a mut ConsumerGroup,
        service: &'a S,
    ) -> BoxFuture<'a, Result<(), OpenError>> {
        let handler = self.handler.clone();
        Box::pin(group.consume(self.queue, self.turns.clone(), service, handler))
    }

    fn handle(&self, service: S, body: &str) -> BoxFuture<'static, Result<Handled, HandlerError>> {
        match Delivery::parse(self.queue, body) {
            Ok(delivery) => Box::pin((self.handler)(service, delivery)),
            Err(unreadable) => Box::pin(std::future::ready(Err(unreadable.into()))),
        }
    }

    fn check(&self, body: &str) -> Result<(), HandlerError> {
        Ok(Delivery::parse(self.queue, body).map(drop)?)
    }

    #[cfg(feature = "lambda")]
    fn take(&self, service: S, queue: &str, message: &Message) -> Taken {
        let parsed = Delivery::parse(self.queue, message.body().unwrap_or_default());
        let envelope = parsed.as_ref().ok().map(|delivery| &delivery.envelope);
        let span = span_of_message(queue, M::TYPE, message, envelope);
        let id = envelope.map_or(Uuid::nil(), |envelope| envelope.id);
        let handler = self.handler.clone();
        // The handler is called inside the future, so that a panic is caught there.
        let work = async move {
            match parsed {
                Ok(delivery) => handler(service, delivery).await,
                Err(unreadable) => Err(unreadable.into()),
            }
        };
        Taken { id, span, work: Box::pin(work) }
    }
}

impl<S: Clone + Send + Sync + 'static> fmt::Debug for Wiring<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.description().fmt(f)
    }
}
