//! Timestamps as text: ISO 8601 in UTC with offset `+00:00` and microseconds, without a fraction when it is
//! zero.
//!
//! Use it on a field with `#[serde(with = "transactional_messaging::timestamp")]`. Reading accepts any RFC
//! 3339 text.

use serde::{Deserialize, Deserializer, Serializer, de, ser};
use time::{
    OffsetDateTime, UtcOffset,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros::format_description,
};

const WHOLE: &[BorrowedFormatItem<'_>] = format_description!(
    "[year]-[month]-[day]T[hour]:[minute]:[second][offset_hour sign:mandatory]:[offset_minute]"
);
const FRACTION: &[BorrowedFormatItem<'_>] = format_description!(
    "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6][offset_hour sign:mandatory]:[offset_minute]"
);

/// Writes a time.
///
/// # Errors
///
/// Only for years outside 0 to 9999.
pub fn format(time: OffsetDateTime) -> Result<String, time::error::Format> {
    let time = in_utc(time).ok_or(time::error::Format::InvalidComponent("year"))?;
    time.format(if time.microsecond() == 0 { WHOLE } else { FRACTION })
}

/// Reads a time.
///
/// # Errors
///
/// When the text is not RFC 3339.
pub fn parse(text: &str) -> Result<OffsetDateTime, time::error::Parse> {
    OffsetDateTime::parse(text, &Rfc3339)
}

/// The same time in UTC, if that is in a year with four digits: an offset can take the last hours of 9999 out
/// of it.
fn in_utc(time: OffsetDateTime) -> Option<OffsetDateTime> {
    time.checked_to_offset(UtcOffset::UTC).filter(|time| (0..=9999).contains(&time.year()))
}

/// For serde.
///
/// # Errors
///
/// As [`format()`].
pub fn serialize<S: Serializer>(time: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*time).map_err(ser::Error::custom)?)
}

/// For serde.
///
/// # Errors
///
/// As [`parse`], and when the time could not be written again because it lies outside the years 0 to 9999 in
/// UTC.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OffsetDateTime, D::Error> {
    read(&String::deserialize(deserializer)?)
}

fn read<E: de::Error>(text: &str) -> Result<OffsetDateTime, E> {
    let time = parse(text).map_err(E::custom)?;
    in_utc(time).ok_or_else(|| E::custom("the time is outside the years 0 to 9999 in UTC"))
}

/// The same for a time that may be absent: `#[serde(default, with =
/// "transactional_messaging::timestamp::option", skip_serializing_if = "Option::is_none")]`.
pub mod option {
    use super::{Deserialize, Deserializer, OffsetDateTime, Serializer, read};

    /// For serde.
    ///
    /// # Errors
    ///
    /// As [`format()`](super::format()).
    pub fn serialize<S: Serializer>(time: &Option<OffsetDateTime>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// For serde.
    ///
    /// # Errors
    ///
    /// As [`deserialize`](super::deserialize).
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<OffsetDateTime>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| read(&text)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_fraction_has_six_digits_or_is_left_out() -> Result<(), Box<dyn std::error::Error>> {
        assert_eq!(format(datetime!(2026-11-23 09:05:01.000120 UTC))?, "2026-11-23T09:05:01.000120+00:00");
        assert_eq!(format(datetime!(2026-11-23 10:05:01 +1))?, "2026-11-23T09:05:01+00:00");
        assert_eq!(parse("2026-11-23T09:05:01+00:00")?, datetime!(2026-11-23 09:05:01 UTC));
        Ok(())
    }

    #[test]
    fn an_offset_that_leads_out_of_the_calendar_is_an_error_and_no_panic() {
        for text in ["9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00"] {
            let time = parse(text).unwrap();
            assert!(format(time).is_err(), "{text}");
            assert!(deserialize(serde_json::json!(text)).is_err(), "{text}");
        }
    }
}
