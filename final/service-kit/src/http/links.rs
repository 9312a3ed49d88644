//! Hypertext links of an answer, in the form `{"self": {"href": "/order/…"}}`.

use utoipa::ToSchema;

use serde::ser::{Serialize, SerializeMap, Serializer};

/// Links by their relation, written in the order in which they were added. Services put them into `_links` of
/// their answers, and [`ApiError`](crate::ApiError) puts them into its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, ToSchema)]
#[schema(value_type = HashMap<String, Link>, description = "Where to go from here, by relation.")]
pub struct Links(Vec<(&'static str, String)>);

impl Links {
    /// No links.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a link. A relation may be added once.
    #[must_use]
    pub fn with(mut self, relation: &'static str, href: impl Into<String>) -> Self {
        self.0.push((relation, href.into()));
        self
    }

    /// Whether there is none, in which case an answer leaves `_links` out.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[derive(serde::Serialize, ToSchema)]
struct Link<'a> {
    href: &'a str,
}

impl Serialize for Links {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (relation, href) in &self.0 {
            map.serialize_entry(relation, &Link { href })?;
        }
        map.end()
    }
}
