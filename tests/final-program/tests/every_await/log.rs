//! A client that goes away at each await of its request: what was committed all the same is in the log, and
//! nothing else is.

use std::{
    fmt::Write as _,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    thread::{self, ThreadId},
    time::Duration,
};

use final_program::PROGRAM;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt as _},
};

use crate::{
    scenes::{LIMIT, approved},
    shop::{LATENCY, Shop},
    state::stored,
};

/// How long a server may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// The events of a thread, each as its fields in one text.
#[derive(Clone)]
struct Lines(Arc<Mutex<Vec<String>>>, ThreadId);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if thread::current().id() != self.1 {
            return;
        }
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }
}

impl Lines {
    /// The lines that tell of a change by HTTP.
    fn changes(&self) -> Vec<String> {
        let tells = |line: &&String| {
            ["customer_created", "order_created", "order_cancelled"]
                .iter()
                .any(|change| line.contains(change))
        };
        self.0.lock().unwrap().iter().filter(tells).cloned().collect()
    }
}

/// The requests that change something, each with what it must be sent to.
const REQUESTS: [&str; 3] = ["customer_created", "order_created", "order_cancelled"];

async fn request(shop: &Shop, change: &str) -> (String, Value) {
    match change {
        "customer_created" => ("/customers".to_owned(), json!({"name": "Ada", "credit_limit": LIMIT})),
        "order_created" => {
            let customer = shop.customer(LIMIT).await;
            ("/orders".to_owned(), json!({"customer_id": customer, "order_total": 4_000}))
        }
        _ => (format!("/order/{}/cancel", approved(shop).await), json!({})),
    }
}

/// Sends a request over a socket and hangs up when its calls to AWS have come to this step: whether it
/// changed something, and the lines that say so; none if it never comes so far.
async fn gone_at(change: &str, step: usize, lines: &Lines) -> Option<(bool, Vec<String>)> {
    let shop = Shop::open().await;
    let (path, body) = request(&shop, change).await;
    let before = stored(&shop).await;
    lines.0.lock().unwrap().clear();
    let process = shop.process(LATENCY);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let router = (PROGRAM.http)(process.ambient.clone());
    let serving = tokio::spawn(service_kit::serve(listener, router, stop.clone(), PATIENCE));
    let mut client = TcpStream::connect(address).await.unwrap();
    let body = body.to_string();
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nidempotency-key: k");
    client
        .write_all(format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes())
        .await
        .unwrap();
    let mut answer = [0];
    let has_come = tokio::select! {
        biased;
        () = process.wire.has_come_to(step) => true,
        _ = client.read(&mut answer) => false,
    };
    drop(client);
    // What goes on without its client is over when the server has ended.
    stop.cancel();
    serving.await.unwrap().unwrap();
    has_come.then_some((stored(&shop).await != before, lines.changes()))
}

#[test]
fn a_change_is_logged_once_if_it_was_committed_whenever_its_client_goes_away() {
    let lines = Lines(Arc::default(), thread::current().id());
    // For all threads: what other tests come across first would be remembered as something that nobody
    // listens to.
    tracing::subscriber::set_global_default(Registry::default().with(lines.clone())).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut points, mut failures) = (0, Vec::new());
    for change in REQUESTS {
        for step in 1.. {
            let Some((is_changed, logged)) = runtime.block_on(gone_at(change, step, &lines)) else { break };
            points += 1;
            if logged.len() != usize::from(is_changed) {
                let what = if is_changed { "committed" } else { "committed nothing" };
                failures.push(format!("{change}, gone at step {step}: {what}, and logged {logged:?}"));
            }
        }
    }
    assert!(points >= 3 * REQUESTS.len(), "{points} points");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
