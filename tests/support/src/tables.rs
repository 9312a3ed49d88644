//! A table of the simplest kind, and its items.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, Put, ScalarAttributeType,
    StreamSpecification, StreamViewType, TransactWriteItem,
};

/// An attribute that is a text.
pub fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// Creates a table with the string key `id` and returns the ARN of its stream.
pub async fn create_table(dynamodb: &Client, name: &str, view: StreamViewType) -> String {
    let id =
        AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build();
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build();
    let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(view).build();
    let created = dynamodb
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(id.unwrap())
        .key_schema(key.unwrap())
        .stream_specification(stream.unwrap())
        .send()
        .await
        .unwrap();
    created.table_description.unwrap().latest_stream_arn.unwrap()
}

/// Puts an item with this id and value.
pub async fn put(dynamodb: &Client, table: &str, id: &str, value: &str) {
    dynamodb
        .put_item()
        .table_name(table)
        .item("id", text(id))
        .item("value", text(value))
        .send()
        .await
        .unwrap();
}

/// A transaction's put that requires the item to be new.
pub fn put_new(table: &str, id: &str) -> TransactWriteItem {
    let put = Put::builder().table_name(table).item("id", text(id));
    let put = put.condition_expression("attribute_not_exists(id)").build().unwrap();
    TransactWriteItem::builder().put(put).build()
}
