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

/// How far a call of the relay has come. Rows are bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Run {
    /// The subject that was woken.
    pub subject: Subject,
    /// What it does next.
    pub step: Step,
    /// The rows that were read and not sent yet. While they are being read: those that were there all the
    /// time.
    pub seen: u8,
    /// While rows are being read: those that were there at some time since the reading began.
    pub ever: u8,
    /// The rows that were sent, and not deleted by this call.
    pub sent: u8,
    /// The stream records that it will acknowledge.
    pub records: u8,
}

/// What a call of the relay does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// It is reading the rows that the stream records name.
    Reading,
    /// It is reading all rows of the subject.
    Querying,
    /// It asks whether the lowest row's turn has come.
    Asking,
    /// It sends the lowest row.
    Sending,
    /// It deletes the rows that it has sent, one after the other.
    Deleting(Then),
    /// It marks the lowest row as one that cannot be sent.
    Parking,
    /// All is stored; the records may be acknowledged.
    Done,
    /// It neither parks nor goes on: a planted defect.
    Stuck,
}

/// What follows when the rows that were sent are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Then {
    /// There is nothing left to send.
    Acknowledge,
    /// The broker did not answer, or refused for now: the records stay, so they come again.
    Fail,
    /// The broker will never take the lowest row.
    Park,
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

/// The bit that stands for the row with this sequence.
pub(crate) fn bit(sequence: u8) -> u8 {
    1 << sequence
}
