//! Texts of the command line that mean something: subjects, times, names of queues.

use std::str::FromStr;

use time::{Duration, OffsetDateTime};
use transactional_messaging::{message::Subject, timestamp};

/// A subject as envelopes and logs show it.
///
/// # Errors
///
/// What a subject looks like.
pub fn subject(text: &str) -> Result<Subject, String> {
    // Copied from a table, it may begin as the key does.
    let text = text.trim().trim_start_matches("SUBJECT#");
    let parts: Vec<_> = text.split('/').collect();
    let is_whole = parts.len().is_multiple_of(2) && parts.iter().all(|part| !part.is_empty());
    match is_whole && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(Subject::named(text)),
        false => {
            Err("a subject is a kind and an id, such as order/0193…; `txm trace ID` finds one by its id"
                .to_owned())
        }
    }
}

/// The name of a queue, with or without the ends of the queues beside it.
///
/// # Errors
///
/// What a name looks like.
pub fn queue(text: &str) -> Result<String, String> {
    let plain = text.trim().trim_end_matches(".fifo");
    let plain = plain.trim_end_matches("--dlq").trim_end_matches("--undelivered");
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !plain.is_empty() && plain.len() <= 80 && plain.chars().all(is_name) {
        true => Ok(plain.to_owned()),
        false => Err("a queue's name has 1 to 80 letters, digits, hyphens and underscores".to_owned()),
    }
}

/// A service whose tables were restored, and what their names end in: `orders=20261129t080000z`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The service.
    pub service: String,
    /// The end of the names, with the hyphen before it.
    pub end: String,
}

impl FromStr for Restored {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_end = |end: &str| {
            let shape = "00000000t000000z".bytes().zip(end.bytes());
            end.len() == 16
                && shape.into_iter().all(|(wanted, found)| match wanted {
                    b'0' => found.is_ascii_digit(),
                    letter => found == letter,
                })
        };
        match text.split_once('=') {
            Some((service, end)) if is_end(end) => {
                Ok(Self { service: service.to_owned(), end: format!("-{end}") })
            }
            _ => Err("restored tables are written as a service and the end of their names, such as \
                      orders=20261129t080000z"
                .to_owned()),
        }
    }
}

/// So many a second.
///
/// # Errors
///
/// The bounds.
pub fn rate(text: &str) -> Result<u32, String> {
    let rate = text.parse().ok().filter(|rate| (1..=10_000).contains(rate));
    rate.ok_or_else(|| "a rate is a number from 1 to 10000".to_owned())
}

/// So long: `90s`, `2m`, `1h`, `3d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a time is a number and s, m, h or d, such as 90s, 2m, 1h or 3d".to_owned();
        let unit = text.chars().last().ok_or_else(wrong)?;
        let number = text.strip_suffix(unit).unwrap_or_default();
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(wrong()),
        };
        // More than a century is a typing error, and would leave the calendar.
        let number = number.parse::<u32>().ok().filter(|number| i64::from(*number) * seconds < 3_200_000_000);
        number.map(|number| Self(Duration::seconds(i64::from(number) * seconds))).ok_or_else(wrong)
    }
}

/// A moment: an RFC 3339 time, or so long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Then.
    At(OffsetDateTime),
    /// So long ago.
    Ago(Duration),
}

impl Moment {
    /// Seen from this moment.
    pub fn seen_at(self, now: OffsetDateTime) -> OffsetDateTime {
        match self {
            Self::At(time) => time,
            Self::Ago(time) => now - time,
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ago = text.parse::<Span>().map(|span| Self::Ago(span.0));
        ago.or_else(|_| timestamp::parse(text).map(Self::At)).map_err(|_| {
            "a moment is a time such as 2026-11-29T00:00:00Z, or so long ago, such as 2h".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_kinds_and_ids() {
        assert_eq!(subject("SUBJECT#order/7").unwrap().as_str(), "order/7");
        assert_eq!(subject("customer/1/order/2").unwrap().as_str(), "customer/1/order/2");
        for wrong in ["", "order", "order/", "/7", "order/7/", "a b/7", "order/7/x"] {
            assert!(subject(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_queue_is_named_with_or_without_what_stands_beside_it() {
        for name in ["a--b", "a--b--dlq", "a--b--undelivered", "a--b--dlq.fifo", "a--b.fifo"] {
            assert_eq!(queue(name).as_deref(), Ok("a--b"));
        }
        assert!(queue("a b").is_err() && queue("").is_err() && queue(&"x".repeat(81)).is_err());
    }

    #[test]
    fn restored_tables_end_in_a_moment() {
        let restored = Restored { service: "orders".to_owned(), end: "-20261129t080000z".to_owned() };
        assert_eq!("orders=20261129t080000z".parse(), Ok(restored));
        for wrong in ["orders", "orders=", "orders=yesterday", "orders=20261129T080000Z", "orders=2026"] {
            assert!(wrong.parse::<Restored>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_have_a_unit_and_stay_in_the_calendar() {
        assert_eq!("90s".parse(), Ok(Span(Duration::seconds(90))));
        assert_eq!("3d".parse(), Ok(Span(Duration::days(3))));
        for wrong in ["", "2", "m", "-2m", "2 m", "4294967295d", "2µ", "1.5h"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
        assert!(rate("0").is_err() && rate("10001").is_err() && rate("50") == Ok(50));
        let now = OffsetDateTime::UNIX_EPOCH;
        assert_eq!("2h".parse::<Moment>().unwrap().seen_at(now), now - Duration::hours(2));
        assert!(matches!("2026-11-29T00:00:00Z".parse(), Ok(Moment::At(_))));
        assert!("yesterday".parse::<Moment>().is_err());
    }
}
