//! Mails about decisions: rules without any thought of storage, messages or providers.

mod letter;
mod life;

pub use letter::{Address, Letter};
pub use life::{State, Trigger, transition};

use std::{fmt, str::FromStr, time::Duration};

use time::OffsetDateTime;
use uuid::Uuid;

/// What was decided about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// It was approved.
    Approved,
    /// It was rejected, or given up.
    Rejected,
    /// It was cancelled after it had been approved.
    Cancelled,
}

impl Decision {
    /// All decisions.
    pub const ALL: [Self; 3] = [Self::Approved, Self::Rejected, Self::Cancelled];

    /// As it is stored and told.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Which mail it is. An order is decided on so at most once in each of these ways, so the decision itself is
/// the mail's name: two messages that tell of it wish for one mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MailId {
    /// The order.
    pub order: Uuid,
    /// What was decided about it.
    pub decision: Decision,
}

/// A text names no mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a mail is named by its order and the decision, such as 0190d1c2-0000-7000-8000-000000000007/approved"
)]
pub struct NotAMail;

impl MailId {
    /// The key by which a provider knows this mail again: the same each time, in every process and version.
    pub fn key(self) -> Uuid {
        /// Made once, for this purpose.
        const MAILS: Uuid = Uuid::from_u128(0x5d9c_1f0e_6a4b_4c55_9a37_2f9d_80b1_c6e4);
        Uuid::new_v5(&MAILS, self.to_string().as_bytes())
    }
}

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.order, self.decision.name())
    }
}

impl FromStr for MailId {
    type Err = NotAMail;

    fn from_str(text: &str) -> Result<Self, NotAMail> {
        let (order, decision) = text.split_once('/').ok_or(NotAMail)?;
        let decision = Decision::ALL.into_iter().find(|known| known.name() == decision).ok_or(NotAMail)?;
        Ok(Self { order: order.parse().map_err(|_| NotAMail)?, decision })
    }
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Which one.
    pub id: MailId,
    /// To whom it goes. The address is looked up when it is sent.
    pub customer: Uuid,
    /// Where it stands.
    pub state: State,
    /// When somebody must look at it again; a mail that has come to its end has no such time.
    pub due: Option<OffsetDateTime>,
    /// How often it was looked at and not sent: by this the pauses grow.
    pub tries: u32,
    /// How often it was in doubt.
    pub doubts: u32,
    /// 0 when it was wanted, one more with each change.
    pub version: u64,
    /// The conversation that led to it.
    pub correlation_id: Uuid,
    /// When it was wanted.
    pub wanted_at: OffsetDateTime,
    /// When it was changed last.
    pub changed_at: OffsetDateTime,
}

impl Mail {
    /// A mail that somebody should send now.
    pub fn wanted(id: MailId, customer: Uuid, correlation_id: Uuid, now: OffsetDateTime) -> Self {
        let (tries, doubts, version) = (0, 0, 0);
        let (state, due, wanted_at, changed_at) = (State::Wanted, Some(now), now, now);
        Self { id, customer, state, due, tries, doubts, version, correlation_id, wanted_at, changed_at }
    }

    /// The same mail in another state, at which somebody must look again after this time, or never.
    #[must_use]
    pub fn becomes(&self, state: State, now: OffsetDateTime, look_after: Option<Duration>) -> Self {
        let due = look_after.map(|time| now + time);
        Self { state, due, version: self.version + 1, changed_at: now, ..self.clone() }
    }

    /// Whether it is time to look at it.
    pub fn is_due(&self, now: OffsetDateTime) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: Uuid = Uuid::from_u128(7);

    #[test]
    fn the_key_of_a_mail_stays_what_it_is() {
        let keys = Decision::ALL.map(|decision| MailId { order: ORDER, decision }.key().to_string());
        // Made once, stored nowhere: with another key a provider would not know the mail again.
        assert_eq!(
            keys,
            [
                "bd4bf050-b176-514d-b4c9-cd8c63228535",
                "5c893e0c-16b4-591f-a79c-8aaf3f92b546",
                "d182be50-e74e-5e98-8c3a-84f70e280640",
            ]
        );
    }

    #[test]
    fn a_mail_is_read_by_the_name_that_is_told() {
        for decision in Decision::ALL {
            let id = MailId { order: ORDER, decision };
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in ["", "approved", "7/approved", "00000000-0000-0000-0000-000000000007/lost"] {
            assert_eq!(text.parse::<MailId>(), Err(NotAMail), "{text}");
        }
    }
}
