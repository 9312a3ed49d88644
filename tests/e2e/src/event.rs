//! An event as the probe saw it on its topic, and whether it keeps the contract.

use std::collections::HashMap;

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use uuid::Uuid;

use crate::contract::EventType;

/// The attribute of messages that scenarios publish in place of a service. To the services they look like
/// that service's own.
pub const TEST_MARK: &str = "test";

/// What SNS wraps around it for a queue.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification {
    topic_arn: String,
    message: String,
    #[serde(default)]
    message_attributes: HashMap<String, Attribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    value: String,
}

/// The CloudEvents document.
#[derive(Clone, Debug, Deserialize)]
struct Envelope {
    specversion: String,
    id: Uuid,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    subject: String,
    time: String,
    datacontenttype: String,
    correlationid: Uuid,
    causationid: Option<Uuid>,
    /// Named by [`TEST_MARK`].
    #[serde(default)]
    test: bool,
    data: Box<RawValue>,
}

/// An event.
#[derive(Clone, Debug)]
pub struct Event {
    envelope: Envelope,
    topic: String,
    attributes: Vec<(String, String)>,
    /// The data.
    pub data: Value,
}

impl Event {
    /// Reads the body of a message from the probe's queue.
    ///
    /// # Errors
    ///
    /// When it is no CloudEvents document in an SNS notification.
    pub fn parse(body: &str) -> anyhow::Result<Self> {
        let notification: Notification = serde_json::from_str(body)?;
        let envelope: Envelope = serde_json::from_str(&notification.message)?;
        let attributes = notification.message_attributes.into_iter().map(|(k, v)| (k, v.value)).collect();
        let topic = notification.topic_arn.rsplit(':').next().unwrap_or_default().to_owned();
        Ok(Self { data: serde_json::from_str(envelope.data.get())?, envelope, topic, attributes })
    }

    /// Its type.
    pub fn kind(&self) -> &str {
        &self.envelope.kind
    }

    /// Its id.
    pub fn id(&self) -> Uuid {
        self.envelope.id
    }

    /// The conversation that it belongs to.
    pub fn correlation_id(&self) -> Uuid {
        self.envelope.correlationid
    }

    /// The event that caused it; none when the cause was a request.
    pub fn causation_id(&self) -> Option<Uuid> {
        self.envelope.causationid
    }

    /// Whether the system published it, and not a scenario.
    pub fn is_genuine(&self) -> bool {
        !self.envelope.test
    }

    /// Compares it with the contract: topic, envelope, attributes, and the data with exactly its fields in
    /// their order.
    ///
    /// # Errors
    ///
    /// The first difference.
    pub fn check(&self) -> anyhow::Result<()> {
        let (Envelope { kind, id, source, subject, .. }, data) = (&self.envelope, &self.data);
        let wanted = EventType::named(kind)?;
        ensure!(self.topic == wanted.topic, "{kind} was published on {}", self.topic);
        ensure!(self.envelope.specversion == "1.0" && self.envelope.datacontenttype == "application/json");
        ensure!(*source == format!("/{}", wanted.service), "{kind} came from {source}");
        ensure!(data["event_id"] == id.to_string(), "the ids of {kind} differ: {id}, {}", data["event_id"]);
        ensure!(data["correlation_id"] == self.correlation_id().to_string());
        ensure!(data["created_at"] == self.envelope.time);
        ensure!(is_timestamp(&self.envelope.time), "{} is not written as times are", self.envelope.time);
        let aggregate = wanted.service.trim_end_matches('s');
        let id = data[format!("{aggregate}_id")].as_str().context("no id of the aggregate")?;
        ensure!(subject.starts_with(&format!("{aggregate}/{id}")), "{kind} is about {subject}");
        for (name, value) in [("type", kind), ("correlationid", &self.correlation_id().to_string())] {
            let found = self.attributes.iter().any(|(n, v)| n == name && v == value);
            ensure!(found, "{kind} lacks the attribute {name}={value}");
        }
        self.check_fields(wanted)
    }

    fn check_fields(&self, wanted: &EventType) -> anyhow::Result<()> {
        let text = self.envelope.data.get();
        let data = self.data.as_object().context("the data is no object")?;
        let sometimes = wanted.sometimes.filter(|field| data.contains_key(*field));
        let fields: Vec<_> = wanted.fields().chain(sometimes).collect();
        ensure!(fields.len() == data.len(), "{} has other fields: {text}", wanted.name);
        let places: Option<Vec<_>> = fields.iter().map(|field| text.find(&format!("\"{field}\":"))).collect();
        let places = places.with_context(|| format!("{} lacks a field: {text}", wanted.name))?;
        ensure!(places.is_sorted(), "{} has its fields in another order: {text}", wanted.name);
        Ok(())
    }
}

/// ISO 8601 in UTC with six digits of a second, or none when they are all zero.
pub fn is_timestamp(text: &str) -> bool {
    let Some(local) = text.strip_suffix("+00:00") else { return false };
    let (whole, fraction) = local.split_once('.').unwrap_or((local, "000001"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let shape: String = whole.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T00:00:00" && fraction.len() == 6 && digits(fraction) && fraction != "000000"
}

#[cfg(test)]
mod tests {
    use super::is_timestamp;

    #[test]
    fn timestamps_have_six_digits_or_none() {
        for good in ["2026-11-23T12:00:00+00:00", "2026-11-23T12:00:00.000001+00:00"] {
            assert!(is_timestamp(good), "{good}");
        }
        for bad in
            ["2026-11-23T12:00:00Z", "2026-11-23T12:00:00.001+00:00", "2026-11-23T12:00:00.000000+00:00"]
        {
            assert!(!is_timestamp(bad), "{bad}");
        }
    }
}
