//! From the body of a queue message to a typed message.

use serde::{
    Deserialize,
    de::{self, DeserializeOwned},
};

use crate::{envelope::Envelope, message::MessageType};

/// A message as a handler gets it.
#[derive(Clone, Debug)]
pub struct Delivery<M> {
    /// The message.
    pub message: M,
    /// The envelope it came in.
    pub envelope: Envelope,
}

/// A body that is not the message expected. It goes to the dead-letter queue; no retry helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// The body is neither an SNS notification nor a CloudEvents document.
    #[error("the body is no cloudevents document")]
    Envelope(#[source] serde_json::Error),
    /// It is a message of another kind: a queue is subscribed to the wrong topic, or somebody forged a message.
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

/// What SNS wraps around a message for a queue that is not subscribed for raw delivery. Its other fields say nothing that the
/// envelope does not.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification {
    message: String,
}

impl<M: MessageType + DeserializeOwned> Delivery<M> {
    /// Reads the body of a queue message, with or without the wrapping of SNS.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] says what is wrong with it.
    pub fn parse(body: &str) -> Result<Self, Unreadable> {
        let envelope: Envelope = match object::<Notification>(body) {
            Ok(notification) => object(&notification.message),
            Err(_) => object(body),
        }
        .map_err(Unreadable::Envelope)?;
        if envelope.kind != M::TYPE {
            // The text comes from outside and goes into a log and a message attribute.
            let found = envelope.kind.chars().filter(|c| c.is_ascii_alphanumeric()).take(80).collect();
            return Err(Unreadable::Kind { expected: M::TYPE, found });
        }
        if let Some(expected) = M::SOURCE
            && envelope.source != expected
        {
            return Err(Unreadable::Source { kind: M::TYPE, expected });
        }
        let message = message_in(envelope.data.get())?;
        Self::of(message, envelope)
    }

    fn of(message: M, envelope: Envelope) -> Result<Self, Unreadable> {
        // A message without a subject is in nobody's place.
        if envelope.subject.is_empty() || message.is_about(&envelope.subject) {
            Ok(Self { message, envelope })
        } else {
            Err(Unreadable::Subject { kind: M::TYPE })
        }
    }

    /// Reads the message from this text instead of the envelope's own data: content that lay elsewhere.
    ///
    /// # Errors
    ///
    /// [`Unreadable::Data`] or [`Unreadable::Subject`] says what is wrong with it.
    pub fn read(envelope: Envelope, data: &str) -> Result<Self, Unreadable> {
        Self::of(message_in(data)?, envelope)
    }
}

fn message_in<M: MessageType + DeserializeOwned>(data: &str) -> Result<M, Unreadable> {
    object(data).map_err(|source| Unreadable::Data { kind: M::TYPE, source })
}

/// Reads a JSON object and nothing else. A derived struct also reads itself from an array, by the order of its fields: what was never
/// meant as a message of ours would become one.
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
            prop_assert_eq!(&Delivery::<Noted>::parse(&body).unwrap().message.text, &text);
            prop_assert_eq!(&Delivery::<Noted>::parse(&envelope).unwrap().message.text, &text);
        }

        #[test]
        fn no_body_makes_it_panic(body: String) {
            prop_assert!(Delivery::<Noted>::parse(&body).is_err());
        }
    }

    #[test]
    fn an_array_is_no_message_however_well_its_elements_fit() {
        let whole = text_of("x");
        let data = whole.replace(r#"{"text":"x"}"#, r#"["x"]"#);
        assert_ne!(data, whole);
        assert!(matches!(Delivery::<Noted>::parse(&data), Err(Unreadable::Data { .. })));
        let notification = serde_json::json!([whole]).to_string();
        assert!(matches!(Delivery::<Noted>::parse(&notification), Err(Unreadable::Envelope(_))));
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
        assert!(Delivery::<Owned>::parse(&good).is_ok());
        let evil = good.replace(r#""source":"/notes""#, r#""source":"/evil""#);
        assert!(matches!(
            Delivery::<Owned>::parse(&evil),
            Err(Unreadable::Source { expected: "/notes", .. })
        ));
        let other = text_of(&Uuid::from_u128(9).to_string());
        assert!(matches!(Delivery::<Owned>::parse(&other), Err(Unreadable::Subject { .. })));
    }

    #[test]
    fn a_message_of_another_kind_is_refused() {
        assert!(matches!(
            Delivery::<Other>::parse(&text_of("x")),
            Err(Unreadable::Kind { expected: "Other", found }) if found == "Noted"
        ));
    }

    #[test]
    fn unknown_fields_are_ignored_and_missing_ones_are_named() {
        let newer = text_of("x").replace("\"specversion\"", "\"newfield\":[1],\"specversion\"");
        assert!(Delivery::<Noted>::parse(&newer).is_ok());
        let without = text_of("x").replace("\"text\"", "\"words\"");
        let error = Delivery::<Noted>::parse(&without).unwrap_err();
        assert!(super::super::describe(&error).contains("missing field `text`"), "{error}");
    }
}
