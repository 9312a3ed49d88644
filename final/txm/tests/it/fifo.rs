//! FIFO topics and queues: groups are kept, nobody overtakes another, and what was just sent is sent again
//! all the same, although such a topic or queue remembers it for five minutes.
//!
//! The embedded SQS hands out one message of a group at a time, AWS up to ten.

use aws_sdk_sqs::types::{Message, MessageAttributeValue, MessageSystemAttributeName};
use serde_json::json;
use uuid::Uuid;

use crate::world::{World, envelope};

const QUEUE: &str = "customer--order-created";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_just_sent_is_replayed_to_topics_and_to_one_queue() {
    let world = World::fifo("fifo-replay").await;
    let order = world.order(Uuid::from_u128(7)).await;
    let subject = format!("order/{order}");
    let stuck = world.txm(&["stuck", "--older-than", "0s"]).await;
    assert!(stuck.out.contains("the relay has not been here"), "its topic is there: {}", stuck.out);
    assert_eq!(world.json(&["outbox", "list"]).await["rows"][0]["subject"], *subject);
    let shown = world.json(&["outbox", "show", &subject]).await;
    assert_eq!(shown["rows"][0]["topic"], "order--created");

    assert_eq!(world.json(&["outbox", "dispatch", "--yes"]).await["sent"], 1);
    let first = world.drained(QUEUE).await;
    assert_eq!(first.len(), 1);
    let to = ["outbox", "replay", &subject, "--to", QUEUE, "--yes"];
    for replay in [&to[..3], &to[..5]] {
        let again = world.json(&[replay, &["--yes"]].concat()).await;
        assert_eq!(again["sent"], 1);
        assert_eq!(
            world.drained(QUEUE).await,
            first,
            "within five minutes, and under the same id: {replay:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_go_back_in_their_groups_and_their_order_however_often() {
    let world = World::fifo("fifo-redrive").await;
    let dead = format!("{QUEUE}--dlq");
    for number in 0..3 {
        for group in ["SUBJECT#order/1", "SUBJECT#order/2"] {
            put(&world, &dead, group, number, "given up after 5 receives").await;
        }
    }
    let listed = world.txm(&["dlq", "list"]).await;
    assert!(listed.out.contains("live-customer--order-created--dlq.fifo"), "{}", listed.out);
    let shown = world.txm(&["dlq", "show", "live-customer--order-created--dlq.fifo"]).await;
    assert!(shown.out.contains("4 messages behind others of their groups"), "{}", shown.out);
    let dry = world.json(&["dlq", "redrive", QUEUE]).await;
    assert_eq!((&dry["messages"], &dry["behind"]), (&2.into(), &4.into()));

    // The second time within five minutes: a consumer has buried them again, as it does.
    for _ in 0..2 {
        let done = world.json(&["dlq", "redrive", QUEUE, "--yes"]).await;
        assert_eq!((&done["moved"], &done["behind"]), (&6.into(), &0.into()), "{done}");
        let back = taken(&world, QUEUE).await;
        for group in ["SUBJECT#order/1", "SUBJECT#order/2"] {
            let of_group = back.iter().filter(|message| system(message, &GROUP) == group);
            let numbers: Vec<_> = of_group.map(number_of).collect();
            assert_eq!(numbers, [0, 1, 2], "{group}: {back:?}");
        }
        for message in &back {
            send(
                &world,
                &dead,
                message.body().unwrap(),
                &system(message, &GROUP),
                message.message_id().unwrap(),
            )
            .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stands_behind_another_in_its_group_is_told_of_and_never_taken_for_not_there() {
    let world = World::fifo("fifo-behind").await;
    let customer = world.customer("Ada Lovelace").await;
    world.txm(&["outbox", "dispatch", "--yes"]).await;
    let dead = format!("{QUEUE}--dlq");
    put(&world, &dead, "SUBJECT#order/1", 0, "the body is no cloudevents document").await;
    put(&world, &dead, "SUBJECT#order/1", 1, "given up after 5 receives").await;

    let redrive = world.json(&["dlq", "redrive", QUEUE, "--reason", "given up", "--yes"]).await;
    assert_eq!((&redrive["moved"], &redrive["left"], &redrive["behind"]), (&0.into(), &1.into(), &1.into()));
    let customer = customer.to_string();
    let erased = world.txm(&["erase", "--customer", &customer, "--yes"]).await;
    assert_eq!(erased.code, Some(1), "{erased:?}");
    assert!(erased.out.contains("1 dead letter behind others of their groups"), "{}", erased.out);
    let traced = world.txm(&["trace", &customer]).await;
    assert!(traced.out.contains("1 letter behind others in FIFO queues not"), "{}", traced.out);
    world.json(&["dlq", "redrive", QUEUE, "--yes"]).await;
    assert_eq!(world.txm(&["erase", "--customer", &customer, "--yes"]).await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_finds_a_whole_fifo_deployment_well() {
    let world = World::fifo("fifo-doctor").await;
    let well = world.json(&["doctor"]).await;
    assert_eq!(well["bad"], 0, "{well:#}");
    let other = world.command(&["doctor"]).env("MESSAGING_FIFO", "false").output().await.unwrap();
    assert_eq!(other.status.code(), Some(1), "asked for standard queues, it finds none");
}

const GROUP: MessageSystemAttributeName = MessageSystemAttributeName::MessageGroupId;

fn system(message: &Message, name: &MessageSystemAttributeName) -> String {
    message.attributes().unwrap()[name].clone()
}

fn number_of(message: &Message) -> u128 {
    let id: Uuid = envelope(message.body().unwrap())["id"].as_str().unwrap().parse().unwrap();
    id.as_u128() % 10
}

/// A dead letter of a group, with a number in it.
async fn put(world: &World, queue: &str, group: &str, number: u128, reason: &str) {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, group.as_bytes()).as_u128() / 10 * 10 + number;
    let envelope = json!({
        "specversion": "1.0", "id": Uuid::from_u128(id), "source": "/orders", "type": "OrderCreated",
        "subject": group.trim_start_matches("SUBJECT#"), "data": {},
    });
    let body = json!({ "Type": "Notification", "Message": envelope.to_string() }).to_string();
    let why = MessageAttributeValue::builder().data_type("String").string_value(reason).build().unwrap();
    let request = world.sqs.send_message().queue_url(url(world, queue).await).message_body(body);
    let request = request.message_group_id(group).message_deduplication_id(Uuid::from_u128(id).to_string());
    request.message_attributes("reason", why).send().await.unwrap();
}

async fn send(world: &World, queue: &str, body: &str, group: &str, deduplication: &str) {
    let request = world.sqs.send_message().queue_url(url(world, queue).await).message_body(body);
    request.message_group_id(group).message_deduplication_id(deduplication).send().await.unwrap();
}

async fn url(world: &World, queue: &str) -> String {
    support::queues::url(&world.sqs, &world.queue(queue)).await
}

/// Everything that is in a queue, in the order in which it comes; it is taken out.
async fn taken(world: &World, queue: &str) -> Vec<Message> {
    let (url, mut all) = (url(world, queue).await, Vec::new());
    loop {
        let request = world.sqs.receive_message().queue_url(&url).max_number_of_messages(10);
        let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
        let messages = request.send().await.unwrap().messages.unwrap_or_default();
        if messages.is_empty() {
            return all;
        }
        for message in messages {
            let handle = message.receipt_handle().unwrap();
            world.sqs.delete_message().queue_url(&url).receipt_handle(handle).send().await.unwrap();
            all.push(message);
        }
    }
}
