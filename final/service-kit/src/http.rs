//! The HTTP side of a service: strict input, answers of one shape for every failure, and the layers around
//! the routes.

mod error;
mod fallback;
mod fields;
mod idempotency;
mod json_body;
mod json_error;
mod limits;
mod links;
pub mod openapi;
mod router;
mod uuid_path;

pub use error::ApiError;
pub use fields::{UuidText, WholeNumber};
pub use idempotency::IdempotencyKey;
pub use json_body::{JsonBody, MAX_BODY_BYTES};
pub use limits::RequestLimits;
pub use links::Links;
pub use router::{BODY_TIMEOUT, ServiceOptions, optional_slash, service_router};
pub use uuid_path::UuidPath;

pub(crate) use router::{ClientIsGone, NotAccessLogged};
