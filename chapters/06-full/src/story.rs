//! What the chapter says when it is run. What was damaged, the runs say.

use fault_engine::{At, EVERY_INVOCATION, Episode, Fault, Story};

use crate::PROGRAM;

/// The story.
pub const STORY: Story = Story {
    program: PROGRAM,
    title: "Chapter 6: the full pattern",
    opening: "A stream record only says which subject has news. The relay reads that subject's \
              rows, publishes\n\
              them in sequence and deletes them. What the outbox holds was not sent.",
    episodes: &[
        Episode {
            heading: "Records of different items change places",
            told: "In chapter 5 this delivered events out of sequence.",
            fault: Fault::StreamReorder,
            at: At::Variant(EVERY_INVOCATION),
        },
        Episode {
            heading: "A transaction becomes visible item by item",
            told: "Credit is reserved for order A, and then for B. The row of B can be read first, \
                   and waits for that of A.",
            fault: Fault::HalfVisible,
            // The sixth transaction, its last item first: the customer, then the row.
            at: At::Variant(51),
        },
        Episode {
            heading: "SNS refuses one message",
            told: "In chapter 5 this lost other messages, too. Now order A is parked, with the \
                   reason; all others go on.",
            fault: Fault::RefusedMessage,
            at: At::Call("orders-relay", "Publish", "order--created", 1),
        },
        Episode {
            heading: "A message that nobody can read",
            told: "It goes to the dead-letter queue at once, with the reason.",
            fault: Fault::PoisonPayload,
            at: At::Variant(0),
        },
    ],
    closing: "No fault of the laboratory does damage here. The crates in final/ have this shape.",
};
