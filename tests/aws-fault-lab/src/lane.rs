//! The vertical lines of a diagram: who calls, and who is called.

use crate::call::SECOND_COPY;

/// A vertical line of a diagram.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane {
    /// Lanes with a lower number stand further to the left. Those of AWS have 100 and more.
    pub place: u8,
    /// Letters and digits only.
    pub id: String,
    /// What stands above it.
    pub name: String,
}

impl Lane {
    /// One.
    pub fn new(place: u8, id: &str, name: &str) -> Self {
        Self { place, id: id.to_owned(), name: name.to_owned() }
    }

    /// A lane of its own for each component; the two copies of one share it.
    pub fn of_its_own(component: &str) -> Self {
        let name = component.strip_suffix(SECOND_COPY).unwrap_or(component);
        let id = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        Self::new(0, &format!("c{id}"), name)
    }

    pub(crate) fn of_service(service: &str) -> Self {
        let services = ["DynamoDB", "SNS", "SQS", "S3"];
        let place = services.iter().position(|known| *known == service).unwrap_or(services.len());
        Self::new(100 + u8::try_from(place).unwrap_or_default(), &service.to_lowercase(), service)
    }
}
