//! The parts of the system that are measured.

use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, bail, ensure};
use aws_types::SdkConfig;
use customers::{
    messages::{ORDER_CREATED, OrderCreated},
    service::TABLE_VARIABLE,
    use_cases::Customers,
};
use outbox_relay::{
    RelaySettings,
    lambda::{self, Invocation},
};
use service::ServiceSettings;
use service_kit::{Environment, Mode, logging};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    ambient::Ambient,
    consumer::{ConsumerGroup, ConsumerSettings, Delivery, KeyedLocks},
};
use unit_of_work::DynamoDb;

use crate::{
    load, reference,
    usage::Used,
    work::{Until, measured},
};

const ARN_PREFIX: &str = "arn:aws:sns:us-east-1:000000000000:";

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The relay as its Lambda function calls it, with batches of so many records, and so many of each
    /// subject.
    Relay {
        /// Records in a batch.
        batch: u64,
        /// Records of each subject.
        of_a_subject: u64,
    },
    /// The least that a relay can do.
    Reference {
        /// Records in a batch.
        batch: u64,
    },
    /// The consumer of new orders of the customers service, with orders of as many customers.
    Consumer,
    /// The sweep of everything that is pending.
    Sweep,
}

/// Reads `relay:100/10`, `reference:100`, `consumer` or `sweep`.
impl FromStr for Part {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, numbers) = text.split_once(':').unwrap_or((text, ""));
        let (batch, of_a_subject) = numbers.split_once('/').unwrap_or((numbers, "1"));
        Ok(match name {
            "relay" => Self::Relay { batch: batch.parse()?, of_a_subject: of_a_subject.parse()? },
            "reference" => Self::Reference { batch: batch.parse()? },
            "consumer" => Self::Consumer,
            "sweep" => Self::Sweep,
            _ => bail!("{text} is none of relay:BATCH/ROWS, reference:BATCH, consumer, sweep"),
        })
    }
}

/// Works until then. AWS is the stand-in at this address, or none at all.
///
/// # Errors
///
/// When the part fails, or the machine does not tell what was used.
pub async fn work(part: Part, stand_in: Option<&str>, until: Until) -> Result<Vec<Used>> {
    // Logs are on, as they are in production, and go nowhere. They may be on already.
    let logs = logging::subscriber(Mode::Production, None, std::io::sink);
    let _ = tracing::subscriber::set_global_default(logs);
    let settings = RelaySettings::read(environment(stand_in))?;
    let aws = with_settings(&settings, stand_in).await?;
    match part {
        Part::Relay { batch, of_a_subject } => {
            let relay = outbox_relay::relay(&aws, &settings, ambient());
            let event = load::event(batch, of_a_subject);
            measured(stand_in, until, async || {
                let Invocation::Stream(records) = serde_json::from_str(&event)? else { bail!("no batch") };
                let answer = lambda::handle(&relay, records).await;
                ensure!(answer.batch_item_failures.is_empty(), "{:?}", answer.batch_item_failures.first());
                Ok(batch)
            })
            .await
        }
        Part::Reference { batch } => {
            let (sns, event) = (aws_sdk_sns::Client::new(&aws), load::event(batch, 1));
            measured(stand_in, until, async || reference::publish(&sns, ARN_PREFIX, &event).await).await
        }
        Part::Consumer => {
            let settings = environment(stand_in).read(|env| ServiceSettings::read(env, TABLE_VARIABLE))?;
            consume(&aws, &settings, stand_in, until).await
        }
        Part::Sweep => {
            let relay = outbox_relay::relay(&aws, &settings, ambient());
            measured(stand_in, until, async || {
                let swept = relay.sweep(time::Duration::ZERO).await?;
                ensure!(swept.failed == 0 && !swept.is_unfinished, "{swept:?}");
                Ok(swept.messages as u64)
            })
            .await
        }
    }
}

/// What an SDK needs for the stand-in at this address, or for none.
///
/// # Errors
///
/// Without an address, when this was built without the feature `null`.
pub async fn sdk_config(stand_in: Option<&str>) -> Result<SdkConfig> {
    with_settings(&RelaySettings::read(environment(stand_in))?, stand_in).await
}

async fn with_settings(settings: &RelaySettings, stand_in: Option<&str>) -> Result<SdkConfig> {
    let aws = service_kit::sdk_config(&settings.base).await;
    if stand_in.is_some() { Ok(aws) } else { without_aws(aws) }
}

#[cfg(feature = "null")]
fn without_aws(aws: SdkConfig) -> Result<SdkConfig> {
    Ok(aws.into_builder().http_client(crate::null::aws()).build())
}

#[cfg(not(feature = "null"))]
fn without_aws(_: SdkConfig) -> Result<SdkConfig> {
    bail!("without a stand-in for AWS, build with the feature null")
}

/// The same clock and ids each time, so that instructions can be counted.
fn ambient() -> Ambient {
    Ambient::fixed(OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_500))
}

fn environment(stand_in: Option<&str>) -> Environment {
    let address = stand_in.unwrap_or("http://null");
    let variables = [
        ("ENVIRONMENT", "development"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", address),
        ("AWS_SNS_TOPIC_ARN_PREFIX", ARN_PREFIX),
        ("DYNAMODB_OUTBOX_TABLE_NAME", "orders-outbox"),
        ("DYNAMODB_INBOX_TABLE_NAME", "customers-inbox"),
        (TABLE_VARIABLE, "customers"),
    ];
    variables.into_iter().collect()
}

async fn consume(
    aws: &SdkConfig,
    settings: &ServiceSettings,
    stand_in: Option<&str>,
    until: Until,
) -> Result<Vec<Used>> {
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(aws));
    let service = customers::service::use_cases(database, settings, ambient())?;
    let (stop, done) = (CancellationToken::new(), Arc::new(AtomicU64::new(0)));
    let sqs = aws_sdk_sqs::Client::new(aws);
    let mut group = ConsumerGroup::new(sqs, "", ConsumerSettings::default(), stop.clone());
    let in_turns = KeyedLocks::default().by(|order: &OrderCreated| order.customer_id);
    let count = Arc::clone(&done);
    let handler = move |service: Customers<DynamoDb>, delivery: Delivery<OrderCreated>| {
        let count = Arc::clone(&count);
        async move {
            let handled = service.reserve_credit(delivery).await?;
            count.fetch_add(1, Ordering::Relaxed);
            Ok(handled)
        }
    };
    group.consume(ORDER_CREATED, Some(in_turns), &service, handler).await?;
    // Looked at as seldom as a tenth of the shortest measurement allows.
    let look = Duration::from_millis(if stand_in.is_some() { 100 } else { 1 });
    let used = measured(stand_in, until, async || {
        let before = done.load(Ordering::Relaxed);
        tokio::time::sleep(look).await;
        Ok(done.load(Ordering::Relaxed) - before)
    })
    .await?;
    stop.cancel();
    ensure!(used.iter().all(|used| used.done > 0), "no message was handled");
    Ok(used)
}
