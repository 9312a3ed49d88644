//! What AWS refuses is refused, with AWS's code; what is not supported is refused loudly.

use std::fmt::Debug;

use aws_sdk_sns::types::PublishBatchRequestEntry;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry};
use aws_types::SdkConfig;

use super::messaging::subscribed_queue;

const KIB: usize = 1024;

fn code<T: Debug, E: ProvideErrorMetadata>(answer: Result<T, E>) -> String {
    answer.err().and_then(|error| error.code().map(str::to_owned)).unwrap_or_else(|| "accepted".to_owned())
}

async fn queue(config: &SdkConfig) -> (aws_sdk_sqs::Client, String) {
    let sqs = aws_sdk_sqs::Client::new(config);
    let url = sqs.create_queue().queue_name("work").send().await.unwrap().queue_url.unwrap();
    (sqs, url)
}

fn attribute(data_type: &str, value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type(data_type).string_value(value).build().unwrap()
}

pub(crate) async fn a_message_that_sqs_refuses_is_refused(config: &SdkConfig) {
    let (sqs, url) = queue(config).await;
    let send = |body: &str| sqs.send_message().queue_url(&url).message_body(body);
    assert_eq!(code(send("").send().await), "MissingParameter");
    for odd in ["\u{1}", "\u{FFFE}"] {
        assert_eq!(code(send(odd).send().await), "InvalidMessageContents");
    }
    let full = "x".repeat(256 * KIB);
    assert_eq!(code(send(&full).send().await), "accepted");
    let with = |value| send("x").message_attributes("a", value).send();
    assert_eq!(
        code(send(&full).message_attributes("a", attribute("String", "x")).send().await),
        "InvalidParameterValue"
    );
    assert_eq!(code(with(attribute("String", "")).await), "InvalidParameterValue");
    assert_eq!(code(with(attribute("Text", "x")).await), "InvalidParameterValue");
    assert_eq!(code(with(attribute("Number", "one")).await), "InvalidParameterValue");
    let eleven =
        (0..11).fold(send("x"), |c, n| c.message_attributes(format!("a{n}"), attribute("String", "x")));
    assert_eq!(code(eleven.send().await), "InvalidParameterValue");
    assert_eq!(code(send("x").delay_seconds(901).send().await), "InvalidParameterValue");
}

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap()
}

pub(crate) async fn a_batch_that_sqs_refuses_is_refused(config: &SdkConfig) {
    let (sqs, url) = queue(config).await;
    let send = |entries: Vec<_>| sqs.send_message_batch().queue_url(&url).set_entries(Some(entries)).send();
    let large = "x".repeat(150 * KIB);
    let prefix = "AWS.SimpleQueueService.";
    for (entries, expected) in [
        (vec![entry("a", &large), entry("b", &large)], "BatchRequestTooLong"),
        (vec![entry("a b", "x")], "InvalidBatchEntryId"),
        (vec![entry("a", "x"), entry("a", "x")], "BatchEntryIdsNotDistinct"),
        (vec![], "EmptyBatchRequest"),
        ((0..11).map(|n| entry(&n.to_string(), "x")).collect(), "TooManyEntriesInBatchRequest"),
    ] {
        assert_eq!(code(send(entries).await), format!("{prefix}{expected}"));
    }
    let partly = send(vec![entry("bad", "\u{1}"), entry("good", "x")]).await.unwrap();
    assert_eq!(partly.successful()[0].id(), "good");
    assert_eq!((partly.failed()[0].id(), partly.failed()[0].code()), ("bad", "InvalidMessageContents"));
    assert_eq!(send(vec![entry("bad", "\u{1}")]).await.unwrap().failed().len(), 1);
}

pub(crate) async fn a_receipt_handle_out_of_thin_air_is_refused(config: &SdkConfig) {
    let (sqs, url) = queue(config).await;
    let delete = |handle: &str| sqs.delete_message().queue_url(&url).receipt_handle(handle).send();
    assert_eq!(code(delete("nonsense").await), "ReceiptHandleIsInvalid");
    let change = |handle: &str, seconds| {
        sqs.change_message_visibility()
            .queue_url(&url)
            .receipt_handle(handle)
            .visibility_timeout(seconds)
            .send()
    };
    assert_eq!(code(change("nonsense", 1).await), "ReceiptHandleIsInvalid");
    sqs.send_message().queue_url(&url).message_body("x").send().await.unwrap();
    let received = sqs.receive_message().queue_url(&url).send().await.unwrap();
    let handle = received.messages()[0].receipt_handle().unwrap();
    assert_eq!(code(change(handle, 43_201).await), "InvalidParameterValue");
    for _ in 0..2 {
        assert_eq!(code(delete(handle).await), "accepted", "deleting again is no error in AWS");
    }
    let hide = sqs.receive_message().queue_url(&url).visibility_timeout(43_201).send().await;
    assert_eq!(code(hide), "InvalidParameterValue");
}

pub(crate) async fn a_redrive_policy_names_a_queue_that_exists(config: &SdkConfig) {
    let sqs = aws_sdk_sqs::Client::new(config);
    let policy =
        r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:nowhere","maxReceiveCount":2}"#;
    let create = sqs.create_queue().queue_name("work").attributes(QueueAttributeName::RedrivePolicy, policy);
    assert_eq!(code(create.send().await), "InvalidParameterValue");
}

