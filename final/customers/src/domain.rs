//! Customers and their credit: rules without any thought of storage or messages.

mod decision;
mod email;
mod name;

pub use decision::{CreditAction, Decision, OrderEvent, credit_action};
pub use email::{EMAIL_PATTERN, Email, MAX_EMAIL_CHARS, NotAnEmail};
pub use name::{MAX_NAME_CHARS, NAME_PATTERN, Name, NotAName};

use time::OffsetDateTime;
use uuid::Uuid;

/// The largest amount, in minor units: the largest integer that every JSON parser keeps exactly (2^53 − 1).
pub const MAX_AMOUNT: u64 = (1 << 53) - 1;

/// An amount of money in minor units (cents), from 0 to [`MAX_AMOUNT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(u64);

/// An amount is over [`MAX_AMOUNT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount is a whole number of minor units from 0 to {MAX_AMOUNT}")]
pub struct AmountOutOfRange;

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of so many minor units.
    ///
    /// # Errors
    ///
    /// [`AmountOutOfRange`] over [`MAX_AMOUNT`].
    pub fn new(minor_units: u64) -> Result<Self, AmountOutOfRange> {
        if minor_units <= MAX_AMOUNT { Ok(Self(minor_units)) } else { Err(AmountOutOfRange) }
    }

    /// The amount in minor units.
    pub fn minor_units(self) -> u64 {
        self.0
    }

    fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(|sum| Self::new(sum).ok())
    }

    fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// A customer. Decisions about orders are kept one by one beside it (see [`Decision`]), so it does not grow
/// with its orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: Name,
    /// Where mails to it go, if it has said so.
    pub email: Option<Email>,
    /// How much may be reserved in all.
    pub credit_limit: Money,
    /// How much is reserved: the sum of all reservations, never more than the limit.
    pub reserved: Money,
    /// 0 when created, one more with each change.
    pub version: u64,
    /// The last version that was announced by a message: credit that is released is not.
    pub announced_version: u64,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When it was changed last; not set before the first change.
    pub updated_at: Option<OffsetDateTime>,
}

impl Customer {
    /// A new customer.
    pub fn new(id: Uuid, name: Name, credit_limit: Money, now: OffsetDateTime) -> Self {
        let (version, announced_version) = (0, 0);
        Self {
            id,
            name,
            email: None,
            credit_limit,
            reserved: Money::ZERO,
            version,
            announced_version,
            created_at: now,
            updated_at: None,
        }
    }

    /// The same customer with an address for mails, or without one.
    #[must_use]
    pub fn reached_at(self, email: Option<Email>) -> Self {
        Self { email, ..self }
    }

    /// How much may still be reserved.
    pub fn available_credit(&self) -> Money {
        self.credit_limit.minus(self.reserved)
    }

    /// The customer with so much more of its credit reserved, which is announced; nothing when that is over
    /// the limit.
    pub fn reserve(&self, total: Money, now: OffsetDateTime) -> Option<Self> {
        let reserved = self.reserved.plus(total).filter(|reserved| *reserved <= self.credit_limit)?;
        Some(Self { announced_version: self.version + 1, ..self.changed(reserved, now) })
    }

    /// The customer with so much less of its credit reserved.
    #[must_use]
    pub fn give_back(&self, amount: Money, now: OffsetDateTime) -> Self {
        self.changed(self.reserved.minus(amount), now)
    }

    /// The customer with this much of its credit reserved, as its decisions say: for one that was restored to
    /// another moment than they. Nothing when that is over the limit.
    pub fn recounted(&self, reserved: Money, now: OffsetDateTime) -> Option<Self> {
        (reserved <= self.credit_limit).then(|| self.changed(reserved, now))
    }

    fn changed(&self, reserved: Money, now: OffsetDateTime) -> Self {
        Self { reserved, version: self.version + 1, updated_at: Some(now), ..self.clone() }
    }
}

#[cfg(test)]
mod tests;
