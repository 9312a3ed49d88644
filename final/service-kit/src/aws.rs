//! One configuration for every AWS client of a process, with time limits, because the SDK for Rust has none
//! by itself.
//!
//! By default only the connect timeout is set: a call whose answer never comes waits for ever
//! (<https://github.com/awslabs/aws-sdk-rust/issues/1034>), and with it the consumer or request that
//! made it.

mod guard;

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::settings::{BaseSettings, Mode};
use guard::OnlyAws;

/// Time for a TCP and TLS handshake. One within a region takes milliseconds; after three seconds a SYN was
/// lost twice and another attempt, to another address, is the better bet.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Time for one attempt, from the first byte out to the answer. It must exceed the longest answer that is
/// meant to be slow: an SQS long poll of 20 seconds, to which five seconds are added for the network.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(25);

/// Time for a call with all its attempts and the pauses between them: two full attempts and a part of the
/// third. No call keeps its caller longer than this.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(60);

/// Time for one attempt of a call to DynamoDB, which answers within milliseconds. After three seconds the
/// answer is not slow but lost, and another attempt is the better bet.
pub const DYNAMODB_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);

/// Time for a call to DynamoDB with all its attempts: two full ones and a part of the third. It is less than
/// the ten seconds that a request has ([`RequestLimits`](crate::RequestLimits)), so that a call says what
/// became of it while its caller still listens.
pub const DYNAMODB_OPERATION_TIMEOUT: Duration = Duration::from_secs(8);

/// The first attempt and two more, the SDK's own default, written down so that `AWS_MAX_ATTEMPTS`
/// cannot change it.
pub const MAX_ATTEMPTS: u32 = 3;

/// The SDK whose defaults are meant, by name and not as the latest. A later one retries by other rules from
/// November 2026 on (retry behaviour 2.1: pauses of 50 ms instead of a second, fewer retries in an outage),
/// and an update of the SDK must not bring them unseen: it makes this name a deprecated one, which the
/// lints refuse until somebody has looked. The tests hold the limits above by the rules of both.
pub fn behavior_version() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// Builds the configuration that every client of this process is made from.
///
/// Credentials come from the SDK's default chain: environment, profile, web identity, the ECS container
/// endpoint, the EC2 instance. In development mode with an endpoint override and neither an access key nor a
/// profile in the environment, test credentials are used instead: emulators accept any, and the chain would
/// first look for an instance metadata service that a desk does not have.
///
/// In production every client made from it refuses to send a request anywhere but to AWS, whatever set its
/// endpoint.
///
/// An endpoint that begins with `http:` gets a client without TLS, which skips loading the machine's root
/// certificates. Credentials that are themselves fetched over HTTPS, such as an assumed role, need an
/// `https:` endpoint or none.
pub async fn sdk_config(settings: &BaseSettings) -> SdkConfig {
    let http = Builder::new();
    let http_client = match settings.endpoint_url.as_deref() {
        Some(url) if is_plain_http(url) => http.build_http(),
        _ => http.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https(),
    };
    let mut loader = aws_config::defaults(behavior_version())
        .region(Region::new(settings.region.clone()))
        .http_client(http_client)
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
        .timeout_config(timeouts());
    if let Some(url) = &settings.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    // Asks the process and not the settings, because that is where the default chain will look.
    if wants_test_credentials(settings, |name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
    {
        // LocalStack derives the account from the access key; this one gives 000000000000.
        loader = loader.credentials_provider(Credentials::new("test", "test", None, None, "development"));
    }
    let config = loader.load().await;
    match (settings.environment, config.http_client()) {
        // After loading: credentials come over plain HTTP from addresses of the machine itself.
        (Mode::Production, Some(http)) => config.into_builder().http_client(OnlyAws::through(http)).build(),
        _ => config,
    }
}

/// Time limits for clients that are asked for nothing slow, DynamoDB before all: no long poll, so attempts
/// may be short.
///
/// ```
/// # fn client(sdk: &aws_config::SdkConfig) -> aws_config::SdkConfig {
/// sdk.clone().into_builder().timeout_config(service_kit::aws::dynamodb_timeouts()).build()
/// # }
/// ```
pub fn dynamodb_timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(DYNAMODB_ATTEMPT_TIMEOUT)
        .operation_timeout(DYNAMODB_OPERATION_TIMEOUT)
        .build()
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build()
}

fn is_plain_http(url: &str) -> bool {
    url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"))
}

fn wants_test_credentials(settings: &BaseSettings, is_set: impl Fn(&str) -> bool) -> bool {
    settings.environment == Mode::Development
        && settings.endpoint_url.is_some()
        && !is_set("AWS_ACCESS_KEY_ID")
        && !is_set("AWS_PROFILE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_credentials_are_for_development_with_an_override_and_nothing_better() {
        let settings = |environment, endpoint: Option<&str>| BaseSettings {
            environment,
            region: "eu-west-1".to_owned(),
            endpoint_url: endpoint.map(str::to_owned),
            release: None,
        };
        let local = settings(Mode::Development, Some("http://127.0.0.1:4566"));
        assert!(wants_test_credentials(&local, |_| false));
        assert!(!wants_test_credentials(&local, |name| name == "AWS_ACCESS_KEY_ID"));
        assert!(!wants_test_credentials(&local, |name| name == "AWS_PROFILE"));
        assert!(!wants_test_credentials(&settings(Mode::Development, None), |_| false));
        let vpc = settings(Mode::Production, Some("https://sqs.eu-west-1.amazonaws.com"));
        assert!(!wants_test_credentials(&vpc, |_| false));
    }
}
