//! Parts that make the classic mistakes. Each must be found, or the runs over the real parts show nothing.
#![allow(clippy::disallowed_methods, reason = "these do what the real parts must not")]

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use aws_sdk_sns::types::PublishBatchRequestEntry;
use serde_json::json;
use transactional_messaging::{message::Subject, outbox::partition_of};
use uuid::Uuid;

use crate::{
    outside::post,
    relays,
    trial::{Job, Part},
    world::{Process, World, same},
};

/// The row is written, and then its message: stopped in between, nobody ever hears of it.
pub(crate) const DUAL_WRITE: Part =
    Part { name: "planted: dual write", calls: 2, prepare: |world, seed| Box::pin(dual_write(world, seed)) };
/// The effect of a message is added each time it comes.
pub(crate) const NO_INBOX: Part =
    Part { name: "planted: no inbox", calls: 1, prepare: |world, seed| Box::pin(no_inbox(world, seed)) };
/// Messages are noted as dispatched, and then sent.
pub(crate) const NOTED_FIRST: Part = Part {
    name: "planted: noted first",
    calls: 4,
    prepare: |world, seed| Box::pin(noted_first(world, seed)),
};

/// A message of which SNS says that its sender is at fault is set aside for good, whatever the code says.
pub(crate) const BLAMED_BY_FLAG: Part = Part {
    name: "planted: blamed by a flag",
    calls: 4,
    prepare: |world, seed| Box::pin(blamed_by_flag(world, seed)),
};

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

async fn dual_write(_: &World, seed: u64) -> Job {
    let id = Uuid::from_u64_pair(4, seed);
    let work = move |process: Process| async move {
        let dynamodb = Client::new(process.aws());
        let put = dynamodb.put_item().table_name("customers").item("PK", text(format!("CUSTOMER#{id}")));
        match put.condition_expression("attribute_not_exists(PK)").send().await {
            Ok(_) => {}
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                return Ok(());
            }
            Err(error) => return Err(error.to_string()),
        }
        let row = dynamodb.put_item().table_name("customers-outbox").item("SK", text("1"));
        let row = row.item("PK", text(partition_of(&Subject::aggregate("customer", id))));
        row.item("Kind", text("CustomerCreated")).send().await.map(drop).map_err(|error| error.to_string())
    };
    Job::new(work, move |world: &World| {
        Box::pin(async move {
            let mut wrong = Vec::new();
            let kinds = world.kinds("customers", &Subject::aggregate("customer", id)).await;
            same(&mut wrong, "the outbox", kinds, vec!["CustomerCreated".to_owned()]);
            wrong
        })
    })
}

async fn no_inbox(world: &World, seed: u64) -> Job {
    let body = json!({"name": "Ada", "credit_limit": 100});
    let id = post(&world.process(), "/customers", &format!("planted-{seed}"), &body).await.unwrap();
    let work = move |process: Process| async move {
        let update = Client::new(process.aws()).update_item().table_name("customers");
        let update =
            update.key("PK", text(format!("CUSTOMER#{id}"))).update_expression("ADD CreditReserved :total");
        let update = update.expression_attribute_values(":total", AttributeValue::N("7".to_owned()));
        update.send().await.map(drop).map_err(|error| error.to_string())
    };
    Job::new(work, move |world: &World| {
        Box::pin(async move {
            let mut wrong = Vec::new();
            let customer = world.item("customers", format!("CUSTOMER#{id}")).await;
            same(&mut wrong, "what is reserved", customer.get("CreditReserved"), Some(&json!(7)));
            wrong
        })
    })
}

async fn noted_first(world: &World, seed: u64) -> Job {
    let subject = relays::stored(world, seed).await;
    let partition = partition_of(&subject);
    let rows: Vec<_> = world.outbox("orders", &subject).await;
    let messages: Vec<_> =
        rows.iter().map(|row| (row["SK"].clone(), row["Topic"].clone(), row["Message"].clone())).collect();
    let work = move |process: Process| {
        let (messages, partition) = (messages.clone(), partition.clone());
        async move {
            send_what_is_not_noted(&process, &partition, &messages).await.map_err(|error| error.to_string())
        }
    };
    Job::new(work, move |world: &World| Box::pin(async move { relays::judge(world, &subject).await }))
}

