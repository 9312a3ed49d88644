//! Declaring messages without repeating oneself.

/// Binds a message to its type, which is its own name, and to its topic.
///
/// ```
/// # use serde::Deserialize;
/// #[derive(Deserialize)]
/// struct OrderCancelled {}
/// transactional_messaging::bind_topic!(OrderCancelled, "order--cancelled");
/// ```
///
/// A consumer's own view of a message may say which service its topic belongs to, and which subjects its data can be about; what
/// contradicts that is refused:
///
/// ```
/// # use serde::Deserialize;
/// #[derive(Deserialize)]
/// struct OrderCancelled {
///     order_id: uuid::Uuid,
/// }
/// transactional_messaging::bind_topic!(OrderCancelled, "order--cancelled", from "/orders", if |message, subject| {
///     subject == format!("order/{}", message.order_id)
/// });
/// ```
///
/// A name that SNS would refuse does not compile:
///
/// ```compile_fail
/// struct OrderCancelled {}
/// transactional_messaging::bind_topic!(OrderCancelled, "order cancelled");
/// const _: transactional_messaging::message::Topic =
///     <OrderCancelled as transactional_messaging::message::MessageType>::TOPIC;
/// ```
#[macro_export]
macro_rules! bind_topic {
    ($message:ident, $topic:literal) => {
        impl $crate::message::MessageType for $message {
            const TYPE: &'static str = stringify!($message);
            const TOPIC: $crate::message::Topic = $crate::message::Topic::new($topic);
        }
    };
    ($message:ident, $topic:literal, from $source:literal, if $is_about:expr) => {
        impl $crate::message::MessageType for $message {
            const TYPE: &'static str = stringify!($message);
            const TOPIC: $crate::message::Topic = $crate::message::Topic::new($topic);
            const SOURCE: Option<&'static str> = Some($source);
            fn is_about(&self, subject: &str) -> bool {
                let is_about: fn(&Self, &str) -> bool = $is_about;
                is_about(self, subject)
            }
        }
    };
}

/// Declares a message that a service publishes: a head that all its messages begin with, then fields of its own.
///
/// The head's type has the fields `event_id` ([`Uuid`](uuid::Uuid)) and `created_at`
/// ([`OffsetDateTime`](time::OffsetDateTime)) and implements `Serialize`.
#[macro_export]
macro_rules! published {
    (
        $(#[$doc:meta])*
        $message:ident on $topic:literal with $head:ty { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, serde::Serialize)]
        pub struct $message {
            /// What all messages begin with.
            #[serde(flatten)]
            pub head: $head,
            $($(#[$field_doc])* pub $field: $type,)*
        }
        $crate::bind_topic!($message, $topic);
        impl $crate::message::Message for $message {
            fn id(&self) -> uuid::Uuid {
                self.head.event_id
            }
            fn created_at(&self) -> time::OffsetDateTime {
                self.head.created_at
            }
        }
    };
}
