//! A deployment: its clients, and the names of everything that it has. They follow from its prefix and from
//! what each service says of itself, so a new service appears by itself.

use aws_sdk_dynamodb::Client as DynamoDbClient;
use aws_types::SdkConfig;
use outbox_relay::RelaySettings;
use service_kit::{BaseSettings, Environment, SettingsError, aws::dynamodb_timeouts};
use shop::SERVICES;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    ambient::Ambient,
    channels::Channels,
    provision::ServiceResources,
    relay::{Relay, operate::OutboxView},
    scheduled::Mover,
    wiring::Consumes,
};
use unit_of_work::DynamoDb;

use crate::{
    cli::Common,
    failure::{Failure, Result},
};

/// Where nobody says it, an AWS that is not AWS's own is in this region.
const LOCAL_REGION: &str = "us-east-1";

/// What a command works with.
#[derive(Debug)]
pub struct Deployment {
    /// How it was asked for.
    pub common: Common,
    /// Its services.
    pub services: Vec<Part>,
    /// The database.
    pub database: DynamoDb,
    /// Queues.
    pub sqs: aws_sdk_sqs::Client,
    /// Topics.
    pub sns: aws_sdk_sns::Client,
    /// Buckets.
    pub s3: aws_sdk_s3::Client,
    /// Functions, and what wakes them.
    pub lambda: aws_sdk_lambda::Client,
    /// Alarms.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// Time and ids.
    pub ambient: Ambient,
    /// Is cancelled when somebody wants the command to end.
    pub stop: CancellationToken,
    /// Where AWS is, as it identifies a deployment together with account and prefix.
    pub place: String,
    /// The account, as far as a table of sent messages tells it.
    pub account: String,
    aws: SdkConfig,
}

/// One service of it.
#[derive(Debug)]
pub struct Part {
    /// Its name, without a prefix.
    pub name: &'static str,
    /// Its tables, topics and queues, with their prefixes.
    pub resources: ServiceResources,
    /// Its queues and their topics, without prefixes.
    pub consumes: Vec<Consumes>,
    /// The topics that it publishes to, without prefixes.
    pub publishes: Vec<String>,
    /// Its table of sent messages, if it is there.
    pub sent: Option<String>,
    /// Its table of scheduled messages, if it is there.
    pub scheduled: Option<String>,
}

