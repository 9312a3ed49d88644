//! A deployment without programs: what they would have left, txm finds.

use std::{path::PathBuf, process::Stdio, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_types::SdkConfig;
use local_aws::LocalAws;
use serde_json::{Value, json};
use service_kit::{Environment, Reported};
use shop::SERVICES;
use tokio::process::Command;
use transactional_messaging::{
    ambient::Ambient,
    channels::Channels,
    message::Context,
    provision::{ensure_scheduled_table, ensure_sent_table, ensure_service},
};
use unit_of_work::DynamoDb;
use uuid::Uuid;

/// What all names begin with.
pub(crate) const PREFIX: &str = "live-";

/// How long anything here may take on a machine that is busy with something else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    pub(crate) aws: LocalAws,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    /// A folder of its own: home and working directory of txm.
    pub(crate) folder: PathBuf,
    pub(crate) customers: customers::use_cases::Customers<DynamoDb>,
    pub(crate) orders: orders::use_cases::Orders<DynamoDb>,
    channels: Channels,
}

/// What txm said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    pub(crate) async fn new(test: &str) -> Self {
        Self::on(Channels::Standard, test).await
    }

    /// One with FIFO topics and queues.
    pub(crate) async fn fifo(test: &str) -> Self {
        Self::on(Channels::Fifo, test).await
    }

    async fn on(channels: Channels, test: &str) -> Self {
        let aws = LocalAws::start().await.unwrap();
        let config: SdkConfig = aws.sdk_config();
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        let (sqs, sns) = (aws_sdk_sqs::Client::new(&config), aws_sdk_sns::Client::new(&config));
        provide(&config, channels).await;
        let folder =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("txm-{test}-{}", Uuid::now_v7()));
        std::fs::create_dir_all(&folder).unwrap();
        let database = DynamoDb::new(dynamodb.clone());
        let settings = |name, read: fn(&mut Environment) -> Result<service::ServiceSettings, Reported>| {
            environment(name).read(read).unwrap()
        };
        let of_customers = settings("customers", customers::service::settings);
        let of_orders = settings("orders", |env| orders::service::Settings::read(env).map(|all| all.service));
        Self {
            customers: customers::service::use_cases(database.clone(), &of_customers, Ambient::system())
                .unwrap(),
            orders: orders::service::use_cases(database, &of_orders, Ambient::system()).unwrap(),
            aws,
            dynamodb,
            sqs,
            sns,
            folder,
            channels,
        }
    }

    /// A new customer, whose message waits in the outbox.
    pub(crate) async fn customer(&self, name: &str) -> Uuid {
        let (id, context) = (Uuid::now_v7(), Context::of_request(Uuid::now_v7()));
        let name = customers::domain::Name::new(name).unwrap();
        let limit = customers::domain::Money::new(1_000_000).unwrap();
        self.customers.create(&context, id, name, limit).await.unwrap();
        id
    }

    /// A new order, whose message waits in the outbox.
    pub(crate) async fn order(&self, customer: Uuid) -> Uuid {
        let (id, context) = (Uuid::now_v7(), Context::of_request(Uuid::now_v7()));
        let total = orders::domain::Total::new(100).unwrap();
        self.orders.create(&context, id, customer, total).await.unwrap();
        id
    }

    /// The order's customer is unknown: the order is rejected, and a second message tells of it.
    pub(crate) async fn refused(&self, order: Uuid) {
        let envelope = json!({
            "specversion": "1.0", "id": Uuid::now_v7(), "source": "/customers",
            "type": "CustomerValidationFailed",
            "data": {"order_id": order},
        });
        let wiring = orders::wiring::wiring();
        wiring
            .handle("order--customer-validation-failed", &self.orders, &envelope.to_string())
            .await
            .unwrap();
    }

    /// Lets txm run to its end.
    pub(crate) async fn txm(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments)).await
    }

    /// The same, for what must go well; what it says in JSON.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Value {
        let said = self.txm(&[arguments, &["--json"]].concat()).await;
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
        serde_json::from_str(&said.out).unwrap()
    }

    /// txm, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(self.aws.endpoint_url(), arguments);
        command.env("HOME", &self.folder).current_dir(&self.folder);
        command.env("MESSAGING_FIFO", (self.channels == Channels::Fifo).to_string());
        command
    }

    /// How many items a table has.
    pub(crate) async fn rows(&self, table: &str) -> usize {
        self.items(table).await.len()
    }

    pub(crate) async fn items(&self, table: &str) -> Vec<unit_of_work::Item> {
        let pages =
            self.dynamodb.scan().table_name(format!("{PREFIX}{table}")).into_paginator().items().send();
        pages.try_collect().await.unwrap()
    }

    /// Changes the row of a subject's first message: an update expression, and the value that it calls `:v`.
    pub(crate) async fn change(&self, table: &str, subject: &str, expression: &str, v: Option<&str>) {
        self.change_at(table, (subject, 1), expression, v).await;
    }

    pub(crate) async fn change_at(
        &self,
        table: &str,
        (subject, sequence): (&str, u64),
        expression: &str,
        v: Option<&str>,
    ) {
        let text = |text: String| AttributeValue::S(text);
        let values = v.map(|v| [(":v".to_owned(), text(v.to_owned()))].into());
        let request = self.dynamodb.update_item().table_name(format!("{PREFIX}{table}"));
        let request = request
            .key("PK", text(format!("SUBJECT#{subject}")))
            .key("SK", text(format!("{sequence:020}")))
            .update_expression(expression)
            .set_expression_attribute_values(values);
        request.send().await.unwrap();
    }

    /// What the visible messages of a queue are, by their envelopes' ids; they are taken out.
    pub(crate) async fn drained(&self, queue: &str) -> Vec<Uuid> {
        let bodies = support::queues::drain(&self.sqs, &self.queue(queue)).await;
        bodies.iter().map(|body| envelope(body)["id"].as_str().unwrap().parse().unwrap()).collect()
    }

    pub(crate) async fn visible(&self, queue: &str) -> usize {
        support::queues::counts(&self.sqs, &self.queue(queue)).await.0
    }

    /// A queue as AWS knows it.
    pub(crate) fn queue(&self, queue: &str) -> String {
        self.channels.name(&format!("{PREFIX}{queue}"))
    }
}

