//! Declaring messages without repeating oneself.
//!
//! What the macros make names nothing of the place where they are used: a crate needs none of `serde`, `time`
//! and `uuid` for them. They find this crate by its name, `transactional_messaging`, so do not rename the
//! dependency.

/// Binds a message to its type, which is its own name, and to its topic. [`published!`](crate::published) and
/// [`consumed!`](crate::consumed) do so, too.
///
/// ```
/// struct OrderCancelled {}
/// transactional_messaging::bind_topic!(OrderCancelled, "order--cancelled");
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
    ($message:ident, $topic:literal $(, from $source:literal)? $(, replaces $old:ident)? $(, if $is_about:expr)?) => {
        impl $crate::message::MessageType for $message {
            const TYPE: &'static str = ::core::stringify!($message);
            const TOPIC: $crate::message::Topic = $crate::message::Topic::new($topic);
            $(const SOURCE: ::core::option::Option<&'static str> = ::core::option::Option::Some($source);)?
            $(
                fn is_about(&self, subject: &str) -> bool {
                    let is_about: fn(&Self, &str) -> bool = $is_about;
                    is_about(self, subject)
                }
            )?
            $(
                fn upcast(
                    kind: &str,
                    data: &str,
                ) -> ::core::option::Option<::core::result::Result<Self, $crate::__private::JsonError>> {
                    $crate::__private::upcast::<$old, Self>(kind, data)
                }
            )?
        }
    };
}

