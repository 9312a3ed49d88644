//! The measured process: one part of the system at work on a load, and what it used meanwhile.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use customers::{messages::OrderCreated, service::ORDER_CREATED_QUEUE, use_cases::Customers};
use outbox_relay::{
    RelaySettings,
    lambda::{self, Invocation},
};
use serde::{Deserialize, Serialize};
use service_kit::{BaseSettings, Environment, Mode, ServiceSettings, logging};
use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    ambient::Ambient,
    consumer::{ConsumerGroup, ConsumerSettings, Delivery, Turns},
};
use unit_of_work::DynamoDb;

use crate::{load, stub};

const ARN_PREFIX: &str = "arn:aws:sns:us-east-1:000000000000:";

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The relay as its Lambda function calls it, with batches of so many records, and so many of each subject.
    Relay {
        /// Records in a batch.
        batch: u64,
        /// Records of each subject.
        of_a_subject: u64,
    },
    /// The least that a relay can do: it publishes the images of the records, ten in a call, and promises nothing.
    Reference {
        /// Records in a batch.
        batch: u64,
    },
    /// The consumer of new orders of the customers service, with orders of as many customers.
    Consumer,
}

/// What was used.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Used {
    /// Records or messages.
    pub done: u64,
    /// Processor time of each, of all threads, in microseconds.
    pub cpu_us: f64,
    /// How many were done in a second.
    pub a_second: f64,
    /// The most memory that the process had, in megabytes.
    pub rss_mb: f64,
}

/// Reads `relay:100/10`, `reference:100` or `consumer`.
impl FromStr for Part {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, numbers) = text.split_once(':').unwrap_or((text, ""));
        let (batch, of_a_subject) = numbers.split_once('/').unwrap_or((numbers, "1"));
        Ok(match name {
            "relay" => Self::Relay { batch: batch.parse()?, of_a_subject: of_a_subject.parse()? },
            "reference" => Self::Reference { batch: batch.parse()? },
            "consumer" => Self::Consumer,
            _ => bail!("{text} is none of relay:BATCH/ROWS, reference:BATCH, consumer"),
        })
    }
}

/// Works for so long against the stand-in at this address, after a fifth of it to warm up.
///
/// # Errors
///
/// When the part fails, or the machine does not tell what was used.
pub async fn work(part: Part, address: &str, time: Duration) -> Result<Used> {
    // Logs are on, as they are in production, and go nowhere.
    tracing::subscriber::set_global_default(logging::subscriber(Mode::Production, None, std::io::sink))?;
    let settings = settings(address);
    let aws = service_kit::sdk_config(&settings).await;
    match part {
        Part::Relay { batch, of_a_subject } => {
            let relay = outbox_relay::relay(&aws, &relay_settings(address)?, Ambient::system());
            let event = load::event(batch, of_a_subject);
            measured(address, time, async || {
                let Invocation::Stream(records) = serde_json::from_str(&event)? else { bail!("no batch") };
                let answer = lambda::handle(&relay, records).await;
                ensure!(answer.batch_item_failures.is_empty(), "{:?}", answer.batch_item_failures.first());
                Ok(batch)
            })
            .await
        }
        Part::Reference { batch } => {
            let (sns, event) = (aws_sdk_sns::Client::new(&aws), load::event(batch, 1));
            measured(address, time, async || publish(&sns, &event).await).await
        }
        Part::Consumer => consume(address, time, settings, &aws).await,
    }
}

