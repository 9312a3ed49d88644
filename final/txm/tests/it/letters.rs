//! Dead letters and undelivered messages.

use aws_sdk_sqs::types::MessageAttributeValue;
use serde_json::json;

use crate::world::World;

/// What SNS would have put into a queue, by somebody with a name.
fn body(number: u128) -> String {
    let envelope = json!({
        "specversion": "1.0", "id": uuid::Uuid::from_u128(number), "source": "/orders",
        "type": "OrderCreated",
        "subject": format!("order/{}", uuid::Uuid::from_u128(number)), "data": {"name": "Ada Lovelace"},
    });
    json!({ "Type": "Notification", "Message": envelope.to_string() }).to_string()
}

async fn put(world: &World, queue: &str, number: u128, attributes: &[(&str, &str)]) {
    let mut request = world.sqs.send_message().queue_url(support::queues::url(&world.sqs, queue).await);
    for (name, value) in attributes {
        let value =
            MessageAttributeValue::builder().data_type("String").string_value(*value).build().unwrap();
        request = request.message_attributes(*name, value);
    }
    request.message_body(body(number)).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_shown_by_reason_and_go_back_without_it() {
    let world = World::new("letters").await;
    let dead = "live-customer--order-created--dlq";
    for number in 0..11 {
        put(&world, dead, number, &[("reason", "given up after 5 receives"), ("own", "kept")]).await;
    }
    put(&world, dead, 11, &[("reason", "the body is no cloudevents document")]).await;

    let stuck = world.txm(&["stuck"]).await;
    assert_eq!(stuck.code, Some(1));
    assert!(stuck.out.contains("txm dlq redrive customer--order-created --yes"), "{}", stuck.out);
    let shown = world.txm(&["dlq", "show", "customer--order-created"]).await;
    assert!(shown.out.contains("11: given up after 5 receives"), "{}", shown.out);
    assert!(shown.out.contains("1: the body is no cloudevents document"), "{}", shown.out);
    assert!(!shown.out.contains("Ada"), "no personal data unless asked for: {}", shown.out);
    assert!(world.txm(&["dlq", "show", "customer--order-created", "--bodies"]).await.out.contains("Ada"));
    assert_eq!(world.visible("customer--order-created--dlq").await, 12, "nothing was taken away");

    let redrive = ["dlq", "redrive", "customer--order-created", "--reason", "given up"];
    assert_eq!(world.json(&redrive).await["messages"], 11);
    assert_eq!(world.visible("customer--order-created").await, 0, "a dry run moves nothing");
    let done = world.json(&[&redrive[..], &["--yes"]].concat()).await;
    assert_eq!((&done["moved"], &done["left"]), (&11.into(), &1.into()));
    assert_eq!(world.visible("customer--order-created--dlq").await, 1);
    let back = support::queues::take(&world.sqs, "live-customer--order-created").await;
    assert_eq!(back.len(), 11);
    for message in back {
        let names: Vec<_> = message.message_attributes().unwrap().keys().cloned().collect();
        assert_eq!(names, ["own"], "its own attributes stay, the reason goes");
        assert!(message.body().unwrap().contains("Ada Lovelace"), "the body is the same");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_sns_could_not_deliver_is_told_with_its_code_and_put_into_the_queue() {
    let world = World::new("undelivered").await;
    let aside = "live-customer--order-created--undelivered";
    world.sqs.create_queue().queue_name(aside).send().await.unwrap();
    put(&world, aside, 1, &[("ErrorCode", "AccessDenied"), ("ErrorMessage", "no policy")]).await;

    let listed = world.json(&["dlq", "list"]).await;
    let one = listed["queues"].as_array().unwrap().iter().find(|one| one["name"] == aside).unwrap().clone();
    assert_eq!((&one["messages"], &one["is_there"]), (&1.into(), &true.into()));
    let shown = world.txm(&["dlq", "show", "customer--order-created", "--undelivered"]).await;
    assert!(shown.out.contains("AccessDenied: no policy"), "{}", shown.out);
    let done = world.json(&["dlq", "redrive", "customer--order-created", "--undelivered", "--yes"]).await;
    assert_eq!(done["moved"], 1);
    assert_eq!(world.drained("customer--order-created").await, [uuid::Uuid::from_u128(1)]);
    assert_eq!(world.txm(&["stuck"]).await.code, Some(0));
    let none = world.txm(&["dlq", "show", "customer--order-cancelled", "--undelivered"]).await;
    assert!(none.code == Some(2) && none.err.contains("there is no queue"), "{none:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_batches_that_lambda_gave_up_wake_their_subjects_and_go() {
    let world = World::new("failures").await;
    let order = world.order(uuid::Uuid::from_u128(7)).await;
    let s3 = aws_sdk_s3::config::Builder::from(&world.aws.sdk_config()).force_path_style(true).build();
    let s3 = aws_sdk_s3::Client::from_conf(s3);
    let bucket = "live-orders-failures-1";
    s3.create_bucket().bucket(bucket).send().await.unwrap();
    let keys =
        json!({ "PK": { "S": format!("SUBJECT#order/{order}") }, "SK": { "S": format!("{:020}", 1) } });
    let event = json!({ "Records": [{ "eventName": "INSERT", "dynamodb": { "Keys": keys } }] });
    let stored = json!({ "version": "1.0", "payload": event.to_string() }).to_string();
    s3.put_object()
        .bucket(bucket)
        .key("aws/lambda/1/shard/x")
        .body(stored.into_bytes().into())
        .send()
        .await
        .unwrap();

    let listed = world.json(&["dlq", "list"]).await;
    assert!(
        listed["queues"].as_array().unwrap().iter().any(|one| one["bucket"] == bucket && one["batches"] == 1)
    );
    assert_eq!(world.json(&["dlq", "redrive", "orders"]).await["subjects"], 1);
    assert_eq!(world.rows("orders-outbox").await, 1, "a dry run wakes nobody");
    let done = world.json(&["dlq", "redrive", "orders", "--yes"]).await;
    assert_eq!((&done["batches"], &done["sent"]), (&1.into(), &1.into()));
    assert_eq!(world.rows("orders-outbox").await, 0);
    assert_eq!(world.json(&["dlq", "redrive", "orders", "--yes"]).await["batches"], 0);
}
