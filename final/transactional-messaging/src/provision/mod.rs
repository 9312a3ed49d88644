//! Makes tables, topics and queues for development, tests and the embedded AWS. Everything may be called again and changes nothing the
//! second time. In AWS this is Terraform's work, and the services have no permission for it.

mod broker;
mod tables;

pub use broker::{Subscription, ensure_subscription, ensure_topic};
pub use tables::{ensure_aggregate_table, ensure_inbox_table, ensure_outbox_table};

/// A resource could not be made. Whether a retry helps is in the cause: a service that is still starting, or a missing permission.
#[derive(Debug, thiserror::Error)]
#[error("{what} could not be made; check the endpoint and the permissions")]
pub struct ProvisionError {
    /// The resource, such as `table orders-outbox`.
    pub what: String,
    /// What AWS said.
    #[source]
    pub source: crate::relay::BoxError,
}

/// Names the resource in an error.
fn making<E: Into<crate::relay::BoxError>>(what: impl Into<String>) -> impl FnOnce(E) -> ProvisionError {
    let what = what.into();
    move |source| ProvisionError { what, source: source.into() }
}
