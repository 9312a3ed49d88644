//! The environment of a process, as lines `NAME=VALUE`.

use outbox_relay::RelaySettings;
use service_kit::{Environment, Mode, ServiceSettings, SettingsError};

const TABLE: &str = "DYNAMODB_ORDERS_TABLE_NAME";
/// What stands in a value that must not be repeated in an error.
const SECRET: &str = "SECRET#";

pub(crate) fn target(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines = || text.lines().filter_map(|line| line.split_once('='));
    match ServiceSettings::read(lines().collect::<Environment>(), TABLE) {
        Ok(settings) => {
            let again = ServiceSettings::read(written(&settings), TABLE);
            assert_eq!(again.as_ref(), Ok(&settings), "written and read again, the settings differ");
            goes_nowhere_else(settings.base.environment, settings.base.endpoint_url.as_deref());
        }
        Err(error) => explains(&error, text),
    }
    match RelaySettings::read(lines().collect()) {
        Ok(settings) => {
            goes_nowhere_else(settings.base.environment, settings.base.endpoint_url.as_deref());
            assert!(!settings.outbox_table.is_empty());
        }
        Err(error) => explains(&error, text),
    }
}

fn written(settings: &ServiceSettings) -> Environment {
    let base = &settings.base;
    let mode = if base.environment == Mode::Development { "development" } else { "production" };
    let variables = [
        ("ENVIRONMENT", mode.to_owned()),
        ("AWS_REGION", base.region.clone()),
        ("AWS_ENDPOINT_URL", base.endpoint_url.clone().unwrap_or_default()),
        ("AWS_SNS_TOPIC_PREFIX", base.topic_prefix.clone()),
        ("AWS_SQS_QUEUE_NAME_PREFIX", base.queue_prefix.clone()),
        ("MESSAGING_FIFO", base.fifo.to_string()),
        ("INBOX_RETENTION_DAYS", settings.inbox_retention_days.to_string()),
        ("HOST", settings.listen.ip().to_string()),
        ("PORT", settings.listen.port().to_string()),
        (TABLE, settings.table.clone()),
        ("DYNAMODB_INBOX_TABLE_NAME", settings.inbox_table.clone()),
        ("DYNAMODB_OUTBOX_TABLE_NAME", settings.outbox_table.clone()),
    ];
    variables.into_iter().collect()
}

/// In production, signed requests go to AWS over TLS or not at all.
fn goes_nowhere_else(mode: Mode, endpoint: Option<&str>) {
    let Some(url) = endpoint.filter(|_| mode == Mode::Production) else { return };
    let uri: http::Uri = url.parse().expect("an endpoint is a url");
    assert_eq!(uri.scheme_str(), Some("https"), "{url}");
    let host = uri.host().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    let of_aws = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn"];
    assert!(of_aws.iter().any(|domain| host.ends_with(domain)), "{url}");
}

/// An error has a reason, and repeats no secret. Names are no secrets: an error may say which variable it means.
fn explains(error: &SettingsError, text: &str) {
    assert!(!error.problems().is_empty());
    let variables = || text.lines().filter_map(|line| line.split_once('='));
    let is_name = |value: &str| variables().any(|(name, _)| name.contains(value));
    let values = variables().map(|(_, value)| value.trim());
    for secret in values.filter(|value| value.contains(SECRET) && !is_name(value)) {
        assert!(!error.to_string().contains(secret), "{error}");
    }
}
