//! The tables in the domains of `final/`, compiled in from their files: they need neither AWS nor messages, as the crates around them do.
//! For the test that the model decides as they do.

/// What the table of the customers service knows of amounts: nothing but that it gives back what was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money(pub u64);

// Not ours to format.
#[rustfmt::skip]
#[path = "../../../final/customers/src/domain/decision.rs"]
pub mod decision;
#[rustfmt::skip]
#[path = "../../../final/orders/src/domain/life.rs"]
pub mod life;