type Value = serde_json::Value;

async fn send_what_is_not_noted(
    process: &Process,
    partition: &str,
    messages: &[(Value, Value, Value)],
) -> Result<(), Box<dyn std::error::Error>> {
    let (dynamodb, sns) = (Client::new(process.aws()), aws_sdk_sns::Client::new(process.aws()));
    for (sequence, topic, message) in messages {
        let sequence = sequence.as_str().unwrap();
        let key = |sort: &str| [("PK".to_owned(), text(partition)), ("SK".to_owned(), text(sort))];
        let head =
            dynamodb.get_item().table_name("orders-outbox").set_key(Some(key("#HEAD").into())).send().await?;
        let noted = head.item().and_then(|head| head["Watermark"].as_s().ok().cloned()).unwrap_or_default();
        if *noted >= *sequence {
            continue;
        }
        let row = dynamodb.update_item().table_name("orders-outbox").set_key(Some(key(sequence).into()));
        row.update_expression("REMOVE PendingShard").send().await?;
        let head = dynamodb.update_item().table_name("orders-outbox").set_key(Some(key("#HEAD").into()));
        let head =
            head.update_expression("SET Watermark = :to").expression_attribute_values(":to", text(sequence));
        head.send().await?;
        let arn = format!("arn:aws:sns:us-east-1:000000000000:{}", topic.as_str().unwrap());
        sns.publish().topic_arn(arn).message(message.as_str().unwrap()).send().await?;
    }
    Ok(())
}

async fn blamed_by_flag(world: &World, seed: u64) -> Job {
    let subject = relays::stored(world, seed).await;
    let partition = partition_of(&subject);
    let rows: Vec<_> = world.outbox("orders", &subject).await;
    let texts: Vec<_> = rows
        .iter()
        .filter_map(|row| Some((row.get("Topic")?.clone(), row.get("Message")?.clone())))
        .collect();
    let work = move |process: Process| {
        let (texts, partition) = (texts.clone(), partition.clone());
        async move { send_in_batches(&process, &partition, &texts).await.map_err(|error| error.to_string()) }
    };
    let stored: Vec<_> =
        rows.iter().filter_map(|row| row.get("Message")?.as_str().map(str::to_owned)).collect();
    Job::new(work, move |world: &World| {
        Box::pin(async move {
            let heard = world.heard().await.remove(subject.as_str()).unwrap_or_default();
            let missing = stored.iter().filter(|text| !heard.contains(text)).count();
            let mut wrong = Vec::new();
            same(&mut wrong, "the number of messages that nobody heard", missing, 0);
            wrong
        })
    })
}

/// Sends each message in a batch of its own, unless the subject was parked before.
async fn send_in_batches(
    process: &Process,
    partition: &str,
    messages: &[(Value, Value)],
) -> Result<(), Box<dyn std::error::Error>> {
    let (dynamodb, sns) = (Client::new(process.aws()), aws_sdk_sns::Client::new(process.aws()));
    let head = [("PK".to_owned(), text(partition)), ("SK".to_owned(), text("#HEAD"))];
    let get = dynamodb.get_item().table_name("orders-outbox").set_key(Some(head.clone().into()));
    if get.send().await?.item().is_some_and(|head| head.contains_key("Parked")) {
        return Ok(());
    }
    for (topic, message) in messages {
        let arn = format!("arn:aws:sns:us-east-1:000000000000:{}", topic.as_str().unwrap());
        let entry = PublishBatchRequestEntry::builder().id("0").message(message.as_str().unwrap()).build()?;
        let answer = sns.publish_batch().topic_arn(arn).publish_batch_request_entries(entry).send().await?;
        let Some(refused) = answer.failed().first() else { continue };
        if !refused.sender_fault() {
            return Err("not taken".into());
        }
        let park = dynamodb.update_item().table_name("orders-outbox").set_key(Some(head.into()));
        let park = park.update_expression("SET Parked = :why");
        park.expression_attribute_values(":why", text(refused.code())).send().await?;
        return Ok(());
    }
    Ok(())
}
