//! What the chapter says when it is run. What was damaged, the runs say.

use fault_engine::{At, Episode, Fault, Story};

use crate::PROGRAM;

/// The story.
pub const STORY: Story = Story {
    program: PROGRAM,
    title: "Chapter 1: put, then publish",
    opening: "An order is stored, then an event about it is published. Customers hears of it, reserves\n\
              credit and publishes its answer in the same way. Consumers remember nothing.",
    episodes: &[
        Episode {
            heading: "A crash after the order is stored",
            told: "The process dies between the two calls. Nobody will ever hear of order A.",
            fault: Fault::CrashAfter,
            at: At::Call("http", "PutItem", "orders", 1),
        },
        Episode {
            heading: "Every message is delivered twice",
            told: "SQS promises at least one delivery, and sometimes there are two.",
            fault: Fault::DuplicateDelivery,
            at: At::Variant(0),
        },
    ],
    closing: "Consumers must know a message that they have handled: chapter 2.\n\
              Events must survive a crash: chapter 3.",
};
