//! Who may call: bearer tokens (JWT, signed with RS256 or ES256) with a scope for each operation.
//!
//! Which scope an operation needs stands in the OpenAPI document of the service, and nowhere else:
//! [`Doors::guard`] reads it there. What the document does not have is refused, so a route that somebody
//! forgot to describe is closed. Health, readiness and the documents themselves stand beside the guarded
//! routes and stay open.
//!
//! A caller without a valid token gets 401, one whose token lacks the scope 403, both as JSON in the shape of
//! all errors (["RFC 6750, section 3"](https://www.rfc-editor.org/rfc/rfc6750#section-3)).

mod crypto;
mod guard;
mod issuer;
mod keys;
mod settings;

pub use guard::Doors;
pub use issuer::LocalIssuer;
pub use keys::KeysError;
pub use settings::{AuthSettings, KeySource, TokenSettings};
