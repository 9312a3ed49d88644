//! The SDK configuration, seen from the wire and under a call that never returns.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::SdkError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetrySpec;
use local_aws::tap::{self, refusals};
use service_kit::{BaseSettings, Mode, aws, sdk_config};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};

const DEADLINE: Duration = Duration::from_secs(30);

fn settings(endpoint_url: String) -> BaseSettings {
    BaseSettings {
        environment: Mode::Development,
        region: "eu-west-1".to_owned(),
        endpoint_url: Some(endpoint_url),
        release: None,
    }
}

/// An AWS whose answer to every attempt takes this long, and how many attempts there were.
fn slow_aws(delay: Duration) -> (SharedHttpClient, Arc<AtomicU32>) {
    let attempts = Arc::new(AtomicU32::new(0));
    let seen = attempts.clone();
    let slow = tap::new(move |_| {
        seen.fetch_add(1, Ordering::Relaxed);
        async move {
            sleep(delay).await;
            Ok(refusals::response(200, "application/x-amz-json-1.0", "{}".to_owned()))
        }
    });
    (slow, attempts)
}

/// A client with the crate's configuration, connected to a slow AWS in memory so that the clock may be
/// virtual.
async fn slow_client(delay: Duration) -> (Client, Arc<AtomicU32>) {
    let (slow, attempts) = slow_aws(delay);
    let config = sdk_config(&settings("http://127.0.0.1:4566".to_owned())).await;
    (Client::new(&config.into_builder().http_client(slow).build()), attempts)
}

/// The rules of retries: those of the SDK that is meant, and those that later ones have by themselves.
async fn both_rules() -> [RetryConfig; 2] {
    let ours =
        sdk_config(&settings("http://127.0.0.1:4566".to_owned())).await.retry_config().unwrap().clone();
    [ours.clone(), ours.with_retry_spec(RetrySpec::v2_1())]
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_is_tried_three_times_and_ends_by_the_old_rules_of_retries_and_by_the_new() {
    for rules in both_rules().await {
        let (slow, attempts) = slow_aws(Duration::from_secs(3600));
        let config = sdk_config(&settings("http://127.0.0.1:4566".to_owned())).await.into_builder();
        let client = Client::new(&config.http_client(slow).retry_config(rules.clone()).build());
        let started = Instant::now();
        let error = client.list_queues().send().await.unwrap_err();
        assert!(matches!(error, SdkError::TimeoutError(_)), "{error:?}");
        assert_eq!(started.elapsed().as_secs(), aws::OPERATION_TIMEOUT.as_secs());
        assert_eq!(attempts.load(Ordering::Relaxed), aws::MAX_ATTEMPTS, "{rules:?}");
    }
}

/// How long the pauses of a call come to that is answered with 500 each time: the longest of some calls,
/// because pauses are random.
async fn pauses(rules: RetryConfig) -> Duration {
    let mut longest = Duration::ZERO;
    for _ in 0..5 {
        let attempts = Arc::new(AtomicU32::new(0));
        let seen = attempts.clone();
        let failing = tap::new(move |_| {
            seen.fetch_add(1, Ordering::Relaxed);
            async { Ok(refusals::response(500, "application/x-amz-json-1.0", "{}".to_owned())) }
        });
        let config = sdk_config(&settings("http://127.0.0.1:4566".to_owned())).await.into_builder();
        let client = Client::new(&config.http_client(failing).retry_config(rules.clone()).build());
        let started = Instant::now();
        client.list_queues().send().await.unwrap_err();
        assert_eq!(attempts.load(Ordering::Relaxed), aws::MAX_ATTEMPTS);
        longest = longest.max(started.elapsed());
    }
    longest
}

#[tokio::test(start_paused = true)]
async fn the_rules_of_retries_are_those_that_are_named_whatever_the_environment_says() {
    let config = sdk_config(&settings("http://127.0.0.1:4566".to_owned())).await;
    assert!(config.behavior_version() == Some(aws::behavior_version()));
    let [ours, later] = both_rules().await;
    assert_eq!(ours, RetryConfig::standard().with_max_attempts(aws::MAX_ATTEMPTS));
    // A second and two at most, against 50 ms and 100.
    let (ours, later) = (pauses(ours).await, pauses(later).await);
    assert!(ours > Duration::from_millis(150) && ours <= Duration::from_secs(3), "{ours:?}");
    assert!(later <= Duration::from_millis(150), "{later:?}");
}

/// The test above, in a process of its own whose environment says otherwise.
#[test]
fn variables_that_the_sdk_reads_change_no_retries() {
    let name = "aws::the_rules_of_retries_are_those_that_are_named_whatever_the_environment_says";
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", name]).env("AWS_NEW_RETRIES_2026", "true").env("AWS_MAX_ATTEMPTS", "7");
    let output = again.env("AWS_RETRY_MODE", "adaptive").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_of_twenty_seconds_is_one_attempt() {
    let (client, attempts) = slow_client(Duration::from_secs(20)).await;
    client
        .receive_message()
        .queue_url("http://127.0.0.1:4566/0/orders")
        .wait_time_seconds(20)
        .send()
        .await
        .unwrap();
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_plain_endpoint_is_asked_without_tls_for_the_region_of_the_settings() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client =
        Client::new(&sdk_config(&settings(format!("http://{}", listener.local_addr().unwrap()))).await);
    let server = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut head = String::new();
        while !head.contains("\r\n\r\n") {
            head.push(socket.read_u8().await.unwrap().into());
        }
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
        head
    };
    let call = client.list_queues().send();
    let (head, answer) = timeout(DEADLINE, async { tokio::join!(server, call) }).await.unwrap();
    answer.unwrap();
    assert!(head.starts_with("POST / HTTP/1.1"), "{head}");
    assert!(head.contains("/eu-west-1/sqs/aws4_request"), "{head}");
}

#[tokio::test]
async fn a_tls_endpoint_hears_a_tls_handshake_and_nothing_in_the_clear() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client =
        Client::new(&sdk_config(&settings(format!("https://{}", listener.local_addr().unwrap()))).await);
    let call = tokio::spawn(async move { client.list_queues().send().await });
    let first_bytes = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        [socket.read_u8().await.unwrap(), socket.read_u8().await.unwrap()]
    };
    // A handshake record of TLS (RFC 8446, section 5.1): type 22, version 3.x.
    assert_eq!(timeout(DEADLINE, first_bytes).await.unwrap(), [22, 3]);
    call.abort();
}