/// Tables, topics and queues of all services.
pub(crate) async fn provide(config: &SdkConfig, channels: Channels) {
    let dynamodb = aws_sdk_dynamodb::Client::new(config);
    let (sqs, sns) = (aws_sdk_sqs::Client::new(config), aws_sdk_sns::Client::new(config));
    for service in SERVICES {
        let resources = environment(service.name).read(service.configure).unwrap().resources.on(channels);
        ensure_service(&dynamodb, &sns, &sqs, &resources).await.unwrap();
        ensure_sent_table(&dynamodb, &format!("{PREFIX}{}-sent", service.name)).await.unwrap();
        ensure_scheduled_table(&dynamodb, &format!("{PREFIX}{}-scheduled", service.name)).await.unwrap();
    }
}

/// The envelope in a body, out of what SNS wraps around it.
pub(crate) fn envelope(body: &str) -> Value {
    let notification: Value = serde_json::from_str(body).unwrap();
    assert_eq!(notification["Type"], "Notification");
    serde_json::from_str(notification["Message"].as_str().unwrap()).unwrap()
}

/// txm before an AWS at this address, with nothing else in its environment.
pub(crate) fn command(endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_txm"));
    command.args(["--prefix", PREFIX]).args(arguments).env_clear().env("AWS_ENDPOINT_URL", endpoint);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

pub(crate) async fn said(mut command: Command) -> Said {
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("txm does not end").unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Waits until the condition holds.
pub(crate) async fn until<F: Future<Output = bool>>(condition: impl Fn() -> F) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !condition().await {
        assert!(tokio::time::Instant::now() < deadline, "it never came to that");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn environment(service: &str) -> Environment {
    let table = |kind: &str| format!("{PREFIX}{service}{kind}");
    let variables = [
        ("ENVIRONMENT".to_owned(), "development".to_owned()),
        ("AWS_REGION".to_owned(), "us-east-1".to_owned()),
        (format!("DYNAMODB_{}_TABLE_NAME", service.to_uppercase()), table("")),
        ("DYNAMODB_INBOX_TABLE_NAME".to_owned(), table("-inbox")),
        ("DYNAMODB_OUTBOX_TABLE_NAME".to_owned(), table("-outbox")),
        ("SENT_TABLE_NAME".to_owned(), table("-sent")),
        ("AWS_SNS_TOPIC_PREFIX".to_owned(), PREFIX.to_owned()),
        ("AWS_SQS_QUEUE_NAME_PREFIX".to_owned(), PREFIX.to_owned()),
    ];
    variables.into_iter().collect()
}
