//! The service that only consumes, as it is deployed: a function behind the event source mappings of its
//! queues. What is due is looked for by its sender, more often than a schedule would.

use std::time::Duration;

use anyhow::Context as _;
use aws_types::SdkConfig;
use local_aws::{
    ACCOUNT_ID, REGION,
    mapping::{QueueMapping, QueueSettings},
};
use notifications::{
    sender,
    service::{self, Settings},
    wiring::wiring,
};
use serde_json::{Value, json};
use service_kit::{Environment, Mode};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    ambient::Ambient, channels::Channels, driver::lambda_consumer::LambdaConsumer,
};

use super::settings::variables;

/// A sixth of the time for which the queues hide a message, that were made as in development.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Starts a mapping for each queue, and the sender. The mappings receive and delete as Lambda does, under the
/// role of the function, so their calls are noted with its own.
pub(super) async fn start(
    sdk: &SdkConfig,
    endpoint: &str,
    parts: &mut JoinSet<anyhow::Result<()>>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let environment: Environment = variables("notifications", endpoint).into_iter().collect();
    let mut settings = environment.read(Settings::read)?;
    settings.base.environment = Mode::Production;
    let (ambient, sqs) = (Ambient::system(), aws_sdk_sqs::Client::new(sdk));
    let use_cases = service::use_cases(::service::database(sdk), &settings, ambient.clone())?;
    let (sender, fresh) = (service::sender(sdk, &settings, ambient.clone())?, use_cases.fresh());
    let wiring = wiring();
    let queues = wiring.description().consumes;
    let consumer = LambdaConsumer::open(&sqs, ("", Channels::Standard), wiring, use_cases, TIMEOUT).await?;
    for consumes in queues {
        let url = sqs.get_queue_url().queue_name(&consumes.queue).send().await?.queue_url;
        let arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{}", consumes.queue);
        // As in terraform/modules/lambda-consumer.
        let mapped = QueueSettings {
            report_batch_item_failures: true,
            maximum_concurrency: Some(5),
            ..QueueSettings::default()
        };
        let mapping = QueueMapping::new(sqs.clone(), url.context("a queue without a URL")?, arn, mapped);
        let (consumer, stop) = (consumer.clone(), stop.clone());
        let function = move |event: Value| {
            let consumer = consumer.clone();
            async move { Ok::<_, serde_json::Error>(json!(consumer.handle(serde_json::from_value(event)?).await)) }
        };
        parts.spawn(async move { Ok(mapping.run(function, stop).await?) });
    }
    let watching = sender::watch(sender, fresh, settings.check, ambient.id(), stop.clone());
    parts.spawn(async move {
        watching.await;
        Ok(())
    });
    Ok(())
}
