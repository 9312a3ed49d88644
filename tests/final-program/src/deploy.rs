//! Tables, topics and queues, made by the same code that makes them in development.

use aws_types::SdkConfig;
use fault_engine::{
    BoxError,
    deploy::{Deployment, Table},
};
use orders::store::PENDING_INDEX;
use service::{ChannelSettings, MessagingSettings, ServiceSettings};
use service_kit::{BaseSettings, Mode};
use transactional_messaging::{
    inbox::Generations,
    provision::{ensure_sent_table, ensure_service},
    relay::TopicDirectory,
};

/// What a service would read from its environment.
pub(crate) fn settings(service: &str) -> ServiceSettings {
    ServiceSettings {
        base: BaseSettings {
            environment: Mode::Development,
            region: "us-east-1".to_owned(),
            endpoint_url: None,
            release: None,
        },
        messaging: MessagingSettings {
            channels: ChannelSettings::default(),
            inbox_table: format!("{service}-inbox"),
            inbox_retention_days: 90,
            inbox_generations: Generations::default(),
        },
        table: service.to_owned(),
        outbox_table: format!("{service}-outbox"),
        auth: service_kit::auth::AuthSettings::Off,
    }
}

/// As a deployment would have it: topics by ARN, so that the relay has no calls but those it needs.
pub(crate) fn topics() -> TopicDirectory {
    TopicDirectory::ArnPrefix("arn:aws:sns:us-east-1:000000000000:".to_owned())
}

/// As in the deployment that Terraform makes: what was sent is kept.
pub(crate) fn sent_table(outbox_table: &str) -> String {
    outbox_table.replace("-outbox", "-sent")
}

pub(crate) async fn deploy(aws: SdkConfig) -> Result<(), BoxError> {
    // The laboratory reads what happened from the streams of these two tables, which `final/` itself does not
    // need.
    let lab = Deployment::new(&aws);
    lab.table(Table { name: "customers", ..Table::default() }).await?;
    let pending = Some((PENDING_INDEX.name, PENDING_INDEX.shard, PENDING_INDEX.time));
    lab.table(Table { name: "orders", index: pending, ..Table::default() }).await?;
    let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
    let (sns, sqs) = (aws_sdk_sns::Client::new(&aws), aws_sdk_sqs::Client::new(&aws));
    ensure_service(&dynamodb, &sns, &sqs, &customers::service::resources(&settings("customers"))).await?;
    ensure_service(&dynamodb, &sns, &sqs, &orders::service::resources(&settings("orders"))).await?;
    for outbox in ["customers-outbox", "orders-outbox"] {
        ensure_sent_table(&dynamodb, &sent_table(outbox)).await?;
    }
    Ok(())
}
