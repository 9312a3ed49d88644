//! A service without HTTP, without a table of its own and without an outbox.

use std::time::Duration;

use local_aws::InMemoryAws;
use service_kit::Mode;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use transactional_messaging::consumer::Handled;

use crate::mails::{APPROVED, Mails, ambient, approved, base, eventually, mails, messaging, publish};

#[tokio::test(start_paused = true)]
async fn a_service_that_only_consumes_makes_what_it_needs_handles_each_message_once_and_stops() {
    let aws = InMemoryAws::new().unwrap();
    let (config, stop) = (aws.sdk_config(), CancellationToken::new());
    let use_cases = Mails::new(&config, &messaging());
    let ended = use_cases.ended.clone();
    let (service, token, of_service) = (mails(use_cases), stop.clone(), config.clone());
    let running = tokio::spawn(async move {
        service.run(&base(Mode::Development), &messaging(), &of_service, ambient(), token).await
    });
    let sqs = aws_sdk_sqs::Client::new(&config);
    eventually(async || sqs.get_queue_url().queue_name(APPROVED.name()).send().await.is_ok()).await;
    // The subscription is the last that is made of a queue.
    tokio::time::sleep(Duration::from_secs(1)).await;

    for _ in 0..2 {
        publish(&aws, "order--approved", &approved(1)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    eventually(async || ended.lock().unwrap().len() == 2).await;
    assert_eq!(*ended.lock().unwrap(), [Handled::Done, Handled::Duplicate]);

    let tables = aws_sdk_dynamodb::Client::new(&config).list_tables().send().await.unwrap();
    assert_eq!(tables.table_names(), ["mails-inbox"]);
    let topics = aws_sdk_sns::Client::new(&config).list_topics().send().await.unwrap();
    let topics: Vec<_> = topics.topics().iter().filter_map(|topic| topic.topic_arn()).collect();
    assert_eq!(topics, ["arn:aws:sns:us-east-1:000000000000:order--approved"]);

    let asked = Instant::now();
    stop.cancel();
    running.await.unwrap().unwrap();
    assert!(asked.elapsed() <= Duration::from_secs(3), "nothing was in work");
}

#[tokio::test(start_paused = true)]
async fn in_production_it_makes_nothing_and_names_what_is_missing() {
    let aws = InMemoryAws::new().unwrap();
    let config = aws.sdk_config();
    let service = mails(Mails::new(&config, &messaging()));
    let stop = CancellationToken::new();
    let ended = service.run(&base(Mode::Production), &messaging(), &config, ambient(), stop).await;
    let error = ended.unwrap_err().to_string();
    for what in ["table mails-inbox: ", "queue mail--order-approved: "] {
        assert!(error.contains(what), "{error}");
    }
    assert!(
        aws_sdk_dynamodb::Client::new(&config).list_tables().send().await.unwrap().table_names().is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn what_stands_beside_ends_with_the_service() {
    let aws = InMemoryAws::new().unwrap();
    let (config, stop) = (aws.sdk_config(), CancellationToken::new());
    let (began, begun) = tokio::sync::oneshot::channel();
    let service = mails(Mails::new(&config, &messaging())).beside(|_seed, stop| async move {
        began.send(()).unwrap();
        stop.cancelled().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
    });
    let token = stop.clone();
    let running = tokio::spawn(async move {
        service.run(&base(Mode::Development), &messaging(), &config, ambient(), token).await
    });
    begun.await.unwrap();
    let asked = Instant::now();
    stop.cancel();
    running.await.unwrap().unwrap();
    assert!(asked.elapsed() >= Duration::from_secs(5), "its end was not waited for");
}
