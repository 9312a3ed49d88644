//! Which subjects are parked, as an operator would find them.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_types::SdkConfig;
use fault_engine::{BoxError, SetAside};
use uuid::Uuid;

/// All parked subjects of both outboxes.
pub(crate) async fn parked(aws: SdkConfig) -> Result<Vec<SetAside>, BoxError> {
    let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
    let mut parked = Vec::new();
    for table in ["customers-outbox", "orders-outbox"] {
        let request = dynamodb.scan().table_name(table).filter_expression("attribute_exists(Parked)");
        for item in request.send().await?.items() {
            if let (Some(AttributeValue::S(partition)), Some(AttributeValue::S(reason))) =
                (item.get("PK"), item.get("Parked"))
            {
                parked.extend(subject_id(partition).map(|id| SetAside { id, reason: reason.clone() }));
            }
        }
    }
    Ok(parked)
}

/// A subject ends with the id of the aggregate, or of the order that a refusal is about.
fn subject_id(partition: &str) -> Option<Uuid> {
    Uuid::parse_str(partition.rsplit('/').next()?).ok()
}
