//! Something that disagrees.

use customers::domain::Decision;
use orders::domain::{Order, Trigger};
use transactional_messaging::{inbox::Inbox, relay::operate::StoredRow};
use unit_of_work::{Condition, Item, Table};
use uuid::Uuid;

/// What disagrees, and by which rule it is mended.
#[derive(Debug)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// What it is about, as envelopes and logs show it.
    pub about: String,
    /// What was seen.
    pub seen: String,
    /// What nothing brings back.
    pub lost: Option<String>,
    pub(super) mend: Mend,
}

/// The rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A row of an outbox goes.
    DropRow,
    /// What is reserved of a customer's credit becomes the sum of its decisions.
    Recount,
    /// An order is told again.
    TellOrder,
    /// A decision is told again.
    TellDecision,
    /// An order is rejected.
    GiveUp,
    /// An order is cancelled.
    Cancel,
    /// Credit is reserved.
    Reserve,
    /// Credit is given back.
    Release,
    /// A row of an inbox goes.
    Forget,
    /// Nobody but a person can say what is right.
    Person,
}

/// What carries a rule out.
#[derive(Debug)]
pub(super) enum Mend {
    Drop { outbox: Table, row: Box<StoredRow>, ground: (Table, Item, Condition) },
    Recount { id: Uuid, version: u64, reserved: u64 },
    TellOrder(Order),
    Lead(Order, Trigger),
    Reserve { ids: (Uuid, Uuid), total: u64 },
    TellDecision((Uuid, Uuid), Decision),
    Release((Uuid, Uuid)),
    Forget { inbox: Inbox, consumer: &'static str, message: Uuid },
    Nobody,
}

impl Rule {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::DropRow => "drop-row",
            Self::Recount => "recount",
            Self::TellOrder => "tell-order",
            Self::TellDecision => "tell-decision",
            Self::GiveUp => "give-up",
            Self::Cancel => "cancel",
            Self::Reserve => "reserve",
            Self::Release => "release",
            Self::Forget => "forget",
            Self::Person => "person",
        }
    }
}

impl Finding {
    pub(super) fn new(rule: Rule, about: impl Into<String>, seen: impl Into<String>, mend: Mend) -> Self {
        Self { rule, about: about.into(), seen: seen.into(), lost: None, mend }
    }

    pub(super) fn for_a_person(about: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::new(Rule::Person, about, seen, Mend::Nobody)
    }

    #[must_use]
    pub(super) fn losing(self, lost: impl Into<String>) -> Self {
        Self { lost: Some(lost.into()), ..self }
    }
}
