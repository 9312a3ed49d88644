//! Designs that are known to be wrong. Each takes one cure out of the protocol, and the model must find what
//! it breaks.

use crate::{
    bounds::Bounds,
    promises::{
        CHANGES_AND_ROWS, DEAD_LETTERS, EFFECT_ONCE, GONE_WAS_SENT, IN_SEQUENCE, INBOX_AND_EFFECTS,
        JUST_REFUSALS, MARK_ON_A_MESSAGE, MARK_ON_THE_FIRST, MONEY, NO_PHANTOM, NOT_SENT_AGAIN,
        NOTHING_VANISHES, PARKING, REST_CREDIT, REST_PUBLISHED, THREE_LIVES,
    },
};

/// One order, one fault, nothing beside it.
const ONE: Bounds = Bounds {
    orders: 1,
    limits: &[1],
    cancels: 0,
    give_ups: 0,
    faults: 1,
    second_relay: false,
    item_by_item: false,
    receipts: false,
    handlers: 1,
    tally: false,
};
const CALM: Bounds = Bounds { faults: 0, ..ONE };
const CALM_CANCELLED: Bounds = Bounds { cancels: 1, ..CALM };
const ONE_CANCELLED: Bounds = Bounds { cancels: 1, ..ONE };
const CALM_GIVEN_UP: Bounds = Bounds { give_ups: 1, ..CALM };
const TWO_FAULTS: Bounds = Bounds { faults: 2, ..ONE };
const TALLY: Bounds = Bounds { tally: true, ..ONE };
/// Two orders and a cancellation, without any fault.
const RACE: Bounds = Bounds { orders: 2, handlers: 2, ..CALM_CANCELLED };

/// One line for each: what is wrong, the property that catches it (where one state breaks several, the one
/// that says best what is wrong), and the smallest bounds in which it shows.
macro_rules! defects {
    ($($name:ident: $says:literal, $property:ident, $bounds:expr;)*) => {
        /// A planted design defect.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Defect {
            $(#[doc = $says] $name,)*
        }

        impl Defect {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// What is wrong.
            pub fn says(self) -> &'static str {
                match self { $(Self::$name => $says,)* }
            }

            /// The property that catches it.
            pub fn caught_by(self) -> &'static str {
                match self { $(Self::$name => $property,)* }
            }

            /// The smallest bounds in which it shows.
            pub fn bounds(self) -> Bounds {
                match self { $(Self::$name => $bounds,)* }
            }
        }
    };
}