pub(crate) async fn a_binary_attribute_comes_out_as_it_went_in(config: &SdkConfig) {
    let (topic, queue) = subscribed_queue(config, None).await;
    let sqs = aws_sdk_sqs::Client::new(config);
    let bytes = [0u8, 1, 255];
    let value = MessageAttributeValue::builder().data_type("Binary").binary_value(Blob::new(bytes)).build();
    let send =
        sqs.send_message().queue_url(&queue).message_body("x").message_attributes("raw", value.unwrap());
    send.send().await.unwrap();
    let receive = || sqs.receive_message().queue_url(&queue).message_attribute_names("All").send();
    let received = receive().await.unwrap();
    let found = &received.messages()[0].message_attributes().unwrap()["raw"];
    assert_eq!(found.binary_value().unwrap().as_ref(), bytes);

    let value = aws_sdk_sns::types::MessageAttributeValue::builder().data_type("Binary");
    let value = value.binary_value(Blob::new(bytes)).build().unwrap();
    let publish = aws_sdk_sns::Client::new(config).publish().topic_arn(&topic).message("x");
    publish.message_attributes("raw", value).send().await.unwrap();
    let received = receive().await.unwrap();
    let envelope: serde_json::Value = serde_json::from_str(received.messages()[0].body().unwrap()).unwrap();
    assert_eq!(
        envelope["MessageAttributes"]["raw"],
        serde_json::json!({ "Type": "Binary", "Value": "AAH/" })
    );
}

fn publication(id: &str, message: &str) -> PublishBatchRequestEntry {
    PublishBatchRequestEntry::builder().id(id).message(message).build().unwrap()
}

pub(crate) async fn a_publication_that_sns_refuses_is_refused(config: &SdkConfig) {
    let sns = aws_sdk_sns::Client::new(config);
    let topic = sns.create_topic().name("events").send().await.unwrap().topic_arn.unwrap();
    let publish = |text: &str| sns.publish().topic_arn(&topic).message(text);
    let string = |value: &str| {
        aws_sdk_sns::types::MessageAttributeValue::builder()
            .data_type("String")
            .string_value(value)
            .build()
            .unwrap()
    };
    assert_eq!(code(publish("").send().await), "InvalidParameter");
    for group in ["", "t w o", "bü", &"x".repeat(129)] {
        assert_eq!(code(publish("x").message_group_id(group).send().await), "InvalidParameter", "{group}");
    }
    assert_eq!(code(publish("x").message_attributes("a", string("")).send().await), "ParameterValueInvalid");
    // AWS delivers this one, whose envelope is larger; whoever tries it here is told, and loses nothing.
    let quoted = "\"".repeat(130 * KIB);
    assert_eq!(code(publish(&quoted).send().await), "InvalidParameter");
    publish(&"x".repeat(250 * KIB)).send().await.unwrap();
    let full = "x".repeat(256 * KIB);
    assert_eq!(code(publish(&full).message_attributes("a", string("x")).send().await), "InvalidParameter");

    let batch = |entries: Vec<_>| {
        sns.publish_batch().topic_arn(&topic).set_publish_batch_request_entries(Some(entries)).send()
    };
    let large = "x".repeat(150 * KIB);
    assert_eq!(
        code(batch(vec![publication("a", &large), publication("b", &large)]).await),
        "BatchRequestTooLong"
    );
    assert_eq!(code(batch(vec![publication("a b", "x")]).await), "InvalidBatchEntryId");
    let partly = batch(vec![publication("bad", ""), publication("good", "x")]).await.unwrap();
    assert_eq!(partly.successful()[0].id(), Some("good"));
    let failed = &partly.failed()[0];
    assert_eq!((failed.id(), failed.code(), failed.sender_fault()), ("bad", "InvalidParameter", true));
    assert_eq!(failed.message(), Some("Invalid parameter: Empty message"));
}

pub(crate) async fn a_subscription_that_would_never_match_is_refused(config: &SdkConfig) {
    let sns = aws_sdk_sns::Client::new(config);
    let topic = sns.create_topic().name("events").send().await.unwrap().topic_arn.unwrap();
    let endpoint = "arn:aws:sqs:us-east-1:000000000000:inbox";
    let subscribe = |name: &str, value: &str| {
        sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(endpoint).attributes(name, value).send()
    };
    for (name, value) in [
        ("RawMessageDelivery", "true"),
        ("FilterPolicyScope", "MessageBody"),
        ("FilterPolicy", r#"{"type":[{"equals-ignore-case":"a"}]}"#),
        ("FilterPolicy", r#"{"$or":[{"type":["a"]}]}"#),
        ("FilterPolicy", r#"{"type":[["a"]]}"#),
        ("FilterPolicy", r#"{"type":[]}"#),
        ("FilterPolicy", r#"{"type":{"sub":["a"]}}"#),
        ("FilterPolicy", r#"["a"]"#),
    ] {
        assert_eq!(code(subscribe(name, value).await), "InvalidParameter", "{name} {value}");
    }
    let all = r#"{"a":["x",1,{"prefix":"y"}],"b":[{"exists":true}],"c":[{"anything-but":["z"]}],"d":[{"numeric":[">",1]}]}"#;
    assert_eq!(code(subscribe("FilterPolicy", all).await), "accepted");
}
