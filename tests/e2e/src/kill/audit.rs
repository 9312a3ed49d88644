//! The audit: what must be true when the load is over and everything has come to rest.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use crate::{
    broker::{Broker, Letter},
    collector::Collector,
    contract::QUEUES,
    event::Event,
    eventually::within,
    system::Addresses,
};
use anyhow::ensure;
use shop::SERVICES;
use uuid::Uuid;

use super::{
    books::Books,
    load::{Load, NOBODY},
};

/// A message that was in the hands of a process that was killed comes again after 30 seconds, and it may have
/// been in such hands more than once on its way.
const UNTIL_REST: Duration = Duration::from_secs(240);

/// What a consumer logs when it recognises a message that it has handled.
const RECOGNISED: &str = "idempotent_consumer__message_already_processed";

/// Everything that is looked at.
pub(super) struct Aftermath {
    pub(super) addresses: Addresses,
    pub(super) broker: Broker,
    pub(super) heard: Collector<Result<Event, String>>,
    pub(super) letters: Collector<Letter>,
    pub(super) load: Arc<Load>,
    pub(super) kills: usize,
    pub(super) logs: PathBuf,
}

/// What came of a soak.
#[derive(Debug)]
pub struct Report {
    orders: usize,
    customers: usize,
    cancelled: usize,
    requests: usize,
    kills: usize,
    events: usize,
    published_again: usize,
    recognised: usize,
    violations: Vec<String>,
}

impl Report {
    /// Whether nothing was lost, doubled, or left.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            orders, customers, cancelled, requests, kills, events, published_again, recognised, ..
        } = self;
        for violation in self.violations.iter().take(50) {
            writeln!(f, "violation: {violation}")?;
        }
        writeln!(
            f,
            "{orders} orders of {customers} customers placed, {cancelled} of them cancelled, by {requests} requests"
        )?;
        writeln!(f, "{kills} kills")?;
        let redeliveries = published_again + recognised;
        writeln!(
            f,
            "{events} events; {redeliveries} redeliveries: {published_again} events were published again, and {recognised} times a consumer was given a message that it had handled"
        )?;
        write!(f, "{} violations", self.violations.len())
    }
}

impl Aftermath {
    pub(super) async fn judge(self) -> anyhow::Result<Report> {
        let dynamodb = aws_sdk_dynamodb::Client::new(&self.addresses.sdk);
        let mut violations = Violations::default();
        let rest = within(UNTIL_REST, || self.at_rest(&dynamodb)).await;
        violations.check(rest.is_ok(), || {
            format!("no rest: {:#}", rest.as_ref().err().map_or_else(String::new, |why| format!("{why:#}")))
        });
        let books = Books::read(&dynamodb).await?;
        self.judge_orders(&books, &mut violations);
        judge_credit(&books, &mut violations);
        let (events, published_again) = self.judge_events(&books, &mut violations);
        violations.check(books.parked.is_empty(), || format!("parked: {:?}", books.parked));
        self.letters.look(|letters| {
            violations.check(letters.is_empty(), || format!("{} dead letters: {letters:?}", letters.len()));
        });
        Ok(Report {
            orders: books.orders.len(),
            customers: books.customers.len(),
            cancelled: self.load.cancelled().len(),
            requests: self.load.requests(),
            kills: self.kills,
            events,
            published_again,
            recognised: recognised(&self.logs)?,
            violations: violations.0,
        })
    }

    /// Nothing is pending anywhere, and everything that is published has been heard.
    async fn at_rest(&self, dynamodb: &aws_sdk_dynamodb::Client) -> anyhow::Result<()> {
        for (queue, _) in QUEUES {
            let depth = self.broker.depth(queue).await?;
            ensure!(depth == 0, "{queue} holds {depth} messages");
        }
        let books = Books::read(dynamodb).await?;
        let undecided = books.orders.values().filter(|order| order.state == "PENDING").count();
        ensure!(undecided == 0, "{undecided} orders are pending");
        let waiting = books.messages.values().filter(|message| message.is_waiting).count();
        ensure!(waiting == 0, "{waiting} messages wait in the outboxes");
        let heard = self.heard.look(|events| events.iter().flatten().map(Event::id).collect::<HashSet<_>>());
        let unheard = books.messages.keys().filter(|id| !heard.contains(id)).count();
        ensure!(unheard == 0, "{unheard} messages are kept as sent and were not heard");
        Ok(())
    }

    /// What clients were told is stored, and nothing else is.
    fn judge_orders(&self, books: &Books, violations: &mut Violations) {
        let placed = self.load.placed();
        for order in &placed {
            let stored = books.orders.get(&order.id);
            let same =
                stored.is_some_and(|stored| (stored.customer, stored.total) == (order.customer, order.total));
            violations.check(same, || format!("{order:?} was confirmed and {stored:?} is stored"));
        }
        let confirmed: HashSet<_> = placed.iter().map(|order| order.id).collect();
        violations.check(confirmed.len() == placed.len(), || "two keys have led to one order".to_owned());
        for (id, order) in &books.orders {
            violations.check(confirmed.contains(id), || format!("order {id} was never confirmed"));
            let is_final = ["APPROVED", "REJECTED", "CANCELLED"].contains(&&*order.state);
            let is_right = is_final && (order.customer != NOBODY || order.state == "REJECTED");
            violations.check(is_right, || format!("order {id} has ended as {order:?}"));
        }
        let cancelled: HashSet<_> = self.load.cancelled().into_iter().collect();
        for (id, order) in &books.orders {
            let agrees = (order.state == "CANCELLED") == cancelled.contains(id);
            violations
                .check(agrees, || format!("order {id} is {} and its client was told otherwise", order.state));
        }
    }

