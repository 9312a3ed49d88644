//! What the chapter says when it is run. What was damaged, the runs say.

use fault_engine::{At, Episode, Fault, Story};

use crate::PROGRAM;

/// The story.
pub const STORY: Story = Story {
    program: PROGRAM,
    title: "Chapter 4: a unit of work",
    opening: "Aggregate, inbox row and outbox row are written in one transaction, on the condition that the\n\
              aggregate still has the version that was read.",
    episodes: &[
        Episode {
            heading: "A crash right after the transaction",
            told: "In chapter 3 a crash here left an event without its order. Now there are both, or none.",
            fault: Fault::CrashAfter,
            at: At::Call("http", "TransactWriteItems", "orders-outbox + orders", 1),
        },
        Episode {
            heading: "A crash before the message is deleted",
            told: "In chapter 2 credit was reserved twice when the inbox row was missing. Now it \
                   comes with the effect.",
            fault: Fault::CrashBefore,
            at: At::Call("reserve-credit", "DeleteMessage", "customer--order-created", 1),
        },
        Episode {
            heading: "SNS refuses one message",
            told: "Too long, say. The poller keeps the sequence, so it stops there, and tries again \
                   for ever.",
            fault: Fault::RefusedMessage,
            at: At::Call("orders-poller", "Publish", "order--created", 1),
        },
    ],
    closing: "The poller asks all day long, mostly for nothing, and one bad message stops it: \
              chapters 5 and 6.",
};
