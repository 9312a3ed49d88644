//! The documents of all services: what stands in `final/contracts` beside the events of each release.

use std::{collections::BTreeMap, io, path::Path};

use serde_json::Value;
use service::contract::asyncapi;

use crate::SERVICES;

/// Where they are kept, seen from the root of the repository.
pub const FOLDER: &str = "final/contracts";

/// Each document by the name of its file: the OpenAPI document of each service that answers requests, and one
/// AsyncAPI document of all topics.
pub fn documents() -> BTreeMap<String, String> {
    let contracts = SERVICES.map(|service| (service.contract)());
    let answering = contracts.iter().filter(|contract| !contract.openapi().is_null());
    let openapi = answering
        .map(|contract| (format!("{}.openapi.json", contract.service()), pretty(contract.openapi())));
    openapi.chain([("asyncapi.json".to_owned(), pretty(&asyncapi(&contracts)))]).collect()
}

/// Writes them all.
///
/// # Errors
///
/// When a file cannot be written.
pub fn write(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    documents().into_iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), text))
}

/// A document as it is kept.
pub fn pretty(document: &Value) -> String {
    format!("{document:#}\n")
}
