//! What the chapter says when it is run. What was damaged, the runs say.

use fault_engine::{At, EVERY_INVOCATION, Episode, Fault, Story};

use crate::PROGRAM;

/// The story.
pub const STORY: Story = Story {
    program: PROGRAM,
    title: "Chapter 5: a relay on DynamoDB Streams",
    opening: "Lambda calls the relay with the rows that were stored in the outbox. Nobody polls \
              DynamoDB any more.",
    episodes: &[
        Episode {
            heading: "A batch comes again after it was published",
            told: "Lambda promises at least one delivery, too. The inbox knows these messages.",
            fault: Fault::StreamRedelivery,
            at: At::Variant(0),
        },
        Episode {
            heading: "Records of different items change places",
            told: "DynamoDB Streams keep the sequence of one item only, and each row is an item of its own.",
            fault: Fault::StreamReorder,
            at: At::Variant(EVERY_INVOCATION),
        },
        Episode {
            heading: "SNS refuses one message",
            told: "The batch fails and comes again, ten times. Then Lambda discards it from that record on.",
            fault: Fault::RefusedMessage,
            at: At::Call("orders-relay", "Publish", "order--created", 1),
        },
    ],
    closing: "The sequence must come from the rows, not from the stream, and a bad message must harm \
              nobody else: chapter 6.",
};