    /// Each message was delivered, each delivery is of a message, and each customer and order has exactly the
    /// events of its life: these follow from what is stored of it, whatever is kept of its messages. How many
    /// events there were, and how many deliveries too many.
    fn judge_events(&self, books: &Books, violations: &mut Violations) -> (usize, usize) {
        self.heard.look(|deliveries| {
            let mut events: HashMap<Uuid, &Event> = HashMap::new();
            let mut again = 0;
            for delivery in deliveries {
                match delivery {
                    Ok(event) if !books.messages.contains_key(&event.id()) => {
                        violations.add(format!(
                            "{} {} was delivered, and nothing is kept of it",
                            event.kind(),
                            event.id()
                        ));
                    }
                    Ok(event) => again += usize::from(events.insert(event.id(), event).is_some()),
                    Err(why) => violations.add(format!("something that is no event was delivered: {why}")),
                }
            }
            for (id, message) in books.messages.iter().filter(|(id, _)| !events.contains_key(id)) {
                violations.add(format!("{} {id} was never delivered", message.kind));
            }
            for event in events.values() {
                let kept = event.check();
                violations.check(kept.is_ok(), || format!("an event breaks the contract: {kept:?}"));
            }
            judge_customers(books, events.values().copied(), violations);
            judge_lives(books, events.values().copied(), violations);
            (events.len(), again)
        })
    }
}

/// One event tells of the creation of each customer.
fn judge_customers<'a>(books: &Books, events: impl Iterator<Item = &'a Event>, violations: &mut Violations) {
    let mut created: HashMap<Uuid, usize> = HashMap::new();
    for event in events.filter(|event| event.kind() == "CustomerCreated") {
        let customer = event.data["customer_id"].as_str().and_then(|id| id.parse().ok());
        customer.into_iter().for_each(|id| *created.entry(id).or_default() += 1);
    }
    for id in books.customers.keys() {
        let times = created.remove(id).unwrap_or_default();
        violations.check(times == 1, || format!("customer {id} has {times} events of its creation"));
    }
    violations.check(created.is_empty(), || format!("events of customers that do not exist: {created:?}"));
}

/// The events that tell of each order.
fn judge_lives<'a>(books: &Books, events: impl Iterator<Item = &'a Event>, violations: &mut Violations) {
    let mut lives: HashMap<Uuid, Vec<&str>> = HashMap::new();
    for event in events {
        let order = event.data["order_id"].as_str().and_then(|id| id.parse().ok());
        order.into_iter().for_each(|id| lives.entry(id).or_default().push(event.kind()));
    }
    for (id, order) in &books.orders {
        let mut life = lives.remove(id).unwrap_or_default();
        life.sort_unstable();
        let wanted: &[&[&str]] = match order.state.as_str() {
            "APPROVED" => &[&["CustomerCreditReserved", "OrderApproved", "OrderCreated"]],
            "CANCELLED" => &[&["CustomerCreditReserved", "OrderApproved", "OrderCancelled", "OrderCreated"]],
            _ => &[
                &["CustomerCreditReservationFailed", "OrderCreated", "OrderRejected"],
                &["CustomerValidationFailed", "OrderCreated", "OrderRejected"],
            ],
        };
        violations.check(wanted.contains(&life.as_slice()), || {
            format!("order {id}, {}, has the events {life:?}", order.state)
        });
    }
}

/// What is reserved is what the approved orders cost, and never more than the limit.
fn judge_credit(books: &Books, violations: &mut Violations) {
    let mut held: HashMap<Uuid, u64> = HashMap::new();
    for order in books.orders.values().filter(|order| order.state == "APPROVED") {
        *held.entry(order.customer).or_default() += order.total;
    }
    for (id, customer) in &books.customers {
        let held = held.remove(id).unwrap_or_default();
        let right = customer.reserved == held && held <= customer.limit;
        violations
            .check(right, || format!("customer {id} is {customer:?}, and the approved orders cost {held}"));
    }
    violations
        .check(held.is_empty(), || format!("orders of customers that do not exist are approved: {held:?}"));
}

/// How often a consumer recognised a message, by the logs of the services.
fn recognised(logs: &Path) -> anyhow::Result<usize> {
    let mut times = 0;
    for service in SERVICES {
        let log = std::fs::read_to_string(logs.join(format!("{}.log", service.name)))?;
        times += log.matches(RECOGNISED).count();
    }
    Ok(times)
}

#[derive(Default)]
struct Violations(Vec<String>);

impl Violations {
    fn add(&mut self, what: String) {
        self.0.push(what);
    }

    fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.add(what());
        }
    }
}
