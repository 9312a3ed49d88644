//! SNS, SQS and the bridge between them.

use aws_sdk_sns::types::MessageAttributeValue;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{
    Message, MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
};
use aws_types::SdkConfig;

const QUEUE_ARN: &str = "arn:aws:sqs:us-east-1:000000000000:inbox";

/// A topic with a queue subscribed to it; returns the topic's ARN and the queue's URL.
pub(crate) async fn subscribed_queue(config: &SdkConfig, filter_policy: Option<&str>) -> (String, String) {
    let sns = aws_sdk_sns::Client::new(config);
    let sqs = aws_sdk_sqs::Client::new(config);
    let topic = sns.create_topic().name("events").send().await.unwrap().topic_arn.unwrap();
    let queue = sqs.create_queue().queue_name("inbox").send().await.unwrap().queue_url.unwrap();
    let subscribe = sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(QUEUE_ARN);
    let subscribe =
        filter_policy.into_iter().fold(subscribe, |call, policy| call.attributes("FilterPolicy", policy));
    subscribe.send().await.unwrap();
    (topic, queue)
}

fn string(value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type("String").string_value(value).build().unwrap()
}

pub(crate) async fn sns_delivers_an_envelope_with_attributes(config: &SdkConfig) {
    let (topic, queue) = subscribed_queue(config, None).await;
    let sns = aws_sdk_sns::Client::new(config);
    let publish = sns.publish().topic_arn(&topic).message(r#"{"order":1}"#);
    let published = publish.message_attributes("type", string("OrderCreated")).send().await.unwrap();
    let sqs = aws_sdk_sqs::Client::new(config);
    let received = sqs.receive_message().queue_url(&queue).wait_time_seconds(5).send().await.unwrap();
    let body: serde_json::Value = serde_json::from_str(received.messages()[0].body().unwrap()).unwrap();
    assert_eq!(body["Type"], "Notification");
    assert_eq!(body["TopicArn"], topic);
    assert_eq!(body["MessageId"], published.message_id().unwrap());
    assert_eq!(body["Message"], r#"{"order":1}"#);
    assert_eq!(
        body["MessageAttributes"]["type"],
        serde_json::json!({ "Type": "String", "Value": "OrderCreated" })
    );
}

pub(crate) async fn a_filter_policy_keeps_messages_out(config: &SdkConfig) {
    let (topic, queue) = subscribed_queue(config, Some(r#"{"type":["OrderCreated"]}"#)).await;
    let sns = aws_sdk_sns::Client::new(config);
    for kind in ["OrderCancelled", "OrderCreated"] {
        let publish = sns.publish().topic_arn(&topic).message(kind);
        publish.message_attributes("type", string(kind)).send().await.unwrap();
    }
    let sqs = aws_sdk_sqs::Client::new(config);
    let received = sqs.receive_message().queue_url(&queue).max_number_of_messages(10).send().await.unwrap();
    let bodies: Vec<serde_json::Value> = received
        .messages()
        .iter()
        .map(|message| serde_json::from_str(message.body().unwrap()).unwrap())
        .collect();
    assert_eq!(bodies.len(), 1);
    assert_eq!(bodies[0]["Message"], "OrderCreated");
}

pub(crate) async fn a_redrive_policy_may_be_written_as_aws_takes_it(config: &SdkConfig) {
    let sqs = aws_sdk_sqs::Client::new(config);
    sqs.create_queue().queue_name("dead").send().await.unwrap();
    let policies = [
        r#"{"maxReceiveCount":"2","deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead"}"#,
        r#"{ "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 2 }"#,
    ];
    let mut url = String::new();
    for policy in policies {
        let create = sqs.create_queue().queue_name("work");
        let created = create.attributes(QueueAttributeName::RedrivePolicy, policy).send().await.unwrap();
        url = created.queue_url.unwrap();
    }
    let read = sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::RedrivePolicy);
    let stored = read.send().await.unwrap().attributes.unwrap()[&QueueAttributeName::RedrivePolicy].clone();
    let stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
    assert_eq!(stored["maxReceiveCount"], 2);

    let create = sqs.create_queue().queue_name("other");
    let refused = create.attributes(QueueAttributeName::RedrivePolicy, "{}").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidParameterValue"), "{refused:?}");
}

pub(crate) async fn receive_limits_are_those_of_aws(config: &SdkConfig) {
    let sqs = aws_sdk_sqs::Client::new(config);
    let queue = sqs.create_queue().queue_name("work").send().await.unwrap().queue_url.unwrap();
    let too_many = sqs.receive_message().queue_url(&queue).max_number_of_messages(11).send().await;
    assert_eq!(too_many.unwrap_err().code(), Some("InvalidParameterValue"));
    let too_long = sqs.receive_message().queue_url(&queue).wait_time_seconds(21).send().await;
    assert_eq!(too_long.unwrap_err().code(), Some("InvalidParameterValue"));
}

pub(crate) async fn a_queue_is_found_again_by_name(config: &SdkConfig) {
    let sqs = aws_sdk_sqs::Client::new(config);
    let created = sqs.create_queue().queue_name("work").send().await.unwrap().queue_url.unwrap();
    let found = sqs.get_queue_url().queue_name("work").send().await.unwrap().queue_url.unwrap();
    assert_eq!(found, created);
    let endpoint = config.endpoint_url().unwrap();
    assert_eq!(found, format!("{endpoint}/000000000000/work"));
    sqs.send_message().queue_url(&found).message_body("hello").send().await.unwrap();
    let missing = sqs.get_queue_url().queue_name("nowhere").send().await.unwrap_err().into_service_error();
    assert!(missing.is_queue_does_not_exist(), "{missing:?}");
}

fn group_of(message: &Message) -> Option<&str> {
    message.attributes()?.get(&MessageSystemAttributeName::MessageGroupId).map(String::as_str)
}

/// By text, the groups of all messages in a queue, which are deleted.
async fn groups(sqs: &aws_sdk_sqs::Client, queue: &str) -> Vec<(String, Option<String>)> {
    let request = sqs.receive_message().queue_url(queue).max_number_of_messages(10);
    let request = request.message_system_attribute_names(MessageSystemAttributeName::MessageGroupId);
    let mut groups = Vec::new();
    for message in request.send().await.unwrap().messages() {
        let body = message.body().unwrap();
        let envelope: Result<serde_json::Value, _> = serde_json::from_str(body);
        let text = envelope.map_or(body.to_owned(), |it| it["Message"].as_str().unwrap().to_owned());
        groups.push((text, group_of(message).map(str::to_owned)));
        let handle = message.receipt_handle().unwrap();
        sqs.delete_message().queue_url(queue).receipt_handle(handle).send().await.unwrap();
    }
    groups.sort();
    groups
}

fn with<const N: usize>(groups: [(&str, Option<&str>); N]) -> Vec<(String, Option<String>)> {
    groups.map(|(text, group)| (text.to_owned(), group.map(str::to_owned))).into()
}

pub(crate) async fn a_standard_topic_hands_groups_on_to_a_standard_queue(config: &SdkConfig) {
    let (topic, queue) = subscribed_queue(config, None).await;
    let (sns, sqs) = (aws_sdk_sns::Client::new(config), aws_sdk_sqs::Client::new(config));
    let entry = |id: &str, group: Option<&str>| {
        let entry = aws_sdk_sns::types::PublishBatchRequestEntry::builder().id(id).message(id);
        entry.set_message_group_id(group.map(str::to_owned)).build().unwrap()
    };
    let batch = [entry("a", Some("one")), entry("b", None), entry("c", Some("two"))];
    let batch = sns.publish_batch().topic_arn(&topic).set_publish_batch_request_entries(Some(batch.into()));
    assert_eq!(batch.send().await.unwrap().successful().len(), 3);
    sns.publish().topic_arn(&topic).message("d").message_group_id("one").send().await.unwrap();
    let expected = with([("a", Some("one")), ("b", None), ("c", Some("two")), ("d", Some("one"))]);
    assert_eq!(groups(&sqs, &queue).await, expected);
}

pub(crate) async fn a_standard_queue_takes_groups_and_shows_them_to_those_who_ask(config: &SdkConfig) {
    let sqs = aws_sdk_sqs::Client::new(config);
    let queue = sqs.create_queue().queue_name("fair").send().await.unwrap().queue_url.unwrap();
    let entry = |id: &str, group: &str| {
        SendMessageBatchRequestEntry::builder().id(id).message_body(id).message_group_id(group).build()
    };
    let entries = [entry("a", "one").unwrap(), entry("b", "two").unwrap(), entry("bad", "t w o").unwrap()];
    let batch = sqs.send_message_batch().queue_url(&queue).set_entries(Some(entries.into()));
    let answer = batch.send().await.unwrap();
    assert_eq!((answer.successful().len(), answer.failed()[0].code()), (2, "InvalidParameterValue"));
    let alone = sqs.send_message().queue_url(&queue).message_body("c").message_group_id("one");
    alone.send().await.unwrap();
    let unasked = sqs.receive_message().queue_url(&queue).visibility_timeout(0).send().await.unwrap();
    assert_eq!(group_of(&unasked.messages()[0]), None);
    let expected = with([("a", Some("one")), ("b", Some("two")), ("c", Some("one"))]);
    assert_eq!(groups(&sqs, &queue).await, expected);
}
