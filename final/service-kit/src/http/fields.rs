//! Fields of request bodies whose errors speak the language of the contract.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde_json::value::RawValue;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// A whole number from 0 to [`WholeNumber::MAX`], as digits; `.0` may follow, for JSON Schema counts 583.0 as
/// an integer and some clients write it so. It is judged as text and never rounded, so 9007199254740990.7 is
/// no whole number. An exponent is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WholeNumber(u64);

impl WholeNumber {
    /// The largest integer that every JSON parser keeps exactly, 2^53 − 1 (RFC 8259, section 6).
    pub const MAX: u64 = (1 << 53) - 1;

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A UUID in its hyphenated form only, so that one resource has one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UuidText(pub Uuid);

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        whole(json.get()).map(Self).ok_or_else(|| {
            D::Error::custom(format_args!(
                "expected a whole number from 0 to {}, found {}",
                Self::MAX,
                kind(json.get())
            ))
        })
    }
}

impl<'de> Deserialize<'de> for UuidText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(UuidVisitor)
    }
}

fn whole(json: &str) -> Option<u64> {
    let (digits, fraction) = json.split_once('.').unwrap_or((json, "0"));
    let number = digits.parse().ok().filter(|number| *number <= WholeNumber::MAX)?;
    fraction.bytes().all(|digit| digit == b'0').then_some(number)
}

/// A number is shown unless it is endless; what may be long or personal is only named.
fn kind(json: &str) -> &str {
    match json.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        _ if json.len() > 40 => "another number",
        _ => json,
    }
}

struct UuidVisitor;

impl Visitor<'_> for UuidVisitor {
    type Value = UuidText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a hyphenated UUID such as 0198c9a6-7c1e-7d4a-9d53-2f6b8e1c0a47")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<UuidText, E> {
        let id = text.parse::<Hyphenated>();
        id.map(|id| UuidText(id.into_uuid())).map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}
