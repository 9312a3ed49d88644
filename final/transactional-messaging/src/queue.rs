//! A queue, bound at compile time to the one kind of message that it carries.

use std::{fmt, marker::PhantomData};

use crate::message::{MessageType, Topic};

/// A queue of messages of the kind `M`, and so subscribed to their topic.
///
/// Its name, without the prefix of a deployment, is also the consumer's name in the inbox: a queue that has
/// delivered messages keeps its name, or what was handled before is forgotten.
///
/// ```
/// use transactional_messaging::{consumed, wiring::Queue};
///
/// consumed! {
///     /// A note was taken.
///     NoteTaken on "note--taken" {}
/// }
/// const NOTES: Queue<NoteTaken> = Queue::new("search--note-taken");
/// assert_eq!((NOTES.name(), NOTES.topic().name()), ("search--note-taken", "note--taken"));
/// ```
pub struct Queue<M> {
    name: &'static str,
    carries: PhantomData<fn() -> M>,
}

impl<M: MessageType> Queue<M> {
    /// The queue of this name: 1 to 60 letters, digits, hyphens and underscores. SQS allows 80; the rest is
    /// room for a prefix and for the ends of the names of dead-letter queues and of FIFO queues.
    ///
    /// # Panics
    ///
    /// On another name. In a constant, which is what this is for, that is a compile error.
    pub const fn new(name: &'static str) -> Self {
        assert!(!name.is_empty() && name.len() <= 60, "a queue's name has 1 to 60 characters");
        assert!(
            crate::message::is_plain(name),
            "a queue's name consists of letters, digits, hyphens and underscores"
        );
        Self { name, carries: PhantomData }
    }

    /// The name, without the prefix of a deployment.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The topic whose messages it gets.
    pub const fn topic(self) -> Topic {
        M::TOPIC
    }
}

// By hand: derived ones would ask the same of the message.
impl<M> Clone for Queue<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Queue<M> {}

impl<M> fmt::Debug for Queue<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Queue").field(&self.name).finish()
    }
}
