//! What the services know of each other, compared, as after a restore: tables that came back to different
//! moments disagree, and nobody else would notice.
//!
//! A [`Search`] goes through the tables page by page, and finds what disagrees; [`Books::mend`] does what the
//! rule of a [`Finding`] says, in one unit of work, on the condition that everything still is as it was read.
//! So it can be interrupted at any time and run again, also beside services that run. A mend changes one
//! service only: what the other has to learn of it goes by the outbox, as ever.
//!
//! An order and what its customer decided about it, both at rest:
//!
//! | order | decision | what happened | rule |
//! |---|---|---|---|
//! | pending | none | the customers service is older, or the message was lost | `tell-order`: decided anew |
//! | pending | reserved, refused | the orders service is older, or the answer was lost | `tell-decision` |
//! | pending | released | the orders service is older, and the order has ended since | `give-up`: rejected, nothing is reserved |
//! | approved | none | the customers service is older | `reserve` without asking; over the limit: a person |
//! | approved | released | the orders service is older, and the order was cancelled since | `cancel` |
//! | approved | refused, or another amount | they contradict each other | a person |
//! | rejected | none | the customers service is older | `tell-order`: nothing will be reserved, for good |
//! | cancelled | none | the same | the same; if there is no customer: a person |
//! | rejected, cancelled | reserved | the customers service is older, or the message was lost | `release` |
//! | cancelled | refused | they contradict each other | a person |
//! | not there | reserved | the orders service is older, and the order was placed since | `release`; the order is lost |
//! | not there | refused, released | the same, and nothing depends on it | none: counted |
//!
//! Within one service, whose tables came back to different moments:
//!
//! | what is seen | rule |
//! |---|---|
//! | a row of the outbox tells of a version that its aggregate has not reached, or of a refusal that is not there | `drop-row`: the change is lost, and its place must be free for the next one |
//! | a row of the outbox tells of an order that is decided, of which its customer knows nothing, or of a decision about an order that is not there | `drop-row`: it would be decided anew, or find nobody |
//! | rows of the outbox that were sent are there again | none: they have their old ids, and are known as duplicates |
//! | a row behind one that is not there | none: that is how a row looks whose predecessor was sent; what a lost one told of is found above |
//! | neither the outbox nor the table of sent messages knows the message of an order's last change, and that is younger than the retention of the latter | `tell-order` |
//! | what should come again waits in the outbox, but the inbox of its consumer knows it as handled | `forget`: the row of the inbox goes |
//! | an effect whose message the inbox does not know | none: the tables of decisions and of states make a second delivery harmless |
//! | what is reserved of a customer's credit is not the sum of its decisions | `recount`; over the limit: a person |
//! | credit is reserved for a customer that is not there | a person |
//!
//! What was committed after the moment to which *all* tables went back leaves no trace, and is not found.
//! Mails are not compared: nobody can know whether one whose row is lost was sent.
//!
//! What is reserved in vain is given back before anything is reserved, so that an order finds the credit that
//! it had. It needs memory for one page, and a hundred bytes for each customer, whose credit is counted.
//! Everything that was under way when the tables were read is taken for lost: stop the services before, or
//! leave out what is young.

mod books;
mod finding;
mod mend;
mod rules;
mod search;
mod sums;

pub use books::{Books, BoxError, Tables};
pub use finding::{Finding, Rule};
pub use mend::Mended;
pub use search::Search;
