//! Everything in this process: the embedded AWS, the services that answer requests, and as Lambda functions
//! behind simulated event source mappings their relays and the service that only consumes.
//!
//! It is a deployment as Terraform makes one: the resources are there before the programs, which run in
//! production mode, and what each component's calls need of IAM is noted for the comparison with the
//! policies.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, ensure};
use aws_types::SdkConfig;
use local_aws::{
    ACCOUNT_ID, LocalAws, REGION,
    mapping::{EventSourceMapping, Filter, InvocationRecord, MappingSettings, OnFailure, StartingPosition},
};
use outbox_relay::{
    RelaySettings,
    lambda::{self, Sweep},
    relay,
};
use permissions::CallLog;
use service_kit::{Environment, Mode};
use shop::{Configured, Registered, SERVICES};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    ambient::Ambient,
    provision::{ServiceResources, ensure_sent_table, ensure_service},
    relay::Relay,
};

use super::{Host, function, settings::variables};
use crate::{eventually::eventually, system::Addresses};

/// The system in this process.
#[derive(Debug)]
pub struct InProcess {
    addresses: Addresses,
    stop: CancellationToken,
    parts: JoinSet<anyhow::Result<()>>,
    discarded: Arc<Mutex<Vec<InvocationRecord>>>,
    logs: PathBuf,
    calls: CallLog,
    /// Whether they are those of all scenarios.
    are_all: bool,
    sweepers: Vec<Relay>,
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
        let (sdk, stop, calls) = (aws.sdk_config(), CancellationToken::new(), CallLog::default());
        let mut parts = JoinSet::new();
        let mut urls = BTreeMap::new();
        for service in SERVICES {
            let configured = configured(&aws, service)?;
            deploy(&sdk, &configured.resources).await?;
            let aws_of_service = calls.noted(&sdk, service.name);
            if !service.publishes() {
                function::start(&aws_of_service, aws.endpoint_url(), &mut parts, &stop).await?;
                continue;
            }
            let (listener, url) = listen().await?;
            parts.spawn(configured.run(aws_of_service, Ambient::system(), listener, stop.clone()));
            urls.insert(service.name, url);
        }
        for (name, url) in &urls {
            let health = &format!("{url}/{name}/health");
            eventually(|| async move { Ok(reqwest::get(health).await?.error_for_status()?) }).await?;
        }
        let discarded = Arc::default();
        let mut sweepers = Vec::new();
        for service in super::publishers() {
            let aws_of_relay = calls.noted(&sdk, &format!("{service}-relay"));
            let mapped = map(&aws, &aws_of_relay, service, Arc::clone(&discarded), stop.clone());
            parts.spawn(mapped.await?);
            let aws_of_sweeper = calls.noted(&sdk, &format!("{service}-sweeper"));
            ensure_sent_table(&aws_sdk_dynamodb::Client::new(&sdk), &format!("{service}-sent")).await?;
            sweepers.push(relay(&aws_of_sweeper, &relay_settings(&aws, service)?, Ambient::system()));
        }
        let mut url = |name| urls.remove(name).with_context(|| format!("{name} is not registered"));
        let addresses = Addresses { customers: url("customers")?, orders: url("orders")?, sdk };
        let logs = logs.as_ref().to_owned();
        Ok(Self { addresses, stop, parts, discarded, logs, calls, are_all: false, sweepers, _aws: aws })
    }
}

impl Host for InProcess {
    fn addresses(&self) -> Addresses {
        self.addresses.clone()
    }

    fn logs(&self) -> &Path {
        &self.logs
    }

    fn all_passed(&mut self) {
        self.are_all = true;
    }

    async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        while let Some(ended) = self.parts.join_next().await {
            ended.context("a part panicked")??;
        }
        for sweeper in &self.sweepers {
            let swept = lambda::sweep_once(sweeper, Sweep { older_than_seconds: 0 }).await;
            swept.map_err(|error| anyhow::anyhow!("the sweeper failed: {error}"))?;
        }
        let discarded = self.discarded.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(discarded.is_empty(), "the mapping gave up on {discarded:?}");
        if self.are_all {
            self.calls.write(&self.logs.with_file_name("calls").join("scenarios.tsv"))?;
        }
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
    let settings = relay_settings(aws, service)?;
    let relay = relay(sdk, &settings, Ambient::system());
    let dynamodb = aws_sdk_dynamodb::Client::new(&aws.sdk_config());
    let described = dynamodb.describe_table().table_name(&settings.outbox_table).send().await?;
    let stream = described.table.and_then(|table| table.latest_stream_arn).context("there is no stream")?;
    let mapping = MappingSettings {
        starting_position: StartingPosition::TrimHorizon,
        batch_size: 100,
        filter_criteria: vec![Filter::parse(super::STREAM_FILTER)?],
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

/// What Terraform does before there are programs.
async fn deploy(sdk: &SdkConfig, wanted: &ServiceResources) -> anyhow::Result<()> {
    let (sns, sqs) = (aws_sdk_sns::Client::new(sdk), aws_sdk_sqs::Client::new(sdk));
    Ok(ensure_service(&aws_sdk_dynamodb::Client::new(sdk), &sns, &sqs, wanted).await?)
}

/// In production mode, which no setting could bring about with an endpoint like this one.
fn configured(aws: &LocalAws, service: Registered) -> anyhow::Result<Configured> {
    let environment: Environment = variables(service.name, aws.endpoint_url()).into_iter().collect();
    let mut configured = environment.read(service.configure)?;
    configured.base.environment = Mode::Production;
    Ok(configured)
}

/// Topics by their ARN and fair queues, as in a deployment.
fn relay_settings(aws: &LocalAws, service: &str) -> anyhow::Result<RelaySettings> {
    let topics = ("AWS_SNS_TOPIC_ARN_PREFIX".to_owned(), format!("arn:aws:sns:{REGION}:{ACCOUNT_ID}:"));
    let fair = ("TENANT_FIELD".to_owned(), "customer_id".to_owned());
    let variables = variables(service, aws.endpoint_url()).into_iter().chain([topics, fair]);
    Ok(RelaySettings::read(variables.collect())?)
}

async fn listen() -> anyhow::Result<(TcpListener, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

fn log_to(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let file = std::fs::File::create(folder.join("in_process.log"))?;
    let logs = service_kit::logging::subscriber(Mode::Production, None, Arc::new(file));
    Ok(tracing::subscriber::set_global_default(logs)?)
}
