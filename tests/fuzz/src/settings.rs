//! The environment of a process, as lines `NAME=VALUE`.

use std::net::SocketAddr;

use outbox_relay::RelaySettings;
use service::ServiceSettings;
use service_kit::auth::{AuthSettings, KeySource, TokenSettings};
use service_kit::{Environment, Mode, SettingsError, settings::listen_address};
use transactional_messaging::channels::Channels;

const TABLE: &str = "DYNAMODB_ORDERS_TABLE_NAME";
/// What stands in a value that must not be repeated in an error.
const SECRET: &str = "SECRET#";

pub(crate) fn target(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines = || text.lines().filter_map(|line| line.split_once('='));
    match read(lines().collect()) {
        Ok((settings, address)) => {
            let again = read(written(&settings, address));
            assert_eq!(
                again.as_ref(),
                Ok(&(settings.clone(), address)),
                "written and read again, they differ"
            );
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

fn read(mut env: Environment) -> Result<(ServiceSettings, SocketAddr), SettingsError> {
    let (settings, address) = (ServiceSettings::read(&mut env, TABLE), listen_address(&mut env));
    env.finish(|| Ok((settings?, address?)))
}

fn written(settings: &ServiceSettings, address: SocketAddr) -> Environment {
    let (base, messaging) = (&settings.base, &settings.messaging);
    let channels = &messaging.channels;
    let mode = if base.environment == Mode::Development { "development" } else { "production" };
    let (auth, jwt) = match &settings.auth {
        AuthSettings::Off => ("off", None),
        AuthSettings::Jwt(jwt) => ("jwt", Some(jwt)),
    };
    let of = |value: fn(&TokenSettings) -> String| jwt.map(value).unwrap_or_default();
    let keys =
        |wanted: fn(&KeySource) -> Option<String>| jwt.and_then(|jwt| wanted(&jwt.keys)).unwrap_or_default();
    let variables = [
        ("AUTH", auth.to_owned()),
        ("JWT_ISSUER", of(|jwt| jwt.issuer.clone())),
        ("JWT_AUDIENCE", of(|jwt| jwt.audience.clone())),
        ("JWT_JWKS", keys(|keys| matches!(keys, KeySource::Text(_)).then(|| text(keys)))),
        ("JWT_JWKS_URL", keys(|keys| matches!(keys, KeySource::Url(_)).then(|| text(keys)))),
        ("INBOX_GENERATIONS", messaging.inbox_generations.to_string()),
        ("ENVIRONMENT", mode.to_owned()),
        ("AWS_REGION", base.region.clone()),
        ("AWS_ENDPOINT_URL", base.endpoint_url.clone().unwrap_or_default()),
        ("AWS_SNS_TOPIC_PREFIX", channels.topic_prefix.clone()),
        ("AWS_SQS_QUEUE_NAME_PREFIX", channels.queue_prefix.clone()),
        ("MESSAGING_FIFO", (channels.kind == Channels::Fifo).to_string()),
        ("INBOX_RETENTION_DAYS", messaging.inbox_retention_days.to_string()),
        ("HOST", address.ip().to_string()),
        ("PORT", address.port().to_string()),
        (TABLE, settings.table.clone()),
        ("DYNAMODB_INBOX_TABLE_NAME", messaging.inbox_table.clone()),
        ("DYNAMODB_OUTBOX_TABLE_NAME", settings.outbox_table.clone()),
    ];
    variables.into_iter().collect()
}

fn text(keys: &KeySource) -> String {
    match keys {
        KeySource::Text(text) => text.clone(),
        KeySource::Url(url) => url.to_string(),
    }
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

/// An error has a reason, and repeats no secret. Names are no secrets: an error may say which variable it
/// means, and says it in capitals.
fn explains(error: &SettingsError, text: &str) {
    assert!(!error.problems().is_empty());
    let variables = || text.lines().filter_map(|line| line.split_once('='));
    let is_name = |value: &str| {
        variables().any(|(name, _)| name.contains(value) || name.to_uppercase().contains(value))
    };
    let values = variables().map(|(_, value)| value.trim());
    for secret in values.filter(|value| value.contains(SECRET) && !is_name(value)) {
        assert!(!error.to_string().contains(secret), "{error}");
    }
}
