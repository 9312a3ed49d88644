//! What a mail says, and where it goes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Decision, MailId};

/// Where mails to a customer go. Whoever created the customer has checked its form; the provider judges it.
/// `Debug` does not show it, because what consumes it is logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// The address with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

/// What is given to a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Which mail it is.
    pub id: MailId,
    /// Whose name is on it.
    pub from: String,
    /// Where it goes.
    pub to: Address,
    /// Its subject: one line.
    pub subject: &'static str,
    /// Its text.
    pub text: String,
}

impl Letter {
    /// The letter of a mail. It is the same each time, as a provider that knows keys demands.
    pub fn about(id: MailId, from: String, to: Address) -> Self {
        let (subject, news) = match id.decision {
            Decision::Approved => ("Your order is approved", "is approved"),
            Decision::Rejected => ("Your order could not be accepted", "could not be accepted"),
            Decision::Cancelled => ("Your order is cancelled", "is cancelled"),
        };
        Self { id, from, to, subject, text: format!("Your order {} {news}.\n", id.order) }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_address_is_read_as_text_and_not_shown() {
        let address: Address = serde_json::from_str(r#""ada@example.com""#).unwrap();
        assert_eq!((address.as_str(), format!("{address:?}").as_str()), ("ada@example.com", "Address(..)"));
    }

    #[test]
    fn each_decision_is_told_in_words_of_its_own() {
        let letter = |decision| {
            let id = MailId { order: Uuid::from_u128(7), decision };
            Letter::about(id, "shop@example.com".to_owned(), Address::new("ada@example.com"))
        };
        let [approved, rejected, cancelled] = Decision::ALL.map(letter);
        assert_eq!(approved.text, "Your order 00000000-0000-0000-0000-000000000007 is approved.\n");
        assert!(approved.subject != rejected.subject && rejected.subject != cancelled.subject);
    }
}
