//! Domains: modules named `domain`, which hold rules and know nothing of what carries them out.

use crate::source::Crate;

/// What a domain may not name, besides every crate of AWS.
const FOREIGN: [&str; 8] = [
    "axum",
    "http",
    "serde_dynamo",
    "service",
    "service_kit",
    "tokio",
    "transactional_messaging",
    "unit_of_work",
];

/// A complaint for each name in a domain that belongs to AWS, messages, storage or HTTP.
pub fn know_only_rules(source: &Crate) -> Vec<String> {
    let domains = source.modules.iter().filter(|(place, _)| place.iter().any(|name| name == "domain"));
    let mut wrong = Vec::new();
    for (_, module) in domains {
        for path in &module.paths {
            let Some(first) = path.first() else { continue };
            if first.starts_with("aws_") || path.len() > 1 && FOREIGN.contains(&first.as_str()) {
                wrong.push(format!("{}: a domain knows {}", module.file.display(), path.join("::")));
            }
        }
    }
    wrong
}
