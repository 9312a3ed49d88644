//! The real programs among clients that hang up, and before a DynamoDB that takes connections and answers
//! nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::ensure;
use aws_sdk_dynamodb::types::Select;
use e2e::{
    answer::Request,
    eventually::eventually,
    hosts::{Aws, Host as _, Processes, Relays, Variables},
    system::Addresses,
};
use futures::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::watch,
    time::Instant,
};

const HANGING_UP: u64 = 40;
/// A request is answered within ten seconds; the rest is for a machine that is busy.
const ANSWERED_WITHIN: Duration = Duration::from_secs(13);
/// The grace of services and relays is 20 seconds, and a second for the last words.
const STOPPED_WITHIN: Duration = Duration::from_secs(24);

fn logs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

async fn customer(addresses: &Addresses) -> uuid::Uuid {
    let body = json!({"name": "Ada Lovelace", "credit_limit": 1_000_000});
    let request =
        Request::new(Method::POST, "/customers").with_body(body.to_string(), Some("application/json"));
    request.send(&reqwest::Client::new(), &addresses.customers).await.unwrap().id().unwrap()
}

async fn count(addresses: &Addresses) -> usize {
    let dynamodb = aws_sdk_dynamodb::Client::new(&addresses.sdk);
    let request = dynamodb.scan().table_name("orders").select(Select::Count).consistent_read(true);
    usize::try_from(request.send().await.unwrap().count).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_orders_exist_as_are_logged_when_clients_hang_up() {
    let logs = logs("e2e-hanging-up");
    let told =
        |_: &str, variables: Variables| [variables, vec![("LOG_FORMAT".into(), "json".into())]].concat();
    let processes = Processes::start_told(&logs, Aws::Local, Relays::Tail, told).await.unwrap();
    let addresses = processes.addresses();
    let customer = customer(&addresses).await;
    let body = json!({"customer_id": customer, "order_total": 1}).to_string();
    let head =
        "POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length:";
    let request = format!("{head} {}\r\n\r\n{body}", body.len());
    let orders = addresses.orders.trim_start_matches("http://").to_owned();
    for client in 0..HANGING_UP {
        let mut connection = TcpStream::connect(&orders).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_micros(500 * client)).await;
    }
    let log = logs.join("orders.log");
    let logged = || std::fs::read_to_string(&log).unwrap().matches(r#""event":"order_created""#).count();
    // A request that was given up before it was read places none, so how many there will be is not known.
    let (exist, _) = eventually(|| async {
        let before = (count(&addresses).await, logged());
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = (count(&addresses).await, logged());
        ensure!(before == now && now.0 > 0, "{before:?}, then {now:?}");
        Ok(now)
    })
    .await
    .unwrap();
    processes.stop().await.unwrap();
    assert_eq!(logged(), exist, "orders that are logged, and orders that exist");
    let lines = std::fs::read_to_string(&log).unwrap();
    let gone = lines.lines().filter(|line| line.contains("client_went_away")).count();
    assert!(gone > 0, "nobody hung up while the order was placed: the test has shown nothing");
}

/// Between the programs and a server: it forwards until it is told to take everything in and to answer
/// nothing any more.
#[derive(Clone)]
struct Door {
    url: String,
    hangs: watch::Sender<bool>,
}

impl Door {
    async fn before(endpoint: &str) -> Self {
        let target: SocketAddr = endpoint.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let door = Self { url, hangs: watch::Sender::new(false) };
        let hangs = door.hangs.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, target, hangs.subscribe()));
            }
        });
        door
    }
}

async fn forward(mut client: TcpStream, target: SocketAddr, mut hangs: watch::Receiver<bool>) {
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    let hung = tokio::select! {
        biased;
        hung = hangs.wait_for(|hangs| *hangs) => hung.is_ok(),
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => false,
    };
    if hung {
        std::future::pending::<()>().await;
    }
}

/// All of them are told of the door in place of the endpoint, for these services.
async fn behind_a_door(name: &str, services: &'static [&str]) -> (Processes, Door) {
    let door: Arc<Mutex<Option<Door>>> = Arc::default();
    let made = door.clone();
    let told = move |endpoint: &str, variables: Variables| {
        let mut door = made.lock().unwrap();
        let door = door.get_or_insert_with(|| {
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(Door::before(endpoint)))
        });
        let kept = variables.into_iter().filter(|(name, _)| name != "AWS_ENDPOINT_URL");
        let of = |service: &&str| match services.contains(service) {
            true => door.url.clone(),
            false => endpoint.to_owned(),
        };
        let all = ["DYNAMODB", "DYNAMODB_STREAMS", "SNS", "SQS"];
        kept.chain(all.iter().map(|service| (format!("AWS_ENDPOINT_URL_{service}"), of(service)))).collect()
    };
    let processes = Processes::start_told(logs(name), Aws::Local, Relays::Tail, told).await.unwrap();
    let door = door.lock().unwrap().clone().unwrap();
    (processes, door)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_dynamodb_answers_nothing_requests_are_answered_and_everything_stops_in_time() {
    let (mut processes, door) = behind_a_door("e2e-silent-dynamodb", &["DYNAMODB", "DYNAMODB_STREAMS"]).await;
    let addresses = processes.addresses();
    let customer = customer(&addresses).await;
    let http = reqwest::Client::new();
    let order = json!({"customer_id": customer, "order_total": 1});
    // Some are on their way when it begins, so that consumers and relays have something in work.
    for _ in 0..10 {
        let placed = http.post(format!("{}/orders", addresses.orders)).json(&order).send().await.unwrap();
        assert_eq!(placed.status(), 200);
    }
    door.hangs.send_replace(true);
    let asked = (0..60).map(|number| {
        let (http, addresses, order) = (&http, &addresses, &order);
        async move {
            let request = match number % 3 {
                0 => http.post(format!("{}/orders", addresses.orders)).json(order),
                1 => http.get(format!("{}/customer/{customer}", addresses.customers)),
                _ => http
                    .post(format!("{}/customers", addresses.customers))
                    .json(&json!({"name": "Ada", "credit_limit": 1})),
            };
            let begun = Instant::now();
            let status = request.send().await.unwrap().status().as_u16();
            (status, begun.elapsed())
        }
    });
    for (status, took) in join_all(asked).await {
        assert!(status == 503 && took < ANSWERED_WITHIN, "{status} after {took:?}");
    }
    let Processes { customers, orders, notifications, relays, .. } = &mut processes;
    let stopping = [customers, orders, notifications].into_iter().chain(relays).map(|process| async {
        let begun = Instant::now();
        process.terminate().await.unwrap();
        begun.elapsed()
    });
    let took = join_all(stopping).await;
    assert!(took.iter().all(|took| *took < STOPPED_WITHIN), "{took:?}");
}
