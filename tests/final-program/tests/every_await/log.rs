//! A client that goes away at each await of its request: what was committed all the same is in the log, and nothing else is.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt as _},
};

use crate::{
    cases::{CASES, Case},
    drops::simulate,
    polls::poll_at_most,
    shop::{LATENCY, Shop},
    state::stored,
};

/// Longer than a request may take: whatever goes on without its client is over by then.
const AFTERMATH: Duration = Duration::from_secs(120);

/// The events of a thread, each as its fields in one text.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
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

/// Whether the request changed something, and the lines that say so, when its client goes away after so many polls.
async fn gone_after(case: &Case, polls: usize, lines: &Lines) -> (bool, Vec<String>, bool) {
    let shop = Shop::open().await;
    let work = (case.prepare)(&shop).await;
    let before = stored(&shop).await;
    lines.0.lock().unwrap().clear();
    let (answer, _) = poll_at_most(work(shop.process(LATENCY)), polls).await;
    tokio::time::sleep(AFTERMATH).await;
    (stored(&shop).await != before, lines.changes(), answer.is_some())
}

#[test]
fn a_change_is_logged_once_if_it_was_committed_whenever_its_client_goes_away() {
    let lines = Lines::default();
    let subscriber = Registry::default().with(lines.clone());
    let _default = tracing::subscriber::set_default(subscriber);
    let (mut changed, mut failures) = (0, Vec::new());
    for case in CASES.iter().filter(|case| case.name.starts_with("http: ")) {
        for polls in 1.. {
            let (is_changed, logged, is_over) = simulate(gone_after(case, polls, &lines));
            changed += usize::from(is_changed);
            if logged.len() != usize::from(is_changed) {
                let what = if is_changed { "changed" } else { "changed nothing" };
                failures.push(format!("{}, gone at poll {polls}: {what}, and logged {logged:?}", case.name));
            }
            if is_over {
                break;
            }
        }
    }
    assert!(
        changed > CASES.iter().filter(|case| case.name.starts_with("http: ")).count(),
        "{changed} changes"
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
