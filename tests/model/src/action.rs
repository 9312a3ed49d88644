//! The steps that the model knows.

use crate::names::{Item, Message, Order, Subject};

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Somebody writes.
    Write(Writer),
    /// A program with a planted defect does the second half of placing an order.
    FinishPlacing(Order),
    /// An item of a transaction that is not wholly visible shows it.
    Show(Item),
    /// The transaction that had hold of this row is cancelled.
    LetGo(Subject, u8),
    /// Some of the stream records, a bit for each, or the sweep when there is none, wake the subject; the
    /// relay begins to read its rows.
    Wake(Subject, u8),
    /// The relay with this number ends reading and has seen these rows, a bit for each.
    Read(usize, u8),
    /// The relay with this number goes on.
    Relay(usize),
    /// The relay with this number deletes a row that it has sent.
    Delete(usize, u8),
    /// A consumer receives the message and reads what it needs first.
    Receive(Message),
    /// The operator repairs what kept the subject from being sent, and unparks it.
    Unpark(Subject),
    /// The operator moves a message from the dead-letter queue back to its queue.
    Redrive(Message),
    /// Something goes wrong.
    Fault(Fault),
}

/// Who writes, in one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// Somebody places an order.
    Place(Order),
    /// Somebody cancels an order.
    Cancel(Order),
    /// The orders service gives an order up, because nobody has decided in time.
    GiveUp(Order),
    /// The handler with this number goes on; its commit is one of its steps.
    Handler(usize),
}

/// Something that goes wrong, or happens later than anybody thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The transaction of this writer becomes visible item by item.
    ItemByItem(Writer),
    /// A transaction that will be cancelled has hold of this row's place: it was late with what another has
    /// written.
    Held(Subject, u8),
    /// While a relay is at work, another is woken for this subject by these records: a shard was split or
    /// handed over.
    SecondRelay(Subject, u8),
    /// While a relay is at work, the sweep comes to this subject.
    SecondSweep(Subject),
    /// The process of the relay with this number dies.
    RelayDies(usize),
    /// The process of the handler with this number dies, or takes longer than the message stays hidden: the
    /// message is visible again.
    HandlerDies(usize),
    /// The broker takes the message; its answer is lost.
    AnswerLost(usize),
    /// The broker's answer names the message as not taken.
    EntryRefused(usize),
    /// All stream records of the subject come again: the stream was rewound, or a call that was answered is
    /// asked again.
    Rewind(Subject),
    /// A stream record is over 24 hours old before it is read, or the mapping was disabled.
    RecordLost(Subject, u8),
    /// A queue delivers a message twice.
    Duplicate(Message),
    /// A consumer does not understand the message, say because of a bad deployment.
    Unreadable(Message),
    /// The broker will not take this row until somebody has repaired something, say a topic.
    Poison(Subject, u8),
    /// The inbox row expires.
    InboxExpires(Message),
    /// The outbox row expires; only with a planted defect has it a time to.
    RowExpires(Subject, u8),
}
