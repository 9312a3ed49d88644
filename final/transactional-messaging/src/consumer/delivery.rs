//! From the body of a queue message to a typed message.

use serde::{
    Deserialize,
    de::{self, DeserializeOwned},
};

use crate::{
    envelope::Envelope,
    message::{Context, MessageType},
    queue::Queue,
};

/// A message as a handler gets it.
#[derive(Clone, Debug)]
pub struct Delivery<M> {
    /// The message.
    pub message: M,
    /// The envelope it came in.
    pub envelope: Envelope,
    /// The name of the queue that it came from, without the prefix of a deployment: by it the inbox remembers
    /// who has handled the message.
    pub consumer: &'static str,
}

/// A body that is not the message expected. It goes to the dead-letter queue; no retry helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// The body is neither an SNS notification nor a CloudEvents document.
    #[error("the body is no cloudevents document")]
    Envelope(#[source] serde_json::Error),
    /// It is a message of another kind: a queue is subscribed to the wrong topic, or somebody forged a
    /// message.
    #[error("{expected} was expected on this queue, not {found}")]
    Kind {
        /// What the queue is for.
        expected: &'static str,
        /// What came.
        found: String,
    },
    /// It says that it comes from another service than the one that owns the topic.
    #[error("{kind} comes from {expected}, and this message says something else")]
    Source {
        /// The kind of message.
        kind: &'static str,
        /// Who owns the topic.
        expected: &'static str,
    },
    /// The data tell of something else than the subject.
    #[error("the data of this {kind} are not about its subject")]
    Subject {
        /// The kind of message.
        kind: &'static str,
    },
    /// The data lacks a field or has one of another type.
    #[error("the data is no {kind}")]
    Data {
        /// The kind of message.
        kind: &'static str,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
}

/// What SNS wraps around a message for a queue that is not subscribed for raw delivery. Its other fields say
/// nothing that the envelope does not.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification {
    message: String,
}

impl<M: MessageType + DeserializeOwned> Delivery<M> {
    /// Reads the body of a message of this queue, with or without the wrapping of SNS.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] says what is wrong with it.
    pub fn parse(queue: Queue<M>, body: &str) -> Result<Self, Unreadable> {
        let envelope: Envelope = match object::<Notification>(body) {
            Ok(notification) => object(&notification.message),
            Err(_) => object(body),
        }
        .map_err(Unreadable::Envelope)?;
        let message = match message_in(&envelope.kind, envelope.data.get()) {
            Err(unknown @ Unreadable::Kind { .. }) => return Err(unknown),
            read => read,
        };
        if let Some(expected) = M::SOURCE
            && envelope.source != expected
        {
            return Err(Unreadable::Source { kind: M::TYPE, expected });
        }
        Self::of(message?, envelope, queue.name())
    }

    fn of(message: M, envelope: Envelope, consumer: &'static str) -> Result<Self, Unreadable> {
        // A message without a subject is in nobody's place.
        if envelope.subject.is_empty() || message.is_about(&envelope.subject) {
            Ok(Self { message, envelope, consumer })
        } else {
            Err(Unreadable::Subject { kind: M::TYPE })
        }
    }

    /// What messages inherit that this one causes.
    pub fn context(&self) -> Context {
        self.envelope.context_for_effects()
    }

    /// The same delivery with the message read from this text instead of the envelope's own data: content
    /// that lay elsewhere.
    ///
    /// # Errors
    ///
    /// [`Unreadable::Data`] or [`Unreadable::Subject`] says what is wrong with it.
    pub fn read(envelope: Envelope, consumer: &'static str, data: &str) -> Result<Self, Unreadable> {
        Self::of(message_in(&envelope.kind, data)?, envelope, consumer)
    }
}

fn message_in<M: MessageType + DeserializeOwned>(kind: &str, data: &str) -> Result<M, Unreadable> {
    match message_of(kind, data) {
        Some(message) => message.map_err(|source| Unreadable::Data { kind: M::TYPE, source }),
        None => {
            // The text comes from outside and goes into a log and a message attribute.
            let found = kind.chars().filter(|c| c.is_ascii_alphanumeric()).take(80).collect();
            Err(Unreadable::Kind { expected: M::TYPE, found })
        }
    }
}

/// The message in the data of this kind; none when they can be no such message.
fn message_of<M: MessageType + DeserializeOwned>(
    kind: &str,
    data: &str,
) -> Option<Result<M, serde_json::Error>> {
    if kind == M::TYPE { Some(object(data)) } else { M::upcast(kind, data) }
}

/// What [`consumed!`](crate::consumed) writes for a message that took the place of another.
#[doc(hidden)]
pub fn upcast<Old, New>(kind: &str, data: &str) -> Option<Result<New, serde_json::Error>>
where
    Old: MessageType + DeserializeOwned,
    New: From<Old>,
{
    message_of::<Old>(kind, data).map(|old| old.map(New::from))
}

