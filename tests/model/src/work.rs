//! What is being worked on: calls of the relay, messages in the hands of a consumer.

use crate::{
    names::{Message, Subject},
    tables::{Decision, OrderState},
};

/// A call of the relay for one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relay {
    /// None.
    Idle,
    /// One that is under way.
    At(Run),
}

/// How far a call of the relay has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Run {
    /// The subject that was woken.
    pub subject: Subject,
    /// What was done last.
    pub step: Step,
    /// The watermark as it was read.
    pub seen: u8,
    /// The rows that were read and not sent yet, a bit for each.
    pub to_send: u8,
    /// The rows that were sent.
    pub sent: u8,
    /// The stream records that it will acknowledge.
    pub records: u8,
}

/// A step of the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// It has read the head.
    HeadRead,
    /// It has read the rows and is sending them.
    Sending,
    /// The broker did not answer, or refused for now: it settles what was sent and fails.
    Failed,
    /// The broker will never take the next row: it settles what was sent and parks the subject.
    Poisoned,
    /// It has settled what was sent; the poisoned row is next.
    Parking,
    /// All is stored; the records may be acknowledged.
    Done,
    /// It neither parks nor goes on: a planted defect.
    Stuck,
}

/// A message in work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handler {
    /// None.
    Idle,
    /// One that was received.
    At(Message, Work),
}

/// How far the handling of a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// The decision was read; the customer was not.
    DecisionRead(Decision),
    /// Everything was read.
    Ready(Grounds),
    /// A program with a planted defect has written one of two things.
    Half(Grounds),
    /// It had its effect, now or before: it can be deleted.
    Handled,
    /// It was not understood: it goes to the dead-letter queue.
    Burying,
    /// It is in the dead-letter queue and can be deleted.
    Buried,
}

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grounds {
    /// By the customers service: the decision, and of the customer the version and what is reserved.
    Customer(Decision, u8, u8),
    /// By the orders service: state and version of the order.
    Order(OrderState, u8),
    /// Nothing.
    Nothing,
}
