//! What items and rows tell, as events.

use time::OffsetDateTime;
use transactional_messaging::{relay::operate::StoredRow, timestamp};
use unit_of_work::{AttributeValue, Item};
use uuid::Uuid;

/// Something that happened, or is still there.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) time: Option<OffsetDateTime>,
    pub(super) place: String,
    pub(super) what: String,
    pub(super) correlation: Option<Uuid>,
}

/// Whether the text stands in any attribute that is a text.
pub fn mentions(item: &Item, id: &str) -> bool {
    item.values().any(|value| match value {
        AttributeValue::S(text) => text.to_ascii_lowercase().contains(id),
        AttributeValue::M(inner) => {
            inner.values().any(|value| value.as_s().is_ok_and(|text| text.contains(id)))
        }
        _ => false,
    })
}

pub(super) fn time_in(item: &Item, name: &str) -> Option<OffsetDateTime> {
    timestamp::parse(item.get(name)?.as_s().ok()?).ok()
}

/// What an item of aggregates tells: when it began, and how it is now. Only words that say how it is are
/// shown, and no personal data.
pub(super) fn of_aggregate(place: &str, item: &Item) -> Vec<Event> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str);
    let key = text("PK").unwrap_or("an item without a key");
    let state = ["State", "Reason", "Refusal", "Decision"].iter().filter_map(|name| text(name));
    let version =
        item.get("Version").and_then(|value| value.as_n().ok()).map(|number| format!("version {number}"));
    let state: Vec<_> = state.map(str::to_owned).chain(version).collect();
    let now = format!("{key} {}", state.join(", "));
    let correlation = text("CorrelationId").and_then(|text| Uuid::parse_str(text).ok());
    let event = |time, what| Event { time, place: place.to_owned(), what, correlation };
    let [created, updated, decided, erased] =
        ["CreatedAt", "UpdatedAt", "DecidedAt", "ErasedAt"].map(|name| time_in(item, name));
    let mut events = Vec::new();
    match (created, updated) {
        (Some(created), Some(updated)) => {
            events.push(event(Some(created), format!("{key} was made")));
            events.push(event(Some(updated), format!("{now}, as it is now")));
        }
        (time, _) => events.push(event(time.or(decided).or(erased), format!("{now}, as it is now"))),
    }
    if let Some(by) = time_in(item, "DecideBy") {
        events.push(event(Some(by), format!("{key} is given up unless somebody decides before")));
    }
    events
}

pub(super) fn name_of(row: &StoredRow) -> String {
    let id = row.message_id.map_or_else(|| row.key.sequence.clone(), |id| id.to_string());
    format!("{} {id}", row.kind.as_deref().unwrap_or("a message"))
}

pub(super) fn of_row(place: &str, row: &StoredRow, is_sent: bool) -> Vec<Event> {
    let (name, topic) = (name_of(row), row.topic.as_deref().unwrap_or("-"));
    let event = |time, what| Event { time, place: place.to_owned(), what, correlation: row.correlation_id };
    let of = format!("{name} of {}", row.key.subject.as_str());
    if is_sent {
        return vec![
            event(row.created_at, format!("{of} was made")),
            event(row.sent_at, format!("{name} was sent to {topic}")),
        ];
    }
    let what = match &row.parked {
        Some(reason) => format!("{of} was made, and is parked: {reason}"),
        None => format!("{of} was made, and waits to be sent to {topic}"),
    };
    vec![event(row.created_at, what)]
}
