//! A bare program on the AWS SDK: it takes orders from a queue and adds them to what a customer owes. Its
//! planted bug is found, and the cured version survives.

use anyhow::{Context as _, Result};
use aws_fault_lab::{Lab, Laboratory, SdkConfig};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_sqs::types::QueueAttributeName;

// ANCHOR: program
/// Takes orders such as `order-1 ada 25` from the queue, for ever.
async fn bill(aws: SdkConfig) -> Result<()> {
    let (sqs, dynamodb) = (aws_sdk_sqs::Client::new(&aws), aws_sdk_dynamodb::Client::new(&aws));
    let url = sqs.get_queue_url().queue_name("orders").send().await?.queue_url.context("no queue")?;
    loop {
        let answer = sqs.receive_message().queue_url(&url).wait_time_seconds(20).send().await?;
        for message in answer.messages.unwrap_or_default() {
            let order: Vec<&str> = message.body().unwrap_or_default().split(' ').collect();
            // What cannot be read comes again, until SQS moves it to the dead-letter queue.
            let &[_, customer, amount] = &order[..] else { continue };
            let request = dynamodb.update_item().table_name("accounts").key("PK", text(customer));
            let request = request.update_expression("ADD Owed :amount");
            request.expression_attribute_values(":amount", number(amount)).send().await?;
            let handle = message.receipt_handle.context("no receipt handle")?;
            sqs.delete_message().queue_url(&url).receipt_handle(handle).send().await?;
        }
    }
}
// ANCHOR_END: program

// ANCHOR: cured
/// The same, but the account remembers its orders, and the condition is part of the write.
async fn bill_once(aws: SdkConfig) -> Result<()> {
    let (sqs, dynamodb) = (aws_sdk_sqs::Client::new(&aws), aws_sdk_dynamodb::Client::new(&aws));
    let url = sqs.get_queue_url().queue_name("orders").send().await?.queue_url.context("no queue")?;
    loop {
        let answer = sqs.receive_message().queue_url(&url).wait_time_seconds(20).send().await?;
        for message in answer.messages.unwrap_or_default() {
            let order: Vec<&str> = message.body().unwrap_or_default().split(' ').collect();
            let &[id, customer, amount] = &order[..] else { continue };
            let request = dynamodb.update_item().table_name("accounts").key("PK", text(customer));
            let request = request.update_expression("ADD Owed :amount, Orders :ids");
            let request = request.condition_expression("NOT contains(Orders, :id)");
            let request =
                request.expression_attribute_values(":ids", AttributeValue::Ss(vec![id.to_owned()]));
            let request = request.expression_attribute_values(":id", text(id));
            match request.expression_attribute_values(":amount", number(amount)).send().await {
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(|e| e.is_conditional_check_failed_exception()) => {}
                other => drop(other?),
            }
            let handle = message.receipt_handle.context("no receipt handle")?;
            sqs.delete_message().queue_url(&url).receipt_handle(handle).send().await?;
        }
    }
}
// ANCHOR_END: cured

// ANCHOR: workload
async fn two_orders(lab: Lab) -> Result<()> {
    let (sqs, dynamodb) = (aws_sdk_sqs::Client::new(&lab.aws()), aws_sdk_dynamodb::Client::new(&lab.aws()));
    let key = AttributeDefinition::builder().attribute_name("PK").attribute_type(ScalarAttributeType::S);
    let schema = KeySchemaElement::builder().attribute_name("PK").key_type(KeyType::Hash);
    let table = dynamodb.create_table().table_name("accounts").billing_mode(BillingMode::PayPerRequest);
    table.attribute_definitions(key.build()?).key_schema(schema.build()?).send().await?;
    sqs.create_queue().queue_name("unreadable").send().await?;
    let redrive =
        r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:unreadable","maxReceiveCount":3}"#;
    let queue =
        sqs.create_queue().queue_name("orders").attributes(QueueAttributeName::RedrivePolicy, redrive);
    let url = queue.send().await?.queue_url.context("no queue")?;
    for order in ["order-1 ada 25", "order-2 ada 17"] {
        sqs.send_message().queue_url(&url).message_body(order).send().await?;
    }
    Ok(())
}

async fn ada_owes_both(aws: SdkConfig) -> Result<Vec<String>> {
    let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
    let account = dynamodb.get_item().table_name("accounts").key("PK", text("ada")).send().await?.item;
    let owed =
        account.as_ref().and_then(|item| item.get("Owed")?.as_n().ok()).map_or("nothing", String::as_str);
    Ok(if owed == "42" { vec![] } else { vec![format!("ada owes {owed} and should owe 42")] })
}

#[test]
fn survives() {
    aws_fault_lab::survey(bill_once, two_orders, ada_owes_both);
}
// ANCHOR_END: workload

/// As `bill` would be surveyed: what its test says is the lesson.
pub(crate) fn planted() -> Laboratory {
    Laboratory::new(bill, two_orders).invariant("damage", ada_owes_both).named("bill")
}

pub(crate) fn cured() -> Laboratory {
    Laboratory::new(bill_once, two_orders).invariant("damage", ada_owes_both).named("bill_once")
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: &str) -> AttributeValue {
    AttributeValue::N(value.to_owned())
}