/// Reads a JSON object and nothing else. A derived struct also reads itself from an array, by the order of
/// its fields: what was never meant as a message of ours would become one.
fn object<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    if text.trim_start().starts_with('{') {
        serde_json::from_str(text)
    } else {
        Err(de::Error::custom("a JSON object was expected"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize;
    use time::{OffsetDateTime, macros::datetime};
    use uuid::Uuid;

    use super::*;
    use crate::message::{Context, Message, Sequence, Subject, Topic};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Noted {
        text: String,
    }
    impl MessageType for Noted {
        const TYPE: &'static str = "Noted";
        const TOPIC: Topic = Topic::new("noted");
    }
    impl Message for Noted {
        fn id(&self) -> Uuid {
            Uuid::from_u128(7)
        }
        fn created_at(&self) -> OffsetDateTime {
            datetime!(2026-11-23 12:00 UTC)
        }
    }
    #[derive(Debug, Deserialize)]
    struct Other {}
    impl MessageType for Other {
        const TYPE: &'static str = "Other";
        const TOPIC: Topic = Topic::new("other");
    }

    fn parse<M: MessageType + DeserializeOwned>(body: &str) -> Result<Delivery<M>, Unreadable> {
        Delivery::parse(Queue::new("notes"), body)
    }

    fn text_of(text: &str) -> String {
        let context = Context::of_request(Uuid::from_u128(9));
        let subject = Subject::aggregate("note", Uuid::from_u128(8));
        let envelope =
            Envelope::new("/notes", &subject, Sequence::single(), &context, &Noted { text: text.to_owned() });
        envelope.and_then(|envelope| envelope.to_text(1024 * 1024)).unwrap()
    }

    proptest! {
        #[test]
        fn any_text_comes_back_through_sns_and_has_only_characters_that_sqs_takes(text: String) {
            let envelope = text_of(&text);
            let refused = |c: char| c < ' ' || c == '\u{FFFE}' || c == '\u{FFFF}';
            prop_assert!(!envelope.contains(refused), "sqs would refuse it");
            let body = serde_json::json!({"Type": "Notification", "MessageId": "m", "Message": envelope}).to_string();
            prop_assert_eq!(&parse::<Noted>(&body).unwrap().message.text, &text);
            prop_assert_eq!(&parse::<Noted>(&envelope).unwrap().message.text, &text);
        }

        #[test]
        fn no_body_makes_it_panic(body: String) {
            prop_assert!(parse::<Noted>(&body).is_err());
        }
    }

    #[test]
    fn an_array_is_no_message_however_well_its_elements_fit() {
        let whole = text_of("x");
        let data = whole.replace(r#"{"text":"x"}"#, r#"["x"]"#);
        assert_ne!(data, whole);
        assert!(matches!(parse::<Noted>(&data), Err(Unreadable::Data { .. })));
        let notification = serde_json::json!([whole]).to_string();
        assert!(matches!(parse::<Noted>(&notification), Err(Unreadable::Envelope(_))));
    }

    /// A note that belongs to somebody.
    #[derive(Debug, Deserialize)]
    struct Owned {
        text: String,
    }
    impl MessageType for Owned {
        const TYPE: &'static str = "Noted";
        const TOPIC: Topic = Topic::new("noted");
        const SOURCE: Option<&'static str> = Some("/notes");
        fn is_about(&self, subject: &str) -> bool {
            subject.strip_prefix("note/") == Some(&self.text)
        }
    }

    #[test]
    fn a_message_from_elsewhere_or_in_the_place_of_another_is_refused() {
        let good = text_of(&Uuid::from_u128(8).to_string());
        assert!(parse::<Owned>(&good).is_ok());
        let evil = good.replace(r#""source":"/notes""#, r#""source":"/evil""#);
        assert!(matches!(parse::<Owned>(&evil), Err(Unreadable::Source { expected: "/notes", .. })));
        let other = text_of(&Uuid::from_u128(9).to_string());
        assert!(matches!(parse::<Owned>(&other), Err(Unreadable::Subject { .. })));
    }

    #[test]
    fn a_message_of_another_kind_is_refused() {
        assert!(matches!(
            parse::<Other>(&text_of("x")),
            Err(Unreadable::Kind { expected: "Other", found }) if found == "Noted"
        ));
    }

    #[test]
    fn unknown_fields_are_ignored_and_missing_ones_are_named() {
        let newer = text_of("x").replace("\"specversion\"", "\"newfield\":[1],\"specversion\"");
        assert!(parse::<Noted>(&newer).is_ok());
        let without = text_of("x").replace("\"text\"", "\"words\"");
        let error = parse::<Noted>(&without).unwrap_err();
        assert!(super::super::outcome::describe(&error).contains("missing field `text`"), "{error}");
    }
}