/// What the SDK resolves from a profile or a file ends in the same place as this endpoint: in the client,
/// unseen by the settings.
async fn production_client(endpoint_url: &str) -> Client {
    let settings =
        BaseSettings { environment: Mode::Production, endpoint_url: None, ..settings(String::new()) };
    let key = aws_credential_types::Credentials::new("key", "secret", None, None, "test");
    let builder = sdk_config(&settings).await.into_builder().endpoint_url(endpoint_url);
    let builder = builder.credentials_provider(SharedCredentialsProvider::new(key));
    Client::new(&builder.build())
}

#[tokio::test]
async fn in_production_nothing_is_sent_to_an_endpoint_that_is_not_aws_wherever_it_was_set() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let local = listener.local_addr().unwrap();
    for endpoint in [
        format!("http://{local}"),
        format!("https://{local}"),
        "https://abcdef.execute-api.eu-west-1.amazonaws.com".to_owned(),
        "https://dynamodb.eu-west-1.amazonaws.com".to_owned(),
        "http://sqs.eu-west-1.amazonaws.com".to_owned(),
    ] {
        let client = production_client(&endpoint).await;
        let call = client.list_queues().send();
        let heard = tokio::select! {
            biased;
            _ = listener.accept() => panic!("{endpoint} was connected to"),
            answer = call => answer.unwrap_err(),
        };
        let text = format!("{}", aws_smithy_types::error::display::DisplayErrorContext(&heard));
        assert!(text.contains("nothing was sent"), "{endpoint}: {text}");
        assert!(text.contains("sqs in eu-west-1"), "{endpoint}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_to_dynamodb_that_hangs_ends_while_the_request_it_is_for_still_has_time() {
    for rules in both_rules().await {
        let (slow, attempts) = slow_aws(Duration::from_secs(3600));
        let config = sdk_config(&settings("http://127.0.0.1:4566".to_owned())).await.into_builder();
        let config = config.http_client(slow).timeout_config(aws::dynamodb_timeouts()).retry_config(rules);
        let started = Instant::now();
        let error = Client::new(&config.build()).list_queues().send().await.unwrap_err();
        assert!(matches!(error, SdkError::TimeoutError(_)));
        assert_eq!(started.elapsed(), aws::DYNAMODB_OPERATION_TIMEOUT);
        // The pauses between attempts are random: there may be no time for the last one.
        assert!((2..=aws::MAX_ATTEMPTS).contains(&attempts.load(Ordering::Relaxed)));
    }
    assert!(aws::DYNAMODB_OPERATION_TIMEOUT < service_kit::RequestLimits::default().deadline);
}
