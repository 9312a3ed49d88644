//! The real program, killed and started again with its file: what a restart of AWS would have is there.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use aws_types::SdkConfig;
use tokio::net::TcpStream;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

async fn start(port: u16, data: &Path) -> (Running, SdkConfig) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_local-aws"));
    program.args(["--port", &port.to_string(), "--data"]).arg(data).stdout(Stdio::null());
    let running = Running(program.spawn().unwrap());
    let listens = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), listens).await.expect("it starts");
    let keys = aws_credential_types::Credentials::new("test", "test", None, None, "test");
    let config = SdkConfig::builder()
        .endpoint_url(format!("http://127.0.0.1:{port}"))
        .region(aws_types::region::Region::from_static("us-east-1"))
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(keys))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
        .build();
    (running, config)
}

/// Receives until there is nothing more, and hides what it got for ten minutes.
async fn received(sqs: &aws_sdk_sqs::Client, queue: &str) -> Vec<String> {
    let mut bodies = Vec::new();
    loop {
        let request =
            sqs.receive_message().queue_url(queue).max_number_of_messages(10).visibility_timeout(600);
        let request = request.message_system_attribute_names(MessageSystemAttributeName::MessageGroupId);
        let some = request.send().await.unwrap().messages.unwrap_or_default();
        if some.is_empty() {
            bodies.sort();
            return bodies;
        }
        bodies.extend(some.into_iter().map(|message| {
            let body = message.body.unwrap();
            let envelope: Result<serde_json::Value, _> = serde_json::from_str(&body);
            let text = envelope.map_or(body, |envelope| envelope["Message"].as_str().unwrap().to_owned());
            match message.attributes.unwrap_or_default().remove(&MessageSystemAttributeName::MessageGroupId) {
                Some(group) => format!("{text} of {group}"),
                None => text,
            }
        }));
    }
}

#[tokio::test]
async fn what_a_restart_of_aws_would_have_is_there_after_a_kill() {
    let folder = std::env::temp_dir().join(format!("local-aws-restart-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (data, port) =
        (folder.join("aws.db"), TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
    let (running, config) = start(port, &data).await;
    let (sqs, sns) = (aws_sdk_sqs::Client::new(&config), aws_sdk_sns::Client::new(&config));
    let queue = sqs.create_queue().queue_name("work").attributes(QueueAttributeName::VisibilityTimeout, "77");
    let queue = queue.send().await.unwrap().queue_url.unwrap();
    let topic = sns.create_topic().name("events").send().await.unwrap().topic_arn.unwrap();
    let subscribe = sns.subscribe().topic_arn(&topic).protocol("sqs");
    let subscribe = subscribe.endpoint("arn:aws:sqs:us-east-1:000000000000:work");
    subscribe.attributes("FilterPolicy", r#"{"type":["wanted"]}"#).send().await.unwrap();
    let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
    let s3 = aws_sdk_s3::Client::from_conf(s3);
    s3.create_bucket().bucket("claims").send().await.unwrap();
    s3.put_object().bucket("claims").key("a").body(b"content".to_vec().into()).send().await.unwrap();
    let publish = async |text: &str, kind: &str| {
        let value =
            aws_sdk_sns::types::MessageAttributeValue::builder().data_type("String").string_value(kind);
        let call =
            sns.publish().topic_arn(&topic).message(text).message_attributes("type", value.build().unwrap());
        call.send().await.unwrap();
    };
    sqs.send_message().queue_url(&queue).message_body("deleted").send().await.unwrap();
    let handled = sqs.receive_message().queue_url(&queue).send().await.unwrap().messages.unwrap().remove(0);
    sqs.delete_message()
        .queue_url(&queue)
        .receipt_handle(handled.receipt_handle.unwrap())
        .send()
        .await
        .unwrap();
    publish("by topic", "wanted").await;
    sqs.send_message().queue_url(&queue).message_body("in somebody's hands").send().await.unwrap();
    received(&sqs, &queue).await;
    let fair = sqs.send_message().queue_url(&queue).message_body("waiting").message_group_id("Ada");
    fair.send().await.unwrap();
    // What was defined is written down a moment later.
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(running);

    let (running, _) = start(port, &data).await;
    assert_eq!(received(&sqs, &queue).await, ["by topic", "in somebody's hands", "waiting of Ada"]);
    publish("unwanted", "other").await;
    publish("after it", "wanted").await;
    assert_eq!(received(&sqs, &queue).await, ["after it"]);
    let asked =
        sqs.get_queue_attributes().queue_url(&queue).attribute_names(QueueAttributeName::VisibilityTimeout);
    let attributes = asked.send().await.unwrap().attributes.unwrap();
    assert_eq!(attributes[&QueueAttributeName::VisibilityTimeout], "77");
    let object = s3.get_object().bucket("claims").key("a").send().await.unwrap();
    assert_eq!(object.body.collect().await.unwrap().into_bytes(), "content");
    drop(running);
    std::fs::remove_dir_all(folder).ok();
}
