//! Dead letters, and what SNS could not deliver.

mod look;
mod place;
mod redrive;

pub use look::{list, oldest, show};
pub use redrive::redrive;
