//! What a service needs of AWS: it follows from its wiring, its tables and what it is told.

use transactional_messaging::{due::DueIndex, provision::ServiceResources, wiring::Description};

use crate::{MessagingSettings, ServiceSettings};

/// The tables of a service beside its inbox. A service that only consumes has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// The table of its aggregates.
    pub aggregates: Option<String>,
    /// What of that table waits for a time.
    pub index: Option<DueIndex>,
    /// Its outbox.
    pub outbox: Option<String>,
}

impl ServiceSettings {
    /// The tables that are named here, without an index.
    pub fn tables(&self) -> Tables {
        let (aggregates, outbox) = (Some(self.table.clone()), Some(self.outbox_table.clone()));
        Tables { aggregates, index: None, outbox }
    }
}

/// Everything that a service needs of AWS, by its full names.
pub fn resources(wiring: &Description, messaging: &MessagingSettings, tables: Tables) -> ServiceResources {
    let channels = &messaging.channels;
    ServiceResources {
        aggregate_table: tables.aggregates,
        aggregate_index: tables.index,
        inbox_table: Some(messaging.inbox_table.clone()),
        outbox_table: tables.outbox,
        ..ServiceResources::wired(wiring, &channels.topic_prefix, &channels.queue_prefix)
    }
    .on(channels.kind)
}

/// A wiring as the JSON that is checked in for Terraform: what a service's program prints for `--wiring`.
///
/// # Errors
///
/// When it cannot be written as JSON, which nothing in it can bring about.
pub fn json(wiring: &Description) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(wiring)? + "\n")
}
