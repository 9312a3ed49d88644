//! Exit codes, and what is said with them in one line.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    time::Instant,
};

use crate::world::{World, command, said};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_finds_a_whole_deployment_well_and_what_is_missing_bad() {
    let world = World::new("doctor").await;
    let well = world.json(&["doctor"]).await;
    assert_eq!(well["bad"], 0, "{well:#}");
    let checks = well["checks"].as_array().unwrap();
    let verdict =
        |what: &str| checks.iter().find(|check| check["what"] == what).map(|check| check["verdict"].clone());
    assert_eq!(verdict("table live-orders-outbox"), Some("ok".into()), "{well:#}");
    assert_eq!(verdict("dead letters of live-customer--order-created"), Some("ok".into()));
    assert_eq!(verdict("subscription of live-customer--order-created"), Some("ok".into()));
    for elsewhere in ["functions and event source mappings", "alarms"] {
        assert_eq!(verdict(elsewhere), Some("not looked at".into()), "never told as well: {well:#}");
    }

    world.sns.create_topic().name("live-alarms").send().await.unwrap();
    let url = support::queues::url(&world.sqs, "live-customer--order-created").await;
    world.sqs.delete_queue().queue_url(url).send().await.unwrap();
    world.dynamodb.delete_table().table_name("live-orders-inbox").send().await.unwrap();
    let ill = world.txm(&["doctor"]).await;
    assert_eq!(ill.code, Some(1), "{ill:?}");
    let found = [
        "nobody is subscribed to live-alarms",
        "queue live-customer--order-created",
        "table live-orders-inbox",
    ];
    for bad in found {
        assert!(
            ill.out.lines().any(|line| line.starts_with("BAD") && line.contains(bad)),
            "{bad}: {}",
            ill.out
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_2_and_says_where_to_look() {
    let world = World::new("unknown").await;
    let cases: [(&[&str], &str); 8] = [
        (&["outbox", "show", "order/0193c5a0-0000-7000-8000-000000000000"], "nothing of order/"),
        (&["outbox", "show", "order"], "a subject is a kind and an id"),
        (&["outbox", "unpark"], "<SUBJECT>"),
        (&["outbox", "replay", "--topic", "order--created"], "nothing that was sent is so"),
        (
            &["outbox", "replay", "--topic", "x", "--to", "customer--order-created"],
            "gets the messages of order--created",
        ),
        (&["dlq", "show", "nobody--knows"], "no service consumes nobody--knows; there are "),
        (&["trace", "0193c5a0-0000-7000-8000-000000000000"], "nothing is about"),
        (&["stuck", "--older-than", "soon"], "such as 90s"),
    ];
    for (arguments, text) in cases {
        let said = world.txm(arguments).await;
        assert_eq!(said.code, Some(2), "{arguments:?}: {said:?}");
        assert!(said.err.contains(text), "{arguments:?}: {}", said.err);
    }
    let elsewhere = said(command(world.aws.endpoint_url(), &["outbox", "status", "--prefix", "test-"])).await;
    assert!(elsewhere.code == Some(2) && elsewhere.err.contains("is --prefix right"), "{elsewhere:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aws_that_is_not_there_or_never_answers_or_refuses_is_3_within_a_limit() {
    let nowhere = said(command("http://127.0.0.1:9", &["outbox", "status"])).await;
    assert!(nowhere.code == Some(3) && nowhere.err.contains("AWS does not answer"), "{nowhere:?}");
    assert_eq!(nowhere.err.trim().lines().count(), 1, "one line: {nowhere:?}");

    let (silent, begun) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Instant::now());
    let address = format!("http://{}", silent.local_addr().unwrap());
    let hung = said(command(&address, &["stuck"])).await;
    assert!(hung.code == Some(3) && hung.err.contains("AWS does not answer"), "{hung:?}");
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());

    // The embedded AWS denies nothing.
    let denying = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", denying.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = denying.accept().await {
            let body = r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not you"}"#;
            let head =
                "HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\nConnection: close";
            let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            if client.read(&mut [0; 8_192]).await.is_ok_and(|bytes| bytes > 0) {
                client.write_all(answer.as_bytes()).await.ok();
            }
        }
    });
    let denied = said(command(&address, &["outbox", "status"])).await;
    assert!(denied.code == Some(3) && denied.err.contains("does not allow it"), "{denied:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn completions_and_the_manual_need_no_aws() {
    let bash = said(command("http://127.0.0.1:9", &["completions", "bash"])).await;
    assert!(bash.code == Some(0) && bash.out.contains("complete -F"), "{bash:?}");
    let manual = said(command("http://127.0.0.1:9", &["man"])).await;
    assert!(manual.code == Some(0) && manual.out.contains(".TH txm"), "{manual:?}");
}