/// Declares a message that a service consumes: its own view of it, with the fields that it reads, in any
/// order.
///
/// ```
/// transactional_messaging::consumed! {
///     /// An order was cancelled.
///     OrderCancelled on "order--cancelled" {
///         /// The order.
///         order_id: u128,
///     }
/// }
/// ```
///
/// It may say which service the topic belongs to, and which subjects the data can be about; what contradicts
/// that is refused:
///
/// ```
/// use uuid::Uuid;
///
/// transactional_messaging::consumed! {
///     /// An order was cancelled.
///     #[derive(Copy)]
///     OrderCancelled on "order--cancelled" from "/orders" {
///         /// The order.
///         order_id: Uuid,
///     } about |message, subject| subject == format!("order/{}", message.order_id)
/// }
/// ```
///
/// Where a message took the place of an earlier one, which may still be on its way, it says so, and gets the
/// earlier one as what it is made into. That may itself have replaced another:
///
/// ```
/// # use transactional_messaging::{consumed, consumer::Delivery, wiring::Queue};
/// consumed! {
///     /// An order was placed, as it was told of until March.
///     OrderCreated on "order--created" { order_total: u64 }
/// }
/// consumed! {
///     /// An order was placed.
///     OrderPlaced on "order--created" replaces OrderCreated { total: u64, currency: String }
/// }
/// impl From<OrderCreated> for OrderPlaced {
///     fn from(old: OrderCreated) -> Self {
///         Self { total: old.order_total, currency: "EUR".to_owned() }
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let old = r#"{"specversion": "1.0", "id": "00000000-0000-0000-0000-000000000001", "source": "/orders",
///     "type": "OrderCreated", "data": {"order_total": 999}}"#;
/// let delivery = Delivery::parse(Queue::<OrderPlaced>::new("mail--order-created"), old)?;
/// assert_eq!((delivery.message.total, &*delivery.message.currency), (999, "EUR"));
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! consumed {
    (
        $(#[$attribute:meta])*
        $message:ident on $topic:literal $(from $source:literal)? $(replaces $old:ident)? {
            $($(#[$field_attribute:meta])* $field:ident: $type:ty),* $(,)?
        } $(about $is_about:expr)?
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, $crate::__private::serde::Deserialize)]
        #[serde(crate = "transactional_messaging::__private::serde")]
        pub struct $message {
            $($(#[$field_attribute])* pub $field: $type,)*
        }
        $crate::bind_topic!($message, $topic $(, from $source)? $(, replaces $old)? $(, if $is_about)?);
    };
}

/// Declares messages that a service publishes.
///
/// Either all events of one kind of [aggregate](crate::aggregates::Aggregates), whose state is a type of
/// yours; id and time they get when they are stored, so that they have only fields of their own:
///
/// ```
/// transactional_messaging::published! {
///     of Parcel as "parcel" { grams: u32, paid: bool };
///     /// It was handed in.
///     ParcelHandedIn on "parcel--handed-in" { grams: u32 }
///     /// It was paid for.
///     ParcelReleased on "parcel--released" {}
/// }
/// let parcel = Parcel { grams: 1_200, paid: false };
/// ```
///
/// A state that needs more than fields is a type that you declare yourself (`of Parcel as "parcel";`), and
/// which implements `Serialize` and `Deserialize`.
///
/// Or messages that begin with the same fields, for those who have a contract to keep. The type of these has
/// the fields `event_id` ([`Uuid`](uuid::Uuid)) and `created_at` ([`OffsetDateTime`](time::OffsetDateTime)),
/// and implements `Clone`, `Debug` and `Serialize`:
///
/// ```
/// # use serde::Serialize;
/// # use time::OffsetDateTime;
/// # use uuid::Uuid;
/// #[derive(Clone, Debug, Serialize)]
/// pub struct EventMeta {
///     pub event_id: Uuid,
///     #[serde(with = "transactional_messaging::timestamp")]
///     pub created_at: OffsetDateTime,
/// }
///
/// transactional_messaging::published! {
///     /// A note was taken.
///     NoteTaken on "note--taken" with EventMeta {
///         /// How long it is.
///         words: u32,
///     }
/// }
/// ```
#[macro_export]
macro_rules! published {
    (
        of $state:ident as $kind:literal $({
            $($(#[$state_attribute:meta])* $state_field:ident: $state_type:ty),* $(,)?
        })?;
        $(
            $(#[$attribute:meta])*
            $message:ident on $topic:literal {
                $($(#[$field_attribute:meta])* $field:ident: $type:ty),* $(,)?
            }
        )+
    ) => {
        $(
            /// The state of one aggregate.
            #[derive(Clone, Debug)]
            #[derive($crate::__private::serde::Serialize, $crate::__private::serde::Deserialize)]
            #[serde(crate = "transactional_messaging::__private::serde")]
            pub struct $state {
                $($(#[$state_attribute])* pub $state_field: $state_type,)*
            }
        )?
        $(
            $(#[$attribute])*
            #[derive(Clone, Debug, $crate::__private::serde::Serialize)]
            #[serde(crate = "transactional_messaging::__private::serde")]
            pub struct $message {
                $($(#[$field_attribute])* pub $field: $type,)*
            }
            $crate::bind_topic!($message, $topic);
            impl $crate::aggregate::Event<$state> for $message {}
        )+
        impl $crate::aggregate::State for $state {
            const KIND: &'static str = $kind;
            const TOPICS: &'static [$crate::message::Topic] =
                &[$(<$message as $crate::message::MessageType>::TOPIC),+];
        }
    };
    ($(
        $(#[$attribute:meta])*
        $message:ident on $topic:literal with $head:ty {
            $($(#[$field_attribute:meta])* $field:ident: $type:ty),* $(,)?
        }
    )+) => {$(
        $(#[$attribute])*
        #[derive(Clone, Debug, $crate::__private::serde::Serialize)]
        #[serde(crate = "transactional_messaging::__private::serde")]
        pub struct $message {
            /// What all messages begin with.
            #[serde(flatten)]
            pub head: $head,
            $($(#[$field_attribute])* pub $field: $type,)*
        }
        $crate::bind_topic!($message, $topic);
        impl $crate::message::Message for $message {
            fn id(&self) -> $crate::__private::Uuid {
                self.head.event_id
            }
            fn created_at(&self) -> $crate::__private::OffsetDateTime {
                self.head.created_at
            }
        }
    )+};
}