defects! {
    NoVersionCondition: "a changed aggregate is written without a condition on the version that was read",
        MONEY, Bounds { limits: &[2], ..RACE };
    RefusalWithoutCondition: "a refusal is committed without a check that the customer is as it was read",
        JUST_REFUSALS, RACE;
    OutboxOutsideTransaction: "the outbox row is written after the transaction, on its own",
        CHANGES_AND_ROWS, ONE;
    PublishBeforeCommit: "the message is sent first, and the change committed then",
        NO_PHANTOM, ONE;
    CancelsPendingOrders: "an order may be cancelled before it was decided",
        THREE_LIVES, CALM_CANCELLED;
    NoInbox: "there is no inbox",
        EFFECT_ONCE, TALLY;
    InboxBeforeEffect: "the inbox row is written first, and the effect committed then",
        INBOX_AND_EFFECTS, ONE;
    InboxAfterEffect: "the effect is committed first, and the inbox row written then",
        INBOX_AND_EFFECTS, TALLY;
    InboxKeyWithoutConsumer: "the inbox key is the message's id alone",
        NOTHING_VANISHES, TALLY;
    ShortInboxWindow: "the inbox forgets a message while copies of it are under way, and no guard stands behind it",
        EFFECT_ONCE, Bounds { tally: true, ..TWO_FAULTS };
    NoDecisionGuard: "the customers service does not look at what it decided before: the inbox alone guards it",
        EFFECT_ONCE, Bounds { limits: &[2], ..TWO_FAULTS };
    NoOrderGuard: "a late message overwrites the state of the order: the inbox alone guards it",
        THREE_LIVES, TWO_FAULTS;
    ReleaseRaises: "to release what is not reserved any more is an error",
        DEAD_LETTERS, Bounds { cancels: 1, ..TWO_FAULTS };
    FreshIdAtEachDispatch: "each dispatch gives the message a new id",
        EFFECT_ONCE, TALLY;
    DeleteBeforeHandling: "a message is deleted from its queue when it is received",
        NOTHING_VANISHES, ONE;
    DuplicateNotDeleted: "a message that is known as a duplicate is not deleted",
        DEAD_LETTERS, ONE;
    DeadLetterDropped: "a message that is not understood is deleted",
        NOTHING_VANISHES, ONE;
    DeletedBeforeDeadLettered: "a message that is not understood is deleted first and dead-lettered then",
        NOTHING_VANISHES, TWO_FAULTS;
    RejectionUnheard: "nobody gives back what was reserved for an order that was given up meanwhile",
        REST_CREDIT, CALM_GIVEN_UP;
    GivesUpUnconditionally: "an order is given up without a condition on the version that was read",
        THREE_LIVES, CALM_GIVEN_UP;
    AbsenceBelieved: "a message about an order that is not there is an error: it was committed before anybody could hear of it",
        DEAD_LETTERS, ONE;
    QueryAsProof: "a row's turn has come when the query shows nothing before it",
        IN_SEQUENCE, Bounds { item_by_item: true, ..CALM_CANCELLED };
    GetAsProof: "a row's turn has come when a single read does not find the one before it",
        IN_SEQUENCE, Bounds { item_by_item: true, ..CALM_CANCELLED };
    GoneOnly: "a row's turn has come when the one before it is gone, be the row itself there or not",
        NOT_SENT_AGAIN, Bounds { cancels: 1, second_relay: true, ..TWO_FAULTS };
    PredecessorByVersion: "a row names the version before its own, though that had no message",
        IN_SEQUENCE, Bounds { orders: 2, ..CALM_GIVEN_UP };
    ImageTrusted: "the relay sends what the stream records hold and does not look whether the row is there",
        NOT_SENT_AGAIN, ONE;
    StreamOrderTrusted: "the relay sends the rows that the records name and does not ask whose turn it is",
        IN_SEQUENCE, CALM_CANCELLED;
    BatchOfOneSubject: "two rows of a subject are in one batch, which is taken in part",
        IN_SEQUENCE, ONE_CANCELLED;
    DeleteBeforePublish: "the rows are deleted before they are sent",
        GONE_WAS_SENT, CALM;
    FailedEntriesIgnored: "an answer of the broker counts as success, though it names entries that were not taken",
        GONE_WAS_SENT, ONE;
    TtlOnPendingRows: "a row has a time to live",
        GONE_WAS_SENT, ONE;
    NoSweeper: "nobody looks for rows that the stream did not bring",
        REST_PUBLISHED, ONE;
    SweepSkips: "the sweep passes over rows that are not the first of their subject",
        REST_PUBLISHED, ONE;
    ParkingBlocksAll: "a parked subject stops the relay for all",
        PARKING, Bounds { orders: 2, ..ONE };
    NeverParks: "what cannot be sent is tried again for ever, and the shard waits behind it",
        PARKING, ONE;
    PoisonSkipped: "what cannot be sent is skipped, and those behind it are sent",
        GONE_WAS_SENT, ONE;
    MarkOnTheLast: "the mark of what cannot be sent is set on the last row of the subject",
        MARK_ON_THE_FIRST, ONE_CANCELLED;
    MarkWithoutCondition: "the mark of what cannot be sent is set whether its row is still there or not",
        MARK_ON_A_MESSAGE, Bounds { second_relay: true, faults: 3, ..ONE };
}
