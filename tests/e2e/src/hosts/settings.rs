//! What the parts of the system are told. Whatever this machine's own environment says about AWS does not
//! count.

use anyhow::Context as _;
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_types::SdkConfig;
use service_kit::{BaseSettings, Environment};

const REGION: &str = "us-east-1";

/// The environment of a service or its relay.
pub fn variables(service: &str, endpoint: &str) -> Vec<(String, String)> {
    let table = format!("DYNAMODB_{}_TABLE_NAME", service.to_uppercase());
    [
        ("ENVIRONMENT", "development"),
        ("AWS_REGION", REGION),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        (&table, service),
        // Scenarios do not wait for a minute.
        ("ORDER_TIMEOUT_CHECK_SECONDS", "1"),
        ("MAIL_CHECK_SECONDS", "1"),
        ("DYNAMODB_INBOX_TABLE_NAME", &format!("{service}-inbox")),
        ("DYNAMODB_OUTBOX_TABLE_NAME", &format!("{service}-outbox")),
        // What was sent is looked up there.
        ("SENT_TABLE_NAME", &format!("{service}-sent")),
        ("SENT_RETENTION_DAYS", "7"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// Settings for the clients of this process, made as the services make theirs.
pub(super) async fn sdk_config(endpoint: &str) -> anyhow::Result<SdkConfig> {
    let mut environment: Environment = variables("customers", endpoint).into_iter().collect();
    let settings = BaseSettings::read(&mut environment);
    let settings = environment.finish(|| settings).context("the settings of the test are incomplete")?;
    let keys = Credentials::from_keys("test", "test", None);
    let sdk = service_kit::sdk_config(&settings).await.into_builder();
    Ok(sdk.credentials_provider(SharedCredentialsProvider::new(keys)).build())
}
