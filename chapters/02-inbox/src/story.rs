//! What the chapter says when it is run. What was damaged, the runs say.

use fault_engine::{At, Episode, Fault, Story};

use crate::PROGRAM;

/// The story.
pub const STORY: Story = Story {
    program: PROGRAM,
    title: "Chapter 2: an inbox",
    opening: "A consumer now stores the id of each message that it has handled, and skips it when \
              it comes again.",
    episodes: &[
        Episode {
            heading: "Every message is delivered twice",
            told: "In chapter 1 this reserved credit twice.",
            fault: Fault::DuplicateDelivery,
            at: At::Variant(0),
        },
        Episode {
            heading: "A crash between the effect and the inbox",
            told: "Credit is reserved, the id of the message is not stored yet. The message comes again.",
            fault: Fault::CrashBefore,
            at: At::Call("reserve-credit", "PutItem", "inbox", 1),
        },
        Episode {
            heading: "SNS is out of reach for a minute",
            told: "The order is stored, the event cannot be published, the client gets an error.",
            fault: Fault::Outage,
            at: At::Call("http", "Publish", "order--created", 1),
        },
    ],
    closing: "Effect and inbox must be written together: chapter 4. Before that, events must outlive\n\
              an outage: chapter 3.",
};
