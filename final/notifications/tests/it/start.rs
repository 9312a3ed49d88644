//! The whole service as a process: it makes what it needs, hears by real topics and queues, sends, and stops.

use std::time::Duration;

use local_aws::InMemoryAws;
use notifications::{
    domain::{Decision, State},
    service,
    settings::InDoubt,
    store::Store,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::desk::{APPROVED, created, decided, settings};

#[tokio::test]
async fn it_makes_what_it_needs_hears_sends_at_once_and_stops() {
    let aws = InMemoryAws::new().unwrap();
    let (config, stop) = (aws.sdk_config(), CancellationToken::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (token, of_service, ambient) = (stop.clone(), config.clone(), support::ambient::of(&aws, 1));
    let running = tokio::spawn(async move {
        // It would look for the first time after an hour: what is sent sooner was fresh.
        let settings = service::Settings { check: Duration::from_secs(3_600), ..settings(InDoubt::Send) };
        service::run(&settings, &of_service, ambient, listener, token).await
    });
    let health = format!("http://{address}/notifications/health");
    let patience = Duration::from_secs(60);
    let is_up = async {
        while !reqwest::get(&health).await.is_ok_and(|answer| answer.status().is_success()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(patience, is_up).await.unwrap();
    let sns = aws_sdk_sns::Client::new(&config);
    for (topic, (_, body)) in [
        ("customer--created", created(Some("ada@example.com"))),
        ("order--approved", decided(2, Decision::Approved)),
    ] {
        let arn = format!("arn:aws:sns:us-east-1:000000000000:{topic}");
        sns.publish().topic_arn(arn).message(body).send().await.unwrap();
        // The address first: this test does not wait for the pause of a mail without one.
        let store = Store::new(::service::database(&config), "notifications");
        let heard = async {
            while store.reach(crate::desk::ADA).await.unwrap() == notifications::store::Reach::Unknown {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(patience, heard).await.unwrap();
    }
    let store = Store::new(::service::database(&config), "notifications");
    let sent = async {
        while store.mail(APPROVED).await.unwrap().is_none_or(|mail| mail.state != State::Sent) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(patience, sent).await.unwrap();
    assert_eq!(aws.mails().len(), 1);
    stop.cancel();
    running.await.unwrap().unwrap();
}
