//! The port: which one, whose, and for how long.

use std::net::SocketAddr;
use std::time::Duration;

use aws_sdk_dynamodb::types::StreamViewType;
use local_aws::{LocalAws, StartError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use support::tables::{create_table, put, text};

fn address(aws: &LocalAws) -> SocketAddr {
    aws.endpoint_url().strip_prefix("http://").unwrap().parse().unwrap()
}

async fn get(addr: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn health_answers_200_and_other_gets_400() {
    let aws = LocalAws::start().await.unwrap();
    let healthy = get(address(&aws), "/_local/health").await;
    assert!(healthy.starts_with("HTTP/1.1 200"), "{healthy}");
    let other = get(address(&aws), "/").await;
    assert!(other.starts_with("HTTP/1.1 400") && other.contains("POST"), "{other}");
}

#[tokio::test]
async fn dropping_closes_the_port_and_its_connections() {
    let aws = LocalAws::start().await.unwrap();
    let addr = address(&aws);
    let mut open = TcpStream::connect(addr).await.unwrap();
    drop(aws);
    let closed = async {
        while TcpStream::connect(addr).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // A reset is as good an end as an orderly one.
        open.read(&mut [0; 1]).await.unwrap_or(0)
    };
    let read =
        tokio::time::timeout(Duration::from_secs(10), closed).await.expect("closed within the deadline");
    assert_eq!(read, 0);
}

#[tokio::test]
async fn two_instances_share_nothing() {
    let (one, two) = (LocalAws::start().await.unwrap(), LocalAws::start().await.unwrap());
    let (one, two) = (one.sdk_config(), two.sdk_config());
    create_table(&aws_sdk_dynamodb::Client::new(&one), "outbox", StreamViewType::KeysOnly).await;
    aws_sdk_sqs::Client::new(&one).create_queue().queue_name("work").send().await.unwrap();
    aws_sdk_sns::Client::new(&one).create_topic().name("events").send().await.unwrap();
    let tables = aws_sdk_dynamodb::Client::new(&two).list_tables().send().await.unwrap();
    let queues = aws_sdk_sqs::Client::new(&two).list_queues().send().await.unwrap();
    let topics = aws_sdk_sns::Client::new(&two).list_topics().send().await.unwrap();
    assert_eq!((tables.table_names().len(), queues.queue_urls().len(), topics.topics().len()), (0, 0, 0));
}

#[tokio::test]
async fn a_taken_port_and_a_public_address_are_refused() {
    let aws = LocalAws::start().await.unwrap();
    let taken = LocalAws::bind(address(&aws)).await.unwrap_err();
    assert!(matches!(taken, StartError::Listen { .. }) && taken.is_retryable());
    let public = LocalAws::bind("0.0.0.0:0".parse().unwrap()).await.unwrap_err();
    assert!(matches!(public, StartError::NotLoopback { .. }) && !public.is_retryable());
}

#[tokio::test]
async fn tables_in_a_file_survive_a_restart() {
    let file = std::env::temp_dir().join(format!("local-aws-{}.db", std::process::id()));
    for start in 0..2 {
        let aws = LocalAws::bind_with_data(([127, 0, 0, 1], 0).into(), &file).await.unwrap();
        let db = aws_sdk_dynamodb::Client::new(&aws.sdk_config());
        if start == 0 {
            create_table(&db, "orders", StreamViewType::NewImage).await;
            put(&db, "orders", "a", "kept").await;
        }
        let found = db.get_item().table_name("orders").key("id", text("a")).send().await.unwrap();
        assert_eq!(found.item().unwrap()["value"].as_s().unwrap(), "kept");
    }
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(format!("{}{suffix}", file.display())).ok();
    }
}

#[tokio::test]
async fn a_foreign_page_may_not_publish() {
    let aws = LocalAws::start().await.unwrap();
    let own = address(&aws).to_string();
    for (host, origin, status) in [
        (own.as_str(), None, "200"),
        ("localhost", Some("http://localhost:8080"), "200"),
        (own.as_str(), Some("https://example.com"), "403"),
        (own.as_str(), Some("null"), "403"),
        ("rebound.example.com", None, "403"),
    ] {
        let origin = origin.map(|origin| format!("origin: {origin}\r\n")).unwrap_or_default();
        let body = "Action=CreateTopic&Name=events";
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\n{origin}content-type: text/plain\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(address(&aws)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer.split(' ').nth(1), Some(status), "{host} {origin}: {answer}");
    }
}
