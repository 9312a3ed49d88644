//! The notifications service: it consumes only, and sends a mail for each decision about an order.
//!
//! A mail is an effect outside the database, so no transaction can hold it. What can be stored is the *wish*:
//! it is written in the transaction that remembers the message. A sender then leads each mail from *wanted*
//! over *sending* to *sent*, by a table ([`domain`]) and with conditional writes, so that no two senders have
//! one mail at the same time.
//!
//! One window stays open whatever is written: the provider was asked, and nobody heard its answer. Behind a
//! provider that knows a mail again by its key ([`provider::WithKey`]) the mail is simply sent again with the
//! same key. Amazon SES knows no keys ([`provider::Ses`]), so somebody has to choose between *perhaps twice*
//! and *perhaps not*: [`settings::InDoubt`].
//!
//! | module | what lives there |
//! |---|---|
//! | [`domain`] | mails, the life they lead and what they say, without storage and messages |
//! | [`use_cases`] | what becomes of an event: a wish, or an address |
//! | [`sender`] | leads mails to their end |
//! | [`provider`] | who delivers them: Amazon SES, or a provider that honours keys |
//! | [`store`] | mails and addresses as items of one table |
//! | [`messages`] | the events it consumes, and their queues |
//! | [`contract`] | what of that it reads, for documents |
//! | [`wiring`] | which use case handles which queue |
//! | [`settings`], [`service`] | what it is told, and how it is put together as a process |
//! | [`lambda`] | the same as a Lambda function behind its queues |

pub mod contract;
pub mod domain;
pub mod lambda;
pub mod messages;
pub mod provider;
pub mod sender;
pub mod service;
pub mod settings;
pub mod store;
pub mod use_cases;
pub mod wiring;
