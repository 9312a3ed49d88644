//! Everything in this process: the embedded AWS, both services, and both relays as the Lambda function behind the simulated event
//! source mapping.

use std::{
    convert::Infallible,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, ensure};
use aws_types::SdkConfig;
use local_aws::{
    LocalAws,
    mapping::{EventSourceMapping, Filter, InvocationRecord, MappingSettings, OnFailure, StartingPosition},
};
use outbox_relay::{RelaySettings, lambda, relay};
use service_kit::{Mode, ServiceSettings};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use transactional_messaging::ambient::Ambient;

use super::{Host, settings::variables};
use crate::{eventually::eventually, system::Addresses};

/// The system in this process.
#[derive(Debug)]
pub struct InProcess {
    addresses: Addresses,
    stop: CancellationToken,
    parts: JoinSet<anyhow::Result<()>>,
    discarded: Arc<Mutex<Vec<InvocationRecord>>>,
    logs: PathBuf,
    /// Stops when it is dropped, so it is kept until the end.
    _aws: LocalAws,
}

impl InProcess {
    /// Starts everything; logs go to a file in this folder.
    ///
    /// # Errors
    ///
    /// When a part does not start.
    pub async fn start(logs: impl AsRef<Path>) -> anyhow::Result<Self> {
        log_to(logs.as_ref())?;
        let aws = LocalAws::start().await?;
        let (sdk, stop) = (aws.sdk_config(), CancellationToken::new());
        let mut parts = JoinSet::new();
        let (listener, customers) = listen().await?;
        let settings = service_settings(&aws, "customers", customers::service::TABLE_VARIABLE)?;
        let (aws_of_service, token) = (sdk.clone(), stop.clone());
        parts.spawn(async move {
            customers::service::run(&settings, &aws_of_service, Ambient::system(), listener, token).await
        });
        let (listener, orders) = listen().await?;
        let settings = service_settings(&aws, "orders", orders::service::TABLE_VARIABLE)?.into();
        let (aws_of_service, token) = (sdk.clone(), stop.clone());
        parts.spawn(async move {
            orders::service::run(&settings, &aws_of_service, Ambient::system(), listener, token).await
        });
        for health in [format!("{customers}/customers/health"), format!("{orders}/orders/health")] {
            let health = &health;
            eventually(|| async move { Ok(reqwest::get(health).await?.error_for_status()?) }).await?;
        }
        let discarded = Arc::default();
        for service in ["customers", "orders"] {
            let mapped = map(&aws, &sdk, service, Arc::clone(&discarded), stop.clone());
            parts.spawn(mapped.await?);
        }
        let (addresses, logs) = (Addresses { customers, orders, sdk }, logs.as_ref().to_owned());
        Ok(Self { addresses, stop, parts, discarded, logs, _aws: aws })
    }
}

impl Host for InProcess {
    fn addresses(&self) -> Addresses {
        self.addresses.clone()
    }

    fn logs(&self) -> &Path {
        &self.logs
    }

    async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        while let Some(ended) = self.parts.join_next().await {
            ended.context("a part panicked")??;
        }
        let discarded = self.discarded.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(discarded.is_empty(), "the mapping gave up on {discarded:?}");
        Ok(())
    }
}

/// The relay of a service as a function, and the mapping that calls it, with the settings that it has in AWS.
async fn map(
    aws: &LocalAws,
    sdk: &SdkConfig,
    service: &str,
    discarded: Arc<Mutex<Vec<InvocationRecord>>>,
    stop: CancellationToken,
) -> anyhow::Result<impl Future<Output = anyhow::Result<()>> + use<>> {
    let settings = RelaySettings::read(variables(service, aws.endpoint_url()).into_iter().collect())?;
    let relay = relay(sdk, &settings, Ambient::system());
    let dynamodb = aws_sdk_dynamodb::Client::new(sdk);
    let described = dynamodb.describe_table().table_name(&settings.outbox_table).send().await?;
    let stream = described.table.and_then(|table| table.latest_stream_arn).context("there is no stream")?;
    let mapping = MappingSettings {
        starting_position: StartingPosition::TrimHorizon,
        batch_size: 100,
        filter_criteria: vec![Filter::parse(r#"{"eventName": ["INSERT"]}"#)?],
        report_batch_item_failures: true,
        bisect_batch_on_function_error: true,
        maximum_retry_attempts: 10,
        on_failure: Some(OnFailure::S3(Arc::new(move |record| {
            discarded.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        }))),
        ..MappingSettings::default()
    };
    let mapping = EventSourceMapping::new(aws_sdk_dynamodbstreams::Client::new(sdk), stream, mapping);
    let function = move |event| {
        let relay = relay.clone();
        async move { Ok::<_, Infallible>(lambda::handle(&relay, event).await) }
    };
    Ok(async move { Ok(mapping.run(function, stop).await?) })
}

fn service_settings(aws: &LocalAws, service: &str, table: &str) -> anyhow::Result<ServiceSettings> {
    Ok(ServiceSettings::read(variables(service, aws.endpoint_url()).into_iter().collect(), table)?)
}

async fn listen() -> anyhow::Result<(TcpListener, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

fn log_to(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let file = std::fs::File::create(folder.join("in_process.log"))?;
    let logs = service_kit::logging::subscriber(Mode::Development, None, Arc::new(file));
    Ok(tracing::subscriber::set_global_default(logs)?)
}
