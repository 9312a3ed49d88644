//! A customer's address for mails.

use std::{fmt, sync::LazyLock};

use regex::Regex;

/// The longest address, in characters, all of which are ASCII (RFC 5321, 4.5.3.1.3).
pub const MAX_EMAIL_CHARS: usize = 254;

/// The whole rule but for the length: words joined by dots, an `@`, and a domain of two labels or more, the
/// last of which begins with a letter. That is narrower than RFC 5322 (no quotes, no comments, no addresses
/// in numbers), and ASCII, because Amazon SES sends to no other ("Amazon SES API v2 Reference, SendEmail").
/// Whether anybody reads what is sent there, no rule can say.
pub const EMAIL_PATTERN: &str = concat!(
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*",
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])$",
);

#[expect(clippy::expect_used, reason = "a constant, which every test of this module compiles")]
static RULE: LazyLock<Regex> = LazyLock::new(|| Regex::new(EMAIL_PATTERN).expect("a regular expression"));

/// An address for mails: up to [`MAX_EMAIL_CHARS`] characters that follow [`EMAIL_PATTERN`]. `Debug` does not
/// show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

/// A text is no [`Email`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an email has up to {MAX_EMAIL_CHARS} ASCII characters, such as name@example.com, without quotes and blanks"
)]
pub struct NotAnEmail;

impl Email {
    /// An address.
    ///
    /// # Errors
    ///
    /// [`NotAnEmail`] when the text is too long or has another form.
    pub fn new(text: impl Into<String>) -> Result<Self, NotAnEmail> {
        let text = text.into();
        // The length first, so that the expression never sees a long text.
        if text.len() <= MAX_EMAIL_CHARS && RULE.is_match(&text) { Ok(Self(text)) } else { Err(NotAnEmail) }
    }

    /// An address as it was stored. It is not checked: it followed the rules of its day, and a customer must
    /// stay readable when they change.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Customers are logged, and their addresses must not be.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_it_is() {
        for text in [
            "ada@example.com",
            "A.d+a_1@mail.example.co.uk",
            "o'neil@x-y.example",
            "x@xn--bcher-kva.xn--p1ai",
        ] {
            assert_eq!(Email::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "ada@example.com.",
            "ada@.example.com",
            "ada@-example.com",
            "ada@example-.com",
            "ada@127.0.0.1",
            "a..da@example.com",
            ".ada@example.com",
            "ada.@example.com",
            "a da@example.com",
            "ada@example.com ",
            "ada@example.com\n",
            "ada@example.com\r\nBcc: bob@example.com",
            "ada@example.com,bob@example.com",
            "Ada <ada@example.com>",
            "\"a da\"@example.com",
            "äda@example.com",
            "ada@bücher.example",
            "a@b@example.com",
        ] {
            assert_eq!(Email::new(text), Err(NotAnEmail), "{text:?}");
        }
    }

    #[test]
    fn the_longest_has_254_characters() {
        let of_length = |length: usize| format!("{}@example.com", "a".repeat(length - "@example.com".len()));
        assert!(Email::new(of_length(254)).is_ok());
        assert_eq!(Email::new(of_length(255)), Err(NotAnEmail));
    }

    #[test]
    fn it_is_not_shown() {
        assert_eq!(format!("{:?}", Email::new("ada@example.com").unwrap()), "Email(..)");
    }
}
