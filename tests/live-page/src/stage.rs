//! The buttons of a system of customers and orders whose parts are [`Process`]es: the same for every chapter
//! and for `final/`.

mod damage;
mod requests;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use std::time::Duration;

use aws_types::SdkConfig;
use futures::future::{BoxFuture, FutureExt as _};
use serde_json::Value;

use crate::controls::{Button, Controls, Host};
use crate::gate::Outage;
use crate::hub::Hub;
use crate::process::{Process, Role, State};
use crate::wiring::{Aws, Wiring};

/// How long SNS is away.
const OUTAGE: Duration = Duration::from_secs(10);

/// The parts of a system, and how to reach it.
pub struct Stage {
    host: Arc<dyn Host>,
    parts: Vec<Arc<Process>>,
    outage: Outage,
    aws: Aws,
    hub: Arc<Hub>,
    wiring: Wiring,
    orders: AtomicU64,
}

/// Id, group, label and what it does.
type Row = (&'static str, &'static str, &'static str, &'static str);

const REQUESTS: [Row; 4] = [
    ("create-customer", "Use it", "Create customer", "A customer with a credit limit of 10,000.00."),
    (
        "place-order",
        "Use it",
        "Place order",
        "An order of the newest customer, who is made if there is none.",
    ),
    ("place-50", "Use it", "Place 50", "Fifty orders, ten at a time."),
    ("cancel", "Use it", "Cancel order", "Cancels the newest order that is approved."),
];

const DAMAGE: [Row; 4] = [
    ("deliver-twice", "Break it", "Deliver twice", "The newest message comes once more, as SQS may do."),
    ("poison", "Break it", "Poison", "Publishes a text that no consumer can read."),
    ("sns-away", "Break it", "SNS away", "For ten seconds nobody reaches SNS. An order is placed meanwhile."),
    ("redrive", "Mend it", "Redrive", "Moves what lies in dead-letter queues back to where it came from."),
];

const RELAYS: [Row; 3] = [
    (
        "crash-relay",
        "Break it",
        "Crash relay",
        "It dies after it published and before it deleted the row. It stays dead.",
    ),
    (
        "pause-relay",
        "Break it",
        "Pause relay",
        "Stops the relay of orders: what they say waits in the outbox.",
    ),
    ("resume", "Mend it", "Resume", "Starts every part that does not run."),
];

const PARKING: [Row; 2] = [
    ("refuse", "Break it", "Refuse message", "SNS refuses the next message of an order for good."),
    ("unpark", "Mend it", "Unpark", "Takes the mark off what was parked, so that it is tried again."),
];

impl Stage {
    /// The buttons for these parts. Those that have an outage in common lose SNS with the button for it.
    ///
    /// # Errors
    ///
    /// When AWS does not say what there is.
    pub async fn new(
        host: Arc<dyn Host>,
        parts: Vec<Arc<Process>>,
        outage: Outage,
        (aws, hub): (&SdkConfig, Arc<Hub>),
    ) -> Result<Self, crate::BoxError> {
        let aws = Aws::new(aws);
        let wiring = aws.wiring().await?;
        Ok(Self { host, parts, outage, aws, hub, wiring, orders: AtomicU64::new(0) })
    }

    fn relay(&self) -> Option<&Arc<Process>> {
        self.parts.iter().find(|part| part.role == Role::Relay && part.name.starts_with("orders"))
    }

    fn crashable(&self) -> impl Iterator<Item = &Arc<Process>> {
        let of = |role| self.parts.iter().filter(move |part| part.role == role);
        of(Role::Service).chain(of(Role::Consumer).take(1))
    }

    /// Whether something publishes what an outbox holds.
    fn has_relay(&self) -> bool {
        self.relay().is_some()
    }

    async fn pause(&self) -> Result<String, String> {
        let relay = self.relay().ok_or("there is no relay")?;
        relay.stop().await;
        Ok(format!("{} is paused: messages of orders wait in the outbox", relay.name))
    }

    fn resume(&self) -> Result<String, String> {
        let down: Vec<_> = self.parts.iter().filter(|part| part.state() != State::Running).collect();
        for part in &down {
            part.start().map_err(|error| format!("{} cannot be started: {error}", part.name))?;
        }
        let names: Vec<_> = down.iter().map(|part| part.name.as_str()).collect();
        Ok(if names.is_empty() {
            "everything runs".to_owned()
        } else {
            format!("{} runs again", names.join(", "))
        })
    }

    async fn sns_away(&self) -> Result<String, String> {
        self.outage.set(true);
        let placed = self.place().await;
        tokio::time::sleep(OUTAGE).await;
        self.outage.set(false);
        let placed = placed.map_or_else(|error| error, |order| format!("order {order} was taken"));
        Ok(format!("SNS is back after ten seconds; meanwhile: {placed}"))
    }

    async fn ask(&self, path: &str, body: Option<Value>) -> Result<Value, String> {
        match self.host.ask(path, body).await? {
            (200..300, body) => Ok(body),
            (status, body) => Err(format!("{path} was answered with {status}: {body}")),
        }
    }

    fn number(&self) -> u64 {
        self.orders.fetch_add(1, Ordering::Relaxed)
    }
}

fn button((id, group, label, tells): Row) -> Button {
    Button { id: id.to_owned(), label: label.to_owned(), tells: tells.to_owned(), group }
}

impl Controls for Stage {
    fn buttons(&self) -> Vec<Button> {
        let mut buttons: Vec<_> = REQUESTS.into_iter().map(button).collect();
        buttons.extend(self.crashable().map(|part| {
            Button {
                id: format!("crash/{}", part.name),
                label: format!("Crash {}", part.name),
                tells: "It dies right after its next write, which an order sets off, and is started again."
                    .to_owned(),
                group: "Break it",
            }
        }));
        buttons.extend(DAMAGE.into_iter().map(button));
        if self.has_relay() {
            buttons.extend(RELAYS.into_iter().map(button));
            buttons.extend(PARKING.into_iter().map(button));
        }
        buttons
    }

    fn parts(&self) -> Vec<(String, State)> {
        self.parts.iter().map(|part| (part.name.clone(), part.state())).collect()
    }

    fn press<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<String, String>> {
        async move {
            match id {
                "create-customer" => self.create().await.map(|id| format!("customer {id}")),
                "place-order" => self.place().await.map(|id| format!("order {id} was taken")),
                "place-50" => self.place_many(50).await,
                "cancel" => self.cancel().await,
                "deliver-twice" => self.deliver_twice().await,
                "poison" => self.poison().await,
                "sns-away" => self.sns_away().await,
                "redrive" => self.redrive().await,
                "crash-relay" => self.crash_relay().await,
                "pause-relay" => self.pause().await,
                "resume" => self.resume(),
                "refuse" => self.refuse().await,
                "unpark" => self.unpark().await,
                other => match other.strip_prefix("crash/") {
                    Some(name) => self.crash(name).await,
                    None => Err(format!("there is no button {other}")),
                },
            }
        }
        .boxed()
    }
}
