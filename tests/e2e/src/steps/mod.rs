//! What the sentences of the scenarios do. A step that begins with Given or When does something; one that
//! begins with Then looks.

mod amount;
mod arrivals;
mod bad_requests;
mod customers;
mod dead_letters;
mod events;
mod mails;
mod orders;
mod requests;
