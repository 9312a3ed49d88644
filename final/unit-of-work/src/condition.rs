//! Conditions as values, so that DynamoDB and the in-memory database judge the same thing.

use std::{cmp::Ordering, collections::HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::Item;

/// What must be true of the stored item for an action to take effect.
///
/// An attribute that is absent makes every comparison false, as in DynamoDB. Numbers compare by value,
/// whatever way they are written.
///
/// ```
/// use unit_of_work::{AttributeValue, Condition, Item};
///
/// let old = Condition::less_than("ExpiresAt", AttributeValue::N("100".to_owned()));
/// let free_or_old = Condition::not_exists("PK").or(old);
/// let item = |expires: &str| Item::from([
///     ("PK".to_owned(), AttributeValue::S("a".to_owned())),
///     ("ExpiresAt".to_owned(), AttributeValue::N(expires.to_owned())),
/// ]);
/// assert!(free_or_old.holds(None) && free_or_old.holds(Some(&item("99"))));
/// assert!(!free_or_old.holds(Some(&item("100"))));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// The attribute exists.
    Exists(String),
    /// The attribute does not exist; in an item that does not exist, none does.
    NotExists(String),
    /// The attribute has exactly this value, type included.
    Equals(String, AttributeValue),
    /// The attribute is a number or a text that sorts before this one of the same type.
    LessThan(String, AttributeValue),
    /// All of them hold.
    All(Vec<Condition>),
    /// At least one of them holds.
    Any(Vec<Condition>),
}

impl Condition {
    /// The attribute exists. Of a key attribute: the item exists.
    pub fn exists(attribute: impl Into<String>) -> Self {
        Self::Exists(attribute.into())
    }

    /// The attribute does not exist. Of a key attribute: the item does not exist.
    pub fn not_exists(attribute: impl Into<String>) -> Self {
        Self::NotExists(attribute.into())
    }

    /// The attribute has exactly this value, type included.
    pub fn equals(attribute: impl Into<String>, value: AttributeValue) -> Self {
        Self::Equals(attribute.into(), value)
    }

    /// The attribute is the number given. Short for the usual check of a version.
    pub fn number_is(attribute: impl Into<String>, number: u64) -> Self {
        Self::equals(attribute, AttributeValue::N(number.to_string()))
    }

    /// The attribute is a number or text that sorts before the value.
    pub fn less_than(attribute: impl Into<String>, value: AttributeValue) -> Self {
        Self::LessThan(attribute.into(), value)
    }

    /// Both conditions hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::All(vec![self, other])
    }

    /// At least one of the two holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::Any(vec![self, other])
    }

    /// Judges the condition against a stored item; `None` is an item that does not exist. By it any database
    /// can answer as DynamoDB does.
    pub fn holds(&self, item: Option<&Item>) -> bool {
        let attribute = |name: &String| item.and_then(|item| item.get(name));
        match self {
            Self::Exists(name) => attribute(name).is_some(),
            Self::NotExists(name) => attribute(name).is_none(),
            Self::Equals(name, value) => attribute(name).is_some_and(|stored| equal(stored, value)),
            Self::LessThan(name, value) => attribute(name).is_some_and(|stored| less(stored, value)),
            Self::All(parts) => parts.iter().all(|part| part.holds(item)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(item)),
        }
    }

    /// Writes the condition in DynamoDB's expression language. Every name and value goes through a
    /// placeholder, so reserved words and odd characters cannot break it.
    pub(crate) fn render(&self, expression: &mut Expression) -> String {
        match self {
            Self::Exists(name) => format!("attribute_exists({})", expression.name(name)),
            Self::NotExists(name) => format!("attribute_not_exists({})", expression.name(name)),
            Self::Equals(name, value) => format!("{} = {}", expression.name(name), expression.value(value)),
            Self::LessThan(name, value) => format!("{} < {}", expression.name(name), expression.value(value)),
            Self::All(parts) => join(parts, " AND ", expression),
            Self::Any(parts) => join(parts, " OR ", expression),
        }
    }
}

fn join(parts: &[Condition], operator: &str, expression: &mut Expression) -> String {
    let parts: Vec<_> = parts.iter().map(|part| format!("({})", part.render(expression))).collect();
    parts.join(operator)
}

pub(crate) fn equal(stored: &AttributeValue, wanted: &AttributeValue) -> bool {
    match (stored, wanted) {
        (AttributeValue::N(a), AttributeValue::N(b)) => compare(a, b) == Some(Ordering::Equal),
        (a, b) => a == b,
    }
}

fn less(stored: &AttributeValue, bound: &AttributeValue) -> bool {
    match (stored, bound) {
        (AttributeValue::N(a), AttributeValue::N(b)) => compare(a, b) == Some(Ordering::Less),
        (AttributeValue::S(a), AttributeValue::S(b)) => a < b,
        _ => false,
    }
}

/// Numbers compare by value: DynamoDB stores `24999.00` as `24999`. Whole numbers compare exactly, others as
/// floating point.
fn compare(a: &str, b: &str) -> Option<Ordering> {
    match (a.parse::<i128>(), b.parse::<i128>()) {
        (Ok(a), Ok(b)) => Some(a.cmp(&b)),
        _ => a.parse::<f64>().ok()?.partial_cmp(&b.parse().ok()?),
    }
}

/// Collects the placeholders of one action's expressions.
#[derive(Debug, Default)]
pub(crate) struct Expression {
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: HashMap<String, AttributeValue>,
}

impl Expression {
    pub(crate) fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    pub(crate) fn value(&mut self, value: &AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value.clone());
        placeholder
    }
}
