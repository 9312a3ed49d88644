//! Who delivers mails. A provider says what it knows of each: taken, refused, not taken, or that it does not
//! know.

mod ses;
mod with_key;

pub use ses::Ses;
pub use with_key::WithKey;

use std::{error::Error, fmt};

use futures::future::BoxFuture;

use crate::domain::Letter;

/// Delivers mails.
pub trait Provider: fmt::Debug + Send + Sync {
    /// Hands a mail over, in one attempt: whether to make another is decided by who knows what is stored.
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), SendError>>;

    /// Whether a mail that comes again with its key ([`MailId::key`](crate::domain::MailId::key)) is
    /// delivered once. If so, a mail whose fate is unknown may be sent again.
    fn honours_keys(&self) -> bool;
}

/// Why a mail was not handed over, as far as anybody knows.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It was not taken, and never will be as it is. No retry helps.
    #[error("the provider refuses this mail: {reason}")]
    Refused {
        /// Why, without the address: it is logged.
        reason: String,
    },
    /// It was certainly not taken, for a reason that passes or that somebody must repair. A retry may help.
    #[error("the provider did not take the mail, and may later")]
    NotTaken(#[source] Box<dyn Error + Send + Sync>),
    /// Nobody knows whether it was taken. A retry may deliver it a second time, unless the provider honours
    /// keys.
    #[error("nobody knows whether the provider took the mail")]
    Unknown(#[source] Box<dyn Error + Send + Sync>),
}

/// What a provider says of a refusal, without anything that may be an address: it goes into the log.
fn without_addresses(text: &str) -> String {
    let word = |word: &str| {
        if word.len() > 1 && word.contains('@') && !word.starts_with("'@") {
            "(an address)".to_owned()
        } else {
            word.to_owned()
        }
    };
    text.split_whitespace().take(40).map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_names_no_address() {
        let told = without_addresses("Email address is not verified: Ada <ada@example.com>, ada@example.com");
        assert_eq!(told, "Email address is not verified: Ada (an address) (an address)");
        assert_eq!(without_addresses("Missing final '@domain'"), "Missing final '@domain'");
    }
}