fn relay_settings(address: &str) -> Result<RelaySettings> {
    let variables = [
        ("ENVIRONMENT", "development"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", address),
        ("AWS_SNS_TOPIC_ARN_PREFIX", ARN_PREFIX),
        ("DYNAMODB_OUTBOX_TABLE_NAME", "orders-outbox"),
    ];
    Ok(RelaySettings::read(variables.into_iter().collect::<Environment>())?)
}

fn settings(address: &str) -> BaseSettings {
    BaseSettings {
        environment: Mode::Development,
        region: "us-east-1".to_owned(),
        endpoint_url: Some(address.to_owned()),
        topic_prefix: String::new(),
        queue_prefix: String::new(),
        fifo: false,
    }
}

async fn consume(
    address: &str,
    time: Duration,
    base: BaseSettings,
    aws: &aws_types::SdkConfig,
) -> Result<Used> {
    let settings = ServiceSettings {
        base,
        listen: ([127, 0, 0, 1], 0).into(),
        table: "customers".to_owned(),
        inbox_table: "customers-inbox".to_owned(),
        outbox_table: "customers-outbox".to_owned(),
        inbox_retention_days: 90,
    };
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(aws));
    let service = Customers::new(database, &settings, Ambient::system())?;
    let (stop, done) = (CancellationToken::new(), Arc::new(AtomicU64::new(0)));
    let sqs = aws_sdk_sqs::Client::new(aws);
    let mut group = ConsumerGroup::new(sqs, "", ConsumerSettings::default(), stop.clone());
    let in_turns = Turns::default().by(|order: &OrderCreated| order.customer_id);
    let count = Arc::clone(&done);
    let handler = move |service: Customers<DynamoDb>, delivery: Delivery<OrderCreated>| {
        let count = Arc::clone(&count);
        async move {
            let handled = service.reserve_credit(delivery).await?;
            count.fetch_add(1, Ordering::Relaxed);
            Ok(handled)
        }
    };
    group.consume_in_turns(ORDER_CREATED_QUEUE, &service, in_turns, handler).await?;
    let used = measured(address, time, async || {
        let before = done.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(done.load(Ordering::Relaxed) - before)
    })
    .await?;
    stop.cancel();
    ensure!(used.done > 0, "no message was handled");
    Ok(used)
}

/// Of a record the relay without guarantees needs two attributes of its image.
#[derive(Deserialize)]
struct Image {
    #[serde(rename = "Topic")]
    topic: Text,
    #[serde(rename = "Message")]
    message: Text,
}

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "S")]
    s: String,
}

async fn publish(sns: &aws_sdk_sns::Client, event: &str) -> Result<u64> {
    #[derive(Deserialize)]
    struct Event {
        #[serde(rename = "Records")]
        records: Vec<Record>,
    }
    #[derive(Deserialize)]
    struct Record {
        dynamodb: Change,
    }
    #[derive(Deserialize)]
    struct Change {
        #[serde(rename = "NewImage")]
        image: Image,
    }
    let Event { records } = serde_json::from_str(event)?;
    for ten in records.chunks(10) {
        let entries = ten.iter().enumerate().map(|(number, record)| {
            let entry = aws_sdk_sns::types::PublishBatchRequestEntry::builder().id(number.to_string());
            entry.message(&record.dynamodb.image.message.s).build()
        });
        let entries = entries.collect::<Result<_, _>>()?;
        let topic = ten.first().map(|record| record.dynamodb.image.topic.s.as_str()).unwrap_or_default();
        #[expect(clippy::disallowed_methods, reason = "it is what the relay is compared with")]
        let request = sns.publish_batch().topic_arn(format!("{ARN_PREFIX}{topic}"));
        request.set_publish_batch_request_entries(Some(entries)).send().await?;
    }
    Ok(records.len() as u64)
}

/// Repeats the work, each time of which says how much it was.
async fn measured(address: &str, time: Duration, mut work: impl AsyncFnMut() -> Result<u64>) -> Result<Used> {
    let warm = Instant::now();
    while warm.elapsed() < time / 5 {
        work().await?;
    }
    get(address, stub::COUNTS)?;
    let (mut done, begun, before) = (0, Instant::now(), cpu()?);
    while begun.elapsed() < time {
        done += work().await?;
    }
    let (elapsed, cpu) = (begun.elapsed(), cpu()? - before);
    let each = |amount: f64| amount / done as f64;
    Ok(Used {
        done,
        cpu_us: each(cpu.as_secs_f64() * 1e6),
        a_second: done as f64 / elapsed.as_secs_f64(),
        rss_mb: peak_memory()?,
    })
}

/// Processor time of all threads that live, to the nanosecond ("proc(5), /proc/pid/task/tid/schedstat").
fn cpu() -> Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir("/proc/self/task").context("processor time is read from /proc: Linux only")? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        nanoseconds += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

fn peak_memory() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}

/// The answer of the stand-in to a GET.
///
/// # Errors
///
/// When it cannot be reached.
pub fn get(address: &str, path: &str) -> Result<String> {
    let host = address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}
