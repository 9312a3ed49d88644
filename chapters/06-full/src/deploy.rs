//! Tables, topics and queues of this program.

use aws_types::SdkConfig;
use fault_engine::deploy::{Deployment, Table};
use fault_engine::{BoxError, TOPICS};

/// Each queue and the topic it is subscribed to.
pub const QUEUES: [(&str, &str); 5] = [
    ("customer--order-created", "order--created"),
    ("customer--order-cancelled", "order--cancelled"),
    ("order--customer-credit-reserved", "customer--credit-reserved"),
    ("order--customer-credit-reservation-failed", "customer--credit-reservation-failed"),
    ("order--customer-validation-failed", "customer--validation-failed"),
];

/// Makes all of them.
///
/// # Errors
///
/// What AWS says.
pub async fn deploy(aws: SdkConfig) -> Result<(), BoxError> {
    let deployment = Deployment::new(&aws);
    deployment.table(Table { name: "customers", ..Table::default() }).await?;
    deployment.table(Table { name: "orders", ..Table::default() }).await?;
    deployment.table(Table { name: "inbox", expires_at: Some("ExpiresAt"), ..Table::default() }).await?;
    for name in ["customers-outbox", "orders-outbox"] {
        deployment.table(Table { name, sort_key: true, ..Table::default() }).await?;
    }
    for topic in TOPICS {
        deployment.topic(topic).await?;
    }
    for (queue, topic) in QUEUES {
        deployment.queue(queue, topic).await?;
    }
    Ok(())
}
