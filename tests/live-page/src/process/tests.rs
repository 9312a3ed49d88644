//! A part that works on the real SDK over the embedded AWS, and dies.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use futures::future::FutureExt as _;
use local_aws::LocalAws;

use super::*;

/// An AWS with a table, and a part that puts one item after the other into it.
async fn writer() -> (Arc<LocalAws>, Process) {
    let aws = Arc::new(LocalAws::start().await.unwrap());
    let key = KeySchemaElement::builder().attribute_name("PK").key_type(KeyType::Hash).build().unwrap();
    let name = AttributeDefinition::builder().attribute_name("PK").attribute_type(ScalarAttributeType::S);
    let table = aws_sdk_dynamodb::Client::new(&aws.sdk_config()).create_table().table_name("items");
    let table = table.key_schema(key).attribute_definitions(name.build().unwrap());
    table.billing_mode(BillingMode::PayPerRequest).send().await.unwrap();
    let own = aws.clone();
    let part = Process::new("writer", Role::Service, &Outage::default(), move |gate, stop| {
        let client = aws_sdk_dynamodb::Client::new(&gate.config(own.sdk_config()));
        let work = async move {
            for number in 0.. {
                let item = AttributeValue::S(format!("{number}"));
                #[expect(clippy::disallowed_methods, reason = "the test needs a write, and no message")]
                client.put_item().table_name("items").item("PK", item).send().await?;
            }
            Ok(())
        };
        async move { stop.run_until_cancelled(work).await.unwrap_or(Ok(())) }.boxed()
    });
    (aws, part)
}

async fn items(aws: &LocalAws) -> i32 {
    let scan = aws_sdk_dynamodb::Client::new(&aws.sdk_config()).scan().table_name("items");
    scan.send().await.unwrap().count()
}

#[tokio::test]
async fn a_part_dies_after_the_write_that_it_never_hears_of_and_makes_no_call_until_it_is_started_again() {
    let (aws, part) = writer().await;
    part.start().unwrap();
    let hit = part.arm(Point::Write).unwrap();
    let operation = tokio::time::timeout(Duration::from_secs(20), hit).await.unwrap().unwrap();
    part.kill();
    assert_eq!((operation.as_str(), part.state()), ("PutItem", State::Dead));
    let written = items(&aws).await;
    assert!(written > 0, "the last write was done");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(items(&aws).await, written, "who is dead writes nothing");

    part.start().unwrap();
    assert_eq!(part.state(), State::Running);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while items(&aws).await <= written {
        assert!(tokio::time::Instant::now() < deadline, "it writes again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    part.stop().await;
    assert_eq!(part.state(), State::Paused);
}

#[tokio::test]
async fn what_a_part_was_given_to_do_dies_with_it() {
    let (_aws, part) = writer().await;
    assert!(part.spawn(|_| async {}).is_none(), "it does not run");
    part.start().unwrap();
    let asked = part.spawn(|_| std::future::pending::<()>()).unwrap();
    part.kill();
    let ended = tokio::time::timeout(Duration::from_secs(20), asked).await.unwrap();
    assert!(ended.is_err(), "there is no answer");
}
