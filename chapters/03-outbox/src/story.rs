//! What the chapter says when it is run. What was damaged, the runs say.

use fault_engine::{At, Episode, Fault, Story};

use crate::PROGRAM;

/// The story.
pub const STORY: Story = Story {
    program: PROGRAM,
    title: "Chapter 3: an outbox and a poller",
    opening: "An event is stored in an outbox table before the change it tells of. A poller looks \
              every five seconds,\n\
              publishes what it finds, oldest first, and marks it.",
    episodes: &[
        Episode {
            heading: "SNS is out of reach for a minute",
            told: "In chapter 2 this lost the event. Now it waits in the outbox.",
            fault: Fault::Outage,
            at: At::Call("orders-poller", "Publish", "order--created", 1),
        },
        Episode {
            heading: "A crash between the event and the order",
            told: "The event of order A is stored, the order is not. The poller knows nothing of that.",
            fault: Fault::CrashAfter,
            at: At::Call("http", "PutItem", "orders-outbox", 1),
        },
    ],
    closing: "Whichever of two writes comes first, a crash can part them. They must become one: chapter 4.",
};
