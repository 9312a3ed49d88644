//! What the protocol promises, in a sentence each: the names of the properties, which planted defects break.

pub(crate) const MONEY: &str = "money: reserved is the sum of the reservations and within the limit";
pub(crate) const EFFECT_ONCE: &str = "effect once: reserved, released and counted at most once";
pub(crate) const JUST_REFUSALS: &str = "refusals are just when they are committed";
pub(crate) const CHANGES_AND_ROWS: &str = "every change has its outbox row, and every row its change";
pub(crate) const THREE_LIVES: &str = "an order leads one of three lives";
pub(crate) const ORDERS_AND_DECISIONS: &str = "orders and decisions agree";
pub(crate) const INBOX_AND_EFFECTS: &str = "inbox and effects agree";
pub(crate) const NO_PHANTOM: &str = "no phantom: what is under way was committed";
pub(crate) const NOTHING_VANISHES: &str = "nothing vanishes: what was sent is under way or handled";
pub(crate) const IN_SEQUENCE: &str = "order: the events of a subject are published in sequence";
pub(crate) const GONE_WAS_SENT: &str = "no loss: a row that is gone was sent";
pub(crate) const MARK_ON_THE_FIRST: &str = "a mark is on a row in front of which everything was sent";
pub(crate) const MARK_ON_A_MESSAGE: &str =
    "a mark is on a row that is there: what was sent does not come back as a mark alone";
pub(crate) const NOT_SENT_AGAIN: &str = "what is known to be gone is not sent again";
pub(crate) const DEAD_LETTERS: &str = "only what is unreadable is dead-lettered";
pub(crate) const PARKING: &str = "a subject that cannot be sent is parked, and blocks only itself";
pub(crate) const REST_PUBLISHED: &str = "at rest: every event was published, and the outbox is empty";
pub(crate) const REST_HANDLED: &str = "at rest: every message was handled by every consumer";
pub(crate) const REST_DECIDED: &str = "at rest: no order is pending";
pub(crate) const REST_CREDIT: &str = "at rest: credit is held by approved orders and no others";
pub(crate) const REST_COUNTED: &str = "at rest: every placed order was counted";
