//! A service that answers requests, and what it says of being ready.

use axum::Router;
use local_aws::InMemoryAws;
use service::Tables;
use service_kit::Mode;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use transactional_messaging::due::DueIndex;

use crate::mails::{Mails, ambient, base, eventually, mails, messaging};

const WAITING: DueIndex = DueIndex { name: "WaitingIndex", shard: "WaitingShard", time: "SendAt" };

#[tokio::test]
async fn a_service_is_ready_while_it_can_read_its_table_its_index_and_its_inbox_and_names_those_it_cannot() {
    let aws = InMemoryAws::new().unwrap();
    let (config, stop) = (aws.sdk_config(), CancellationToken::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mails/ready", listener.local_addr().unwrap());
    let tables = Tables { aggregates: Some("mails".to_owned()), index: Some(WAITING), outbox: None };
    let use_cases = Mails::new(&config, &messaging());
    let service = mails(use_cases).keeping(tables).answering(listener, Router::new());
    let (token, of_service) = (stop.clone(), config.clone());
    let running = tokio::spawn(async move {
        service.run(&base(Mode::Development), &messaging(), &of_service, ambient(), token).await
    });
    eventually(async || reqwest::get(&url).await.is_ok_and(|answer| answer.status() == 200)).await;

    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    for (table, failing) in [
        ("mails", r#""failing":["mails-table","waiting-index"]"#),
        ("mails-inbox", r#""failing":["mails-table","waiting-index","inbox-table"]"#),
    ] {
        dynamodb.delete_table().table_name(table).send().await.unwrap();
        let answer = reqwest::get(&url).await.unwrap();
        assert_eq!(answer.status(), 503);
        let body = answer.text().await.unwrap();
        assert!(body.contains(failing), "{body}");
    }
    stop.cancel();
    running.await.unwrap().unwrap();
}
