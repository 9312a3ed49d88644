//! Filter patterns: which records of a stream reach the function.

use serde_json::{Map, Value};

/// One filter of the filter criteria, in the pattern language of Lambda.
///
/// A pattern has the shape of the record. Where it has a list, the record must have one of the values in it:
///
/// ```
/// use local_aws::mapping::Filter;
///
/// let inserts = Filter::parse(r#"{ "eventName": ["INSERT"], "dynamodb": { "NewImage": { "kind": { "S": [{ "prefix": "Order" }] } } } }"#);
/// assert!(inserts.is_ok());
/// ```
///
/// Understood in a list: exact strings, numbers, `true`, `false` and `null`, and `{"prefix": …}`, `{"exists":
/// …}` and `{"anything-but": …}`. Lambda knows more (`numeric`, `suffix`, `$or`, …): they are refused here,
/// not ignored.
#[derive(Clone, Debug)]
pub struct Filter(Node);

/// Why a pattern was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// It is no JSON.
    #[error("the filter pattern is not valid JSON")]
    Json(#[source] serde_json::Error),
    /// It is JSON, but not of the right shape.
    #[error("the filter pattern at {path} must be {expected}")]
    Shape {
        /// Where in the pattern.
        path: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// AWS may know the operator, this simulator does not.
    #[error(
        "the filter operator {operator} at {path} is not simulated: use values, prefix, exists or anything-but"
    )]
    Operator {
        /// Where in the pattern.
        path: String,
        /// Its name.
        operator: String,
    },
}

#[derive(Clone, Debug)]
enum Node {
    /// Every member must match.
    All(Vec<(String, Node)>),
    /// One condition must hold.
    Any(Vec<Condition>),
}

#[derive(Clone, Debug)]
enum Condition {
    Equals(Value),
    Prefix(String),
    Exists(bool),
    AnythingBut(Vec<Value>),
    AnythingButPrefix(String),
}

impl Filter {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// [`FilterError`] if it is no JSON object of objects and lists, or uses an operator not listed at
    /// [`Filter`].
    pub fn parse(pattern: &str) -> Result<Self, FilterError> {
        match serde_json::from_str(pattern).map_err(FilterError::Json)? {
            Value::Object(members) => Ok(Self(Node::all(&members, "$")?)),
            _ => Err(shape("$", "an object")),
        }
    }

    /// Whether a record passes, given in the form in which the function receives it.
    pub fn matches(&self, record: &Value) -> bool {
        self.0.matches(Some(record))
    }
}

impl Node {
    fn all(members: &Map<String, Value>, path: &str) -> Result<Self, FilterError> {
        let node = |(name, value): (&String, &Value)| {
            let path = format!("{path}.{name}");
            let node = match value {
                Value::Object(members) => Node::all(members, &path)?,
                Value::Array(any) if any.is_empty() => {
                    return Err(shape(&path, "a list of at least one value"));
                }
                Value::Array(any) => {
                    let conditions = any.iter().map(|one| Condition::parse(one, &path));
                    Node::Any(conditions.collect::<Result<_, _>>()?)
                }
                _ if name.starts_with('$') => return Err(operator(&path, name)),
                _ => return Err(shape(&path, "an object or a list")),
            };
            if name.starts_with('$') { Err(operator(&path, name)) } else { Ok((name.clone(), node)) }
        };
        Ok(Node::All(members.iter().map(node).collect::<Result<_, _>>()?))
    }

    fn matches(&self, value: Option<&Value>) -> bool {
        match self {
            Node::All(members) => {
                members.iter().all(|(name, node)| node.matches(value.and_then(|v| v.get(name))))
            }
            Node::Any(conditions) => conditions.iter().any(|condition| match value {
                // A list matches if one of its elements does: string sets, say.
                Some(Value::Array(elements)) => elements.iter().any(|one| condition.holds(Some(one))),
                value => condition.holds(value),
            }),
        }
    }
}

impl Condition {
    fn parse(condition: &Value, path: &str) -> Result<Self, FilterError> {
        let Value::Object(members) = condition else {
            return if condition.is_array() {
                Err(shape(path, "a value or an operator"))
            } else {
                Ok(Self::Equals(condition.clone()))
            };
        };
        let mut operators = members.iter();
        let (Some((name, operand)), None) = (operators.next(), operators.next()) else {
            return Err(shape(path, "an object with one operator"));
        };
        match (name.as_str(), operand) {
            ("prefix", Value::String(prefix)) => Ok(Self::Prefix(prefix.clone())),
            ("exists", Value::Bool(exists)) => Ok(Self::Exists(*exists)),
            ("anything-but", Value::Array(values)) if !values.is_empty() && values.iter().all(is_word) => {
                Ok(Self::AnythingBut(values.clone()))
            }
            ("anything-but", Value::Object(inner)) => match inner.get("prefix") {
                Some(Value::String(prefix)) if inner.len() == 1 => {
                    Ok(Self::AnythingButPrefix(prefix.clone()))
                }
                _ => Err(operator(path, "anything-but")),
            },
            ("anything-but", value) if is_word(value) => Ok(Self::AnythingBut(vec![value.clone()])),
            ("anything-but", _) => Err(shape(path, "strings or numbers after anything-but")),
            ("prefix", _) => Err(shape(path, "a string after prefix")),
            ("exists", _) => Err(shape(path, "true or false after exists")),
            (other, _) => Err(operator(path, other)),
        }
    }

    /// Only leaves can match: an object is there, but no condition can be put on it, not even `exists`.
    fn holds(&self, value: Option<&Value>) -> bool {
        let leaf = value.filter(|value| !value.is_object());
        match (self, leaf) {
            (Self::Exists(expected), leaf) => leaf.is_some() == *expected,
            (_, None) => false,
            (Self::Equals(expected), Some(value)) => value == expected,
            (Self::Prefix(prefix), Some(value)) => {
                value.as_str().is_some_and(|text| text.starts_with(prefix))
            }
            (Self::AnythingBut(values), Some(value)) => !values.contains(value),
            (Self::AnythingButPrefix(prefix), Some(value)) => {
                value.as_str().is_some_and(|text| !text.starts_with(prefix))
            }
        }
    }
}

/// What EventBridge lets be excluded ("Amazon EventBridge User Guide, Comparison operators").
fn is_word(value: &Value) -> bool {
    value.is_string() || value.is_number()
}

fn shape(path: &str, expected: &'static str) -> FilterError {
    FilterError::Shape { path: path.to_owned(), expected }
}

fn operator(path: &str, name: &str) -> FilterError {
    FilterError::Operator { path: path.to_owned(), operator: name.to_owned() }
}

#[cfg(test)]
mod tests;
