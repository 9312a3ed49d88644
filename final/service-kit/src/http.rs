//! What a handler takes and answers: strict input, and answers of one shape for every failure.

mod error;
pub(crate) mod fallback;
mod fields;
mod idempotency;
mod json_body;
mod json_error;
mod limits;
mod links;
mod marks;
mod methods;
mod paths;
mod uuid_path;

pub use error::ApiError;
pub use fields::{UuidText, WholeNumber};
pub use idempotency::IdempotencyKey;
pub use json_body::{JsonBody, MAX_BODY_BYTES};
pub use limits::RequestLimits;
pub use links::Links;
pub use paths::optional_slash;
pub use uuid_path::UuidPath;

pub(crate) use limits::{Limited, limited};
pub(crate) use marks::{ClientIsGone, NotAccessLogged};
pub(crate) use methods::known_method;