impl Deployment {
    /// Finds it by its prefix.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] when a setting is missing or wrong, [`Failure::Aws`] when AWS is out of reach.
    pub async fn open(common: Common) -> Result<Self> {
        let is_unknown = |name: &String| SERVICES.iter().all(|service| service.name != name);
        if let Some(name) = common.restored.iter().map(|one| &one.service).find(|name| is_unknown(name)) {
            return Err(Failure::usage(format!(
                "--restored names {name}, which is no service; there are {}",
                SERVICES.map(|service| service.name).join(", ")
            )));
        }
        let base = environment(&common, "").read(BaseSettings::read).map_err(|error| wrong(&error))?;
        let stop = service_kit::shutdown_token().map_err(|error| Failure::usage(error.to_string()))?;
        let aws = service_kit::sdk_config(&base).await;
        // Nothing here is asked for that may take long, and a person waits.
        let aws = aws.into_builder().timeout_config(dynamodb_timeouts()).build();
        let s3 = aws_sdk_s3::config::Builder::from(&aws).force_path_style(base.endpoint_url.is_some());
        let mut deployment = Self {
            services: Vec::new(),
            database: DynamoDb::new(DynamoDbClient::new(&aws)),
            sqs: aws_sdk_sqs::Client::new(&aws),
            sns: aws_sdk_sns::Client::new(&aws),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            lambda: aws_sdk_lambda::Client::new(&aws),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&aws),
            ambient: Ambient::system(),
            stop,
            place: base.endpoint_url.unwrap_or(base.region),
            account: String::new(),
            aws,
            common,
        };
        for service in SERVICES {
            let env = environment(&deployment.common, service.name);
            let configured = env.read(service.configure).map_err(|error| wrong(&error))?;
            let wiring = (service.wiring)();
            let [sent, scheduled] = ["sent", "scheduled"].map(|kind| deployment.table(service.name, kind));
            let publishes = configured.resources.outbox_table.is_some();
            let sent = deployment.if_there(sent, publishes).await?;
            // Two accounts may have a deployment of the same name in the same region.
            if let Some(account) = sent.as_ref().and_then(|(_, arn)| arn.split(':').nth(4)) {
                deployment.account = account.to_owned();
            }
            let scheduled = deployment.if_there(scheduled, publishes).await?;
            deployment.services.push(Part {
                name: service.name,
                resources: configured.resources,
                consumes: wiring.consumes,
                publishes: wiring.publishes,
                sent: sent.map(|(table, _)| table),
                scheduled: scheduled.map(|(table, _)| table),
            });
        }
        Ok(deployment)
    }

    /// A table of a service, by its kind.
    pub fn table(&self, service: &str, kind: &str) -> String {
        table(&self.common, service, &format!("-{kind}"))
    }

    /// Whether topics and queues are FIFO ones.
    pub fn channels(&self) -> Channels {
        Channels::fifo(self.common.fifo)
    }

    /// What the names of topics begin with.
    pub fn topic_prefix(&self) -> String {
        let set = std::env::var("AWS_SNS_TOPIC_PREFIX").ok().filter(|prefix| !prefix.trim().is_empty());
        set.unwrap_or_else(|| self.common.prefix.clone())
    }

    /// The services that publish, each with its outbox.
    pub fn outboxes(&self) -> impl Iterator<Item = (&Part, OutboxView)> {
        self.services.iter().filter_map(|part| {
            let table = part.resources.outbox_table.clone()?;
            Some((part, OutboxView::new(self.database.clone(), table)))
        })
    }

    /// The relay of a service, as the deployment runs it.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] when a setting is wrong.
    pub fn relay(&self, part: &Part) -> Result<Relay> {
        Ok(outbox_relay::relay(&self.aws, &self.relay_settings(part)?, self.ambient.clone()))
    }

    /// The mover of a service's scheduled messages, if it has any.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] when a setting is wrong.
    pub fn mover(&self, part: &Part) -> Result<Option<Mover>> {
        Ok(outbox_relay::mover(&self.aws, &self.relay_settings(part)?, self.ambient.clone()))
    }

    /// What a relay of this service is told.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] when a setting is wrong.
    pub fn relay_settings(&self, part: &Part) -> Result<RelaySettings> {
        let mut settings =
            RelaySettings::read(environment(&self.common, part.name)).map_err(|error| wrong(&error))?;
        settings.sent = settings.sent.filter(|_| part.sent.is_some());
        settings.scheduled_table.clone_from(&part.scheduled);
        Ok(settings)
    }

    /// The service and the number of the subscription that has this queue, by its name without prefix.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] names the queues that there are.
    pub fn consumer(&self, queue: &str) -> Result<(&Part, usize)> {
        let without_prefix = queue.strip_prefix(self.common.prefix.as_str()).unwrap_or(queue);
        let found = self.services.iter().find_map(|part| {
            let is_it = |one: &Consumes| one.queue == queue || one.queue == without_prefix;
            Some((part, part.consumes.iter().position(is_it)?))
        });
        found.ok_or_else(|| {
            let all = self.services.iter().flat_map(|part| &part.consumes);
            let all: Vec<_> = all.map(|one| one.queue.as_str()).collect();
            Failure::usage(format!("no service consumes {queue}; there are {}", all.join(", ")))
        })
    }

    /// The table and its ARN, if it is there.
    async fn if_there(&self, table: String, is_possible: bool) -> Result<Option<(String, String)>> {
        if !is_possible {
            return Ok(None);
        }
        let asked = self.database.client().describe_table().table_name(&table).send().await;
        match asked {
            Ok(answer) => {
                let arn = answer.table().and_then(|table| table.table_arn()).unwrap_or_default();
                Ok(Some((table, arn.to_owned())))
            }
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
                Ok(None)
            }
            Err(error) => Err(Failure::of(&format!("table {table}"), &error)),
        }
    }
}

/// A table of a service, by what stands behind the service. That of sent messages cannot be restored.
fn table(common: &Common, service: &str, kind: &str) -> String {
    let restored = common.restored.iter().rfind(|one| one.service == service && kind != "-sent");
    let end = restored.map_or("", |one| one.end.as_str());
    format!("{}{service}{kind}{end}", common.prefix)
}

fn wrong(error: &SettingsError) -> Failure {
    Failure::usage(error.problems().join("; "))
}

/// The environment of one service: what the deployment's names make of it, and for the rest that of this
/// process.
fn environment(common: &Common, service: &str) -> Environment {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let endpoint = set("AWS_ENDPOINT_URL");
    let mode = if endpoint.is_some() { "development" } else { "production" };
    let region = set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION"));
    let region = region.or_else(|| endpoint.map(|_| LOCAL_REGION.to_owned()));
    let table = |kind: &str| table(common, service, kind);
    let own = [
        (format!("DYNAMODB_{}_TABLE_NAME", service.to_ascii_uppercase()), table("")),
        ("DYNAMODB_INBOX_TABLE_NAME".to_owned(), table("-inbox")),
        ("DYNAMODB_OUTBOX_TABLE_NAME".to_owned(), table("-outbox")),
        ("SENT_TABLE_NAME".to_owned(), table("-sent")),
        ("MESSAGING_FIFO".to_owned(), common.fifo.to_string()),
    ];
    let mut variables: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name != "SCHEDULED_TABLE_NAME")
        .collect();
    let unless_set = |name: &str, value: Option<String>| {
        set(name).is_none().then_some(value).flatten().map(|value| (name.to_owned(), value))
    };
    variables.extend(unless_set("ENVIRONMENT", Some(mode.to_owned())));
    variables.extend(unless_set("AWS_REGION", region));
    variables.extend(unless_set("AWS_SNS_TOPIC_PREFIX", Some(common.prefix.clone())));
    variables.extend(unless_set("AWS_SQS_QUEUE_NAME_PREFIX", Some(common.prefix.clone())));
    variables.into_iter().chain(own).collect()
}
