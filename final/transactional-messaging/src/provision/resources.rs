//! What one service needs of AWS.

use crate::{
    channels::Channels,
    due::DueIndex,
    wiring::{Consumes, Description},
};

/// What one service needs. All names include the prefix of the deployment.
///
/// ```
/// use transactional_messaging::{provision::ServiceResources, wiring::Wiring};
///
/// let wiring = Wiring::<()>::new(); // in a service, the one that it starts its consumers by
/// let needed = ServiceResources {
///     inbox_table: Some("mail-inbox".to_owned()),
///     ..ServiceResources::wired(&wiring.description(), "live-", "live-")
/// };
/// assert_eq!((needed.outbox_table, needed.topics.len()), (None, 0));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceResources {
    /// The table of its aggregates, if it has any.
    pub aggregate_table: Option<String>,
    /// What of that table waits for a time, if anything does.
    pub aggregate_index: Option<DueIndex>,
    /// Its inbox table, if it consumes anything.
    pub inbox_table: Option<String>,
    /// Its outbox table, if it publishes anything.
    pub outbox_table: Option<String>,
    /// The topics that it publishes to.
    pub topics: Vec<String>,
    /// The queues that it consumes from.
    pub subscriptions: Vec<Subscription>,
}

impl ServiceResources {
    /// The topics and queues of a wiring, with the prefixes of a deployment, and no tables.
    pub fn wired(wiring: &Description, topic_prefix: &str, queue_prefix: &str) -> Self {
        let topic = |name: &String| format!("{topic_prefix}{name}");
        let subscription = |consumes: &Consumes| Subscription {
            topic: topic(&consumes.topic),
            queue: format!("{queue_prefix}{}", consumes.queue),
        };
        Self {
            topics: wiring.publishes.iter().map(topic).collect(),
            subscriptions: wiring.consumes.iter().map(subscription).collect(),
            ..Self::default()
        }
    }

    /// The same with topics and queues of this kind.
    #[must_use]
    pub fn on(mut self, channels: Channels) -> Self {
        let name = |name: &mut String| *name = channels.name(name);
        self.topics.iter_mut().for_each(name);
        for subscription in &mut self.subscriptions {
            name(&mut subscription.topic);
            name(&mut subscription.queue);
        }
        self
    }
}

/// A queue that gets the messages of one topic. Names include the prefix of the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The topic.
    pub topic: String,
    /// The queue; its dead-letter queue has the same name and `--dlq`. Both topic and queue are FIFO when
    /// their names end in `.fifo`.
    pub queue: String,
}
