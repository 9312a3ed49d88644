//! The relay as a Lambda function.

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use fault_engine::{deploy::Deployment, listen_to_everything};
use final_program::relay_of;
use outbox_relay::lambda::{self, Sweep};
use serde_json::Value;

use crate::{
    scene::{Heard, Kind, OUTBOX, damage, records, seconds, store, subject},
    wire::{Fate, Wire},
    world::World,
};

/// SNS hangs for one topic. The SDK waits half a minute for an answer, and tries three times.
#[tokio::test(start_paused = true)]
async fn a_topic_that_never_answers_holds_the_messages_of_no_other() {
    let world = World::open().await;
    store(&world, 1, &[Kind::Created]).await;
    store(&world, 2, &[Kind::Approved, Kind::Cancelled]).await;
    let wire = Wire::new(&world.aws);
    wire.rule(|operation, body| match operation == "PublishBatch" && body.contains("order--created") {
        true => Fate::Hangs,
        false => Fate::Passes,
    });
    let relay = relay_of(&world.process_over(wire.client()), OUTBOX);
    let (again, mut heard) = (relay.clone(), Heard::default());
    let batch = records(&world, &[1, 2]).await;
    let handling = tokio::spawn(async move { lambda::handle(&relay, batch).await });
    seconds(5).await;
    assert_eq!(heard.kinds(&world, 2).await, ["OrderApproved", "OrderCancelled"]);
    assert_eq!(heard.kinds(&world, 1).await, [""; 0]);
    let failed = handling.await.unwrap().batch_item_failures;
    assert_eq!(failed.len(), 1, "what hangs comes again: {failed:?}");
    wire.rule(|_, _| Fate::Passes);
    assert!(lambda::handle(&again, records(&world, &[1]).await).await.batch_item_failures.is_empty());
    assert_eq!(heard.kinds(&world, 1).await, ["OrderCreated"]);
}

/// Whatever is wrong with a row, what stands in front of it is sent, what stands behind it waits, and all
/// others go their way.
#[tokio::test(start_paused = true)]
async fn a_damaged_row_holds_only_what_stands_behind_it() {
    let world = World::open().await;
    let kinds: [(&str, Option<AttributeValue>); 5] = [
        ("Message", None),
        ("Message", Some(AttributeValue::N("7".to_owned()))),
        ("Topic", None),
        ("Kind", Some(AttributeValue::Bool(true))),
        ("MessageId", Some(AttributeValue::S("no id".to_owned()))),
    ];
    let (mut heard, relay) = (Heard::default(), relay_of(&world.process(), OUTBOX));
    for (number, (name, value)) in (1..).zip(kinds) {
        let (damaged, sound) = (2 * number, 2 * number + 1);
        store(&world, damaged, &[Kind::Created, Kind::Approved, Kind::Cancelled]).await;
        store(&world, sound, &[Kind::Created]).await;
        damage(&world, damaged, 1, name, value).await;
        let failed =
            lambda::handle(&relay, records(&world, &[damaged, sound]).await).await.batch_item_failures;
        assert_eq!(heard.kinds(&world, damaged).await, ["OrderCreated"], "{name}");
        assert_eq!(heard.kinds(&world, sound).await, ["OrderCreated"], "{name}");
        assert!(failed.is_empty(), "{name}: it is set aside and not tried for ever: {failed:?}");
        let rows = world.outbox("orders", &subject(damaged)).await;
        let marks: Vec<_> = rows.iter().map(|row| row.get("Parked").and_then(Value::as_str)).collect();
        assert!(matches!(marks[..], [Some(reason), None] if !reason.is_empty()), "{name}: {rows:?}");
    }
}

/// As the book tells an operator to do it.
#[tokio::test(start_paused = true)]
async fn what_was_sent_is_sent_again_in_its_sequence_when_its_rows_are_put_back() {
    let world = World::open().await;
    store(&world, 1, &[Kind::Created, Kind::Approved, Kind::Cancelled]).await;
    let relay = relay_of(&world.process(), OUTBOX);
    assert!(lambda::handle(&relay, records(&world, &[1]).await).await.batch_item_failures.is_empty());
    let first = world.heard().await.remove(subject(1).as_str()).unwrap();
    assert_eq!((first.len(), world.outbox("orders", &subject(1)).await.len()), (3, 0));
    let dynamodb = aws_sdk_dynamodb::Client::new(&world.aws.sdk_config());
    let sent = dynamodb.scan().table_name("orders-sent").send().await.unwrap().items.unwrap();
    #[expect(clippy::disallowed_methods, reason = "an operator, who has no unit of work")]
    let mut back = dynamodb.transact_write_items();
    for row in sent {
        let put = Put::builder().table_name(OUTBOX).set_item(Some(row)).build().unwrap();
        back = back.transact_items(TransactWriteItem::builder().put(put).build());
    }
    back.send().await.unwrap();
    assert!(lambda::handle(&relay, records(&world, &[1]).await).await.batch_item_failures.is_empty());
    assert_eq!(world.heard().await.remove(subject(1).as_str()), Some(first));
    assert_eq!(world.outbox("orders", &subject(1)).await.len(), 0);
}

/// An AWS that was restarted without its topics. When these are there again, nobody has to do anything for
/// each subject.
#[tokio::test(start_paused = true)]
async fn topics_that_were_gone_for_a_while_leave_nothing_for_anybody_to_do() {
    let world = World::open().await;
    let sns = aws_sdk_sns::Client::new(&world.aws.sdk_config());
    let listed = sns.list_topics().send().await.unwrap().topics.unwrap_or_default();
    let arns: Vec<_> = listed.into_iter().filter_map(|topic| topic.topic_arn).collect();
    for arn in &arns {
        sns.delete_topic().topic_arn(arn).send().await.unwrap();
    }
    let numbers: Vec<u64> = (1..=5).collect();
    for number in &numbers {
        store(&world, *number, &[Kind::Created, Kind::Approved]).await;
    }
    let relay = relay_of(&world.process(), OUTBOX);
    lambda::handle(&relay, records(&world, &numbers).await).await;
    seconds(60).await;
    let lab = Deployment::new(&world.aws.sdk_config());
    for arn in &arns {
        lab.topic(arn.rsplit(':').next().unwrap()).await.unwrap();
    }
    listen_to_everything(&world.aws, "probe").await.unwrap();
    for _minute in 0..15 {
        seconds(60).await;
        lambda::sweep_once(&relay, Sweep { older_than_seconds: 60 }).await.unwrap();
    }
    let mut heard = Heard::default();
    for number in numbers {
        assert_eq!(heard.kinds(&world, number).await, ["OrderCreated", "OrderApproved"], "subject {number}");
    }
}
