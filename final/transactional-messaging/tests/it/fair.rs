//! Fair queues: what goes to a standard topic says whose it is, as a message group, all the way to where it
//! ends. That SQS then divides a queue fairly is AWS's own part, which the embedded one does not play.

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use transactional_messaging::{
    channels::Channels,
    consumer::{Delivery, Handled, HandlerError},
    relay::{Outcome, Relay, SnsPublisher, TopicDirectory},
};
use unit_of_work::DynamoDb;

use crate::{
    ambient,
    bench::{Bench, OUTBOX, QUEUE, subject, text_of},
    note::Noted,
    queues,
    worker::{Seen, seconds},
};

/// A relay that is fair by this field.
fn fair_by(bench: &Bench, field: &str, channels: Channels) -> Relay {
    let config = bench.wire.sdk_config();
    let sns = aws_sdk_sns::Client::new(&config);
    let publisher = SnsPublisher::new(sns, TopicDirectory::NamePrefix(String::new())).on(channels);
    let database = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config));
    let ambient = ambient::of(&bench.wire.aws(), 3_000_000);
    Relay::new(database, OUTBOX, publisher.fair_by(Some(field.to_owned())), ambient)
}

/// Each message of a queue by its text, with its group.
async fn groups(bench: &Bench, queue: &str) -> Vec<(String, Option<String>)> {
    let request = bench.sqs.receive_message().queue_url(queues::url(&bench.sqs, queue).await);
    let request = request.max_number_of_messages(10);
    let request = request.message_system_attribute_names(MessageSystemAttributeName::MessageGroupId);
    let group = |message: &Message| {
        let group = message.attributes()?.get(&MessageSystemAttributeName::MessageGroupId)?;
        Some(group.clone())
    };
    let answer = request.send().await.unwrap();
    let of =
        |message: &Message| (text_of(&crate::bench::envelope_of(message.body().unwrap())), group(message));
    let mut groups: Vec<_> = answer.messages().iter().map(of).collect();
    groups.sort();
    groups
}

fn pair(text: &str, group: Option<&str>) -> (String, Option<String>) {
    (text.to_owned(), group.map(str::to_owned))
}

#[tokio::test(start_paused = true)]
async fn messages_arrive_in_the_group_of_the_tenant_that_a_field_of_theirs_names() {
    let mut bench = Bench::new().await;
    bench.relay = fair_by(&bench, "text", Channels::Standard);
    for (number, text) in ["Ada", "Ada", "Bob"].into_iter().enumerate() {
        bench.store(&subject(number as u128), 0, &bench.noted(text)).await;
    }
    let outcomes = bench.wake_all(&[subject(0), subject(1), subject(2)]).await;
    assert!(outcomes.into_iter().all(|outcome| outcome.unwrap() == Outcome::Dispatched(1)));
    assert_eq!(bench.wire.count("PublishBatch"), 1, "messages of one tenant share a call");
    let expected = [pair("Ada", Some("Ada")), pair("Ada", Some("Ada")), pair("Bob", Some("Bob"))];
    assert_eq!(groups(&bench, QUEUE).await, expected);
}

#[tokio::test(start_paused = true)]
async fn without_the_setting_or_without_the_field_there_is_no_group_and_every_message_arrives() {
    let mut bench = Bench::new().await;
    bench.store(&subject(0), 0, &bench.noted("unset")).await;
    bench.wake(&subject(0)).await.unwrap();
    bench.relay = fair_by(&bench, "customer_id", Channels::Standard);
    bench.store(&subject(1), 0, &bench.noted("unnamed")).await;
    bench.wake(&subject(1)).await.unwrap();
    assert_eq!(groups(&bench, QUEUE).await, [pair("unnamed", None), pair("unset", None)]);
}

/// Or nothing would keep the order of a subject.
#[tokio::test(start_paused = true)]
async fn in_a_fifo_topic_the_group_is_the_subject_whatever_is_set() {
    let mut bench = Bench::fifo().await;
    bench.relay = fair_by(&bench, "text", Channels::Fifo);
    bench.store(&subject(7), 0, &bench.noted("Ada")).await;
    bench.wake(&subject(7)).await.unwrap();
    let group = format!("SUBJECT#{}", subject(7).as_str());
    assert_eq!(groups(&bench, &bench.queue()).await, [pair("Ada", Some(&group))]);
}

#[tokio::test(start_paused = true)]
async fn consumers_handle_messages_of_one_group_side_by_side_and_a_dead_letter_keeps_it() {
    let mut bench = Bench::new().await;
    bench.relay = fair_by(&bench, "text", Channels::Standard);
    for number in 0..3 {
        bench.store(&subject(number), 0, &bench.noted("Ada")).await;
    }
    bench.store(&subject(3), 0, &bench.noted("hopeless")).await;
    bench.wake_all(&[subject(0), subject(1), subject(2), subject(3)]).await;
    let seen = Seen::default();
    let log = seen.clone();
    let worker = bench.work(move |delivery: Delivery<Noted>| {
        log.note(&delivery.message.text);
        let hopeless = delivery.message.text == "hopeless";
        async move {
            seconds(5).await;
            if hopeless { Err(HandlerError::terminal("never")) } else { Ok(Handled::Done) }
        }
    });
    let worker = worker.await;
    seconds(60).await;
    let times = seen.times("Ada");
    assert!(times.len() == 3 && times[2] - times[0] < std::time::Duration::from_secs(5), "{times:?}");
    assert_eq!(groups(&bench, &format!("{QUEUE}--dlq")).await, [pair("hopeless", Some("hopeless"))]);
    worker.stop().await;
}
