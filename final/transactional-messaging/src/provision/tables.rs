//! The tables of a service and of its relay.

use aws_sdk_dynamodb::{
    Client,
    error::ProvideErrorMetadata as _,
    operation::create_table::builders::CreateTableFluentBuilder,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
        ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TableStatus,
        TimeToLiveSpecification,
    },
};

use super::{
    ProvisionError,
    error::{Unmade, making},
};
use crate::{due::DueIndex, scheduled::SCHEDULED_INDEX};

/// A table of aggregates: partition key `PK`.
///
/// # Errors
///
/// [`ProvisionError`] when DynamoDB refuses or cannot be reached.
pub async fn ensure_aggregate_table(dynamodb: &Client, name: &str) -> Result<(), ProvisionError> {
    create(dynamodb, name, false, Ok).await.map_err(making(format!("table {name}")))
}

/// A table with a sparse index on a time: partition key `PK`. A table that is there without the index stays
/// as it is.
///
/// # Errors
///
/// [`ProvisionError`] when DynamoDB refuses or cannot be reached.
pub async fn ensure_indexed_table(
    dynamodb: &Client,
    name: &str,
    index: &DueIndex,
) -> Result<(), ProvisionError> {
    create(dynamodb, name, false, |request| with_index(request, index))
        .await
        .map_err(making(format!("table {name}")))
}

/// A table of scheduled messages: partition key `PK`, and the index on their times.
///
/// # Errors
///
/// [`ProvisionError`] when DynamoDB refuses or cannot be reached.
pub async fn ensure_scheduled_table(dynamodb: &Client, name: &str) -> Result<(), ProvisionError> {
    ensure_indexed_table(dynamodb, name, &SCHEDULED_INDEX).await
}

/// An inbox table: partition key `PK`, time to live `ExpiresAt`.
///
/// # Errors
///
/// [`ProvisionError`] when DynamoDB refuses or cannot be reached.
pub async fn ensure_inbox_table(dynamodb: &Client, name: &str) -> Result<(), ProvisionError> {
    ensure_expiring_table(dynamodb, name, false).await
}

/// An outbox table: partition key `PK`, sort key `SK`, and a stream of keys: a record only wakes the relay,
/// which reads the rows itself. Nothing in it expires.
///
/// # Errors
///
/// [`ProvisionError`] when DynamoDB refuses or cannot be reached.
pub async fn ensure_outbox_table(dynamodb: &Client, name: &str) -> Result<(), ProvisionError> {
    let made = create(dynamodb, name, true, |request| {
        let keys = StreamViewType::KeysOnly;
        let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(keys);
        Ok(request.stream_specification(stream.build()?))
    });
    made.await.map_err(making(format!("table {name}")))
}

/// A table of sent messages: partition key `PK`, sort key `SK`, time to live `ExpiresAt`.
///
/// # Errors
///
/// [`ProvisionError`] when DynamoDB refuses or cannot be reached.
pub async fn ensure_sent_table(dynamodb: &Client, name: &str) -> Result<(), ProvisionError> {
    ensure_expiring_table(dynamodb, name, true).await
}

async fn ensure_expiring_table(
    dynamodb: &Client,
    name: &str,
    with_sort_key: bool,
) -> Result<(), ProvisionError> {
    let made = async {
        create(dynamodb, name, with_sort_key, Ok).await?;
        enable_time_to_live(dynamodb, name).await
    };
    made.await.map_err(making(format!("table {name}")))
}

fn with_index(
    request: CreateTableFluentBuilder,
    index: &DueIndex,
) -> Result<CreateTableFluentBuilder, Unmade> {
    let keys = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let made = GlobalSecondaryIndex::builder()
        .index_name(index.name)
        .key_schema(key(index.shard, KeyType::Hash)?)
        .key_schema(key(index.time, KeyType::Range)?)
        .projection(keys);
    Ok(request
        .attribute_definitions(text(index.shard)?)
        .attribute_definitions(text(index.time)?)
        .global_secondary_indexes(made.build()?))
}

async fn create(
    dynamodb: &Client,
    name: &str,
    with_sort_key: bool,
    more: impl FnOnce(CreateTableFluentBuilder) -> Result<CreateTableFluentBuilder, Unmade>,
) -> Result<(), Unmade> {
    let mut request = dynamodb
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(text("PK")?)
        .key_schema(key("PK", KeyType::Hash)?);
    if with_sort_key {
        request = request.attribute_definitions(text("SK")?).key_schema(key("SK", KeyType::Range)?);
    }
    match more(request)?.send().await {
        Ok(_) => {}
        Err(error) if error.code() == Some("ResourceInUseException") => {}
        Err(error) => return Err(error.into()),
    }
    wait_until_active(dynamodb, name).await
}

async fn wait_until_active(dynamodb: &Client, name: &str) -> Result<(), Unmade> {
    loop {
        let answer = dynamodb.describe_table().table_name(name).send().await?;
        if answer.table().and_then(|table| table.table_status()) == Some(&TableStatus::Active) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
}

async fn enable_time_to_live(dynamodb: &Client, name: &str) -> Result<(), Unmade> {
    let described = dynamodb.describe_time_to_live().table_name(name).send().await?;
    if described.time_to_live_description().and_then(|ttl| ttl.attribute_name()).is_some() {
        return Ok(());
    }
    let setting = TimeToLiveSpecification::builder().attribute_name("ExpiresAt").enabled(true).build()?;
    dynamodb.update_time_to_live().table_name(name).time_to_live_specification(setting).send().await?;
    Ok(())
}

fn text(name: &str) -> Result<AttributeDefinition, Unmade> {
    Ok(AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()?)
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, Unmade> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
}
