//! Introducing the outbox into a service that has live traffic, step by step, and what each step loses when
//! one call to AWS goes wrong: each call in turn, in each way.
//!
//! `cargo run -p transactional-messaging --example migrate`

#![allow(
    clippy::expect_used,
    reason = "the AWS is its own, in the process: whatever it does not do ends the program"
)]

#[allow(unreachable_pub, reason = "it stands for a crate of its own")]
mod service;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt, time::Duration};

use local_aws::InMemoryAws;
use service::{AWAY, Effects, ORDERS, OUTBOX, QUEUE, Shop};
use support::{
    ambient,
    wire::{Fault, Wire},
};
use transactional_messaging::{
    message::Subject,
    prelude::*,
    provision::Subscription,
    relay::{Relay, SnsPublisher, TopicDirectory},
};

/// How far the migration has come. Each step is a deployment, and stays as long as anybody likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Put, then publish: what is there today.
    DirectOnly,
    /// Messages have ids, and the consumer an inbox. It can be deployed consumer by consumer.
    Inbox,
    /// Table, stream, relay and sweeper are made and run idle.
    IdleRelay,
    /// The first instance writes its messages into the outbox; the other is as it was.
    HalfTheFleet,
    /// All do. Now the services lose the permission to publish.
    OutboxOnly,
}

impl Step {
    const ALL: [Self; 5] =
        [Self::DirectOnly, Self::Inbox, Self::IdleRelay, Self::HalfTheFleet, Self::OutboxOnly];
}

/// What the runs of a step did to its orders, together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Damage {
    runs: usize,
    /// An order is there, and no consumer ever heard of it.
    lost: usize,
    /// A consumer heard of an order that is not there.
    phantom: usize,
    /// A consumer did twice what it should do once.
    doubled: usize,
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
#[allow(clippy::print_stdout, reason = "it is a program for a terminal")]
async fn main() {
    for step in Step::ALL {
        println!("{}", line(step, survey(step).await));
    }
}

fn line(step: Step, damage: Damage) -> String {
    format!("{step:>14}: {damage}")
}

/// Runs a step once undisturbed to learn its calls, and then once for each call and each way in which it can
/// go wrong: for the first attempt of the SDK, or for all three, after which the process gives up.
async fn survey(step: Step) -> Damage {
    let (calls, mut damage) = run(step, None).await;
    assert_eq!((damage.lost, damage.phantom, damage.doubled), (0, 0, 0), "{step:?} without a fault");
    for operation in calls.iter().collect::<BTreeSet<_>>() {
        for nth in 0..calls.iter().filter(|call| *call == operation).count() {
            for attempts in [1, 3] {
                for fault in [Fault::RequestLost, Fault::AnswerLost, Fault::code(503, "Unavailable")] {
                    let (_, one) = run(step, Some((operation, nth, attempts, fault))).await;
                    damage.runs += 1;
                    damage.lost += one.lost;
                    damage.phantom += one.phantom;
                    damage.doubled += one.doubled;
                }
            }
        }
    }
    damage
}

/// Four orders through two instances, with this fault. The calls that there were, and the damage.
async fn run(step: Step, fault: Option<(&String, usize, usize, Fault)>) -> (Vec<String>, Damage) {
    let aws = InMemoryAws::new().expect("an aws in the process");
    let (dynamodb, sns, sqs) = clients(&aws.sdk_config());
    let needed = ServiceResources {
        aggregate_table: Some(ORDERS.to_owned()),
        inbox_table: Some(AWAY.to_owned()),
        outbox_table: Some(OUTBOX.to_owned()),
        topics: vec!["order--placed".to_owned()],
        subscriptions: vec![Subscription {
            topic: "order--placed".to_owned(),
            queue: QUEUE.name().to_owned(),
        }],
        ..ServiceResources::default()
    };
    ensure_service(&dynamodb, &sns, &sqs, &needed).await.expect("the resources are made");
    let wire = Wire::to(aws.clone());
    if let Some((operation, nth, attempts, fault)) = fault {
        let operation = service::CALLS.into_iter().find(|call| call == operation).expect("a known call");
        wire.inject(operation, nth, Fault::Slow(Duration::ZERO));
        wire.inject(operation, attempts, fault);
    }
    let shop = Shop::new(&wire.sdk_config(), &sns, ambient::of(&aws, 1)).await;
    for order in 0..4 {
        let with_outbox = step == Step::OutboxOnly || step == Step::HalfTheFleet && order % 2 == 0;
        // An instance that fails is started again, and its client believes that the order failed.
        let _ = if with_outbox { shop.place(order).await } else { shop.place_directly(order).await };
    }
    let relay = relay(&wire);
    let subjects: Vec<_> = (0..4).map(Shop::subject).collect();
    // A relay comes back until it has succeeded: the stream, and then the sweeper, wake it again.
    while step != Step::DirectOnly && step != Step::Inbox && !is_done(&relay, &subjects).await {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let calls =
        wire.operations().into_iter().filter(|call| service::CALLS.contains(&call.as_str())).collect();
    let database = DynamoDb::new(dynamodb);
    let placed = shop.placed(&database).await;
    let ids = ambient::of(&aws, 2_000_000);
    let effects = Effects::of(&sqs, database, ids, step != Step::DirectOnly).await;
    let damage = Damage {
        runs: 0,
        lost: placed.iter().filter(|order| !effects.of_order(**order)).count(),
        phantom: effects.orders().filter(|order| !placed.contains(order)).count(),
        doubled: effects.doubled(),
    };
    (calls, damage)
}

async fn is_done(relay: &Relay, subjects: &[Subject]) -> bool {
    relay.wake(subjects.to_vec()).await.values().all(Result::is_ok)
}

fn relay(wire: &Wire) -> Relay {
    let (dynamodb, sns, _) = clients(&wire.sdk_config());
    let publisher = SnsPublisher::new(sns, TopicDirectory::NamePrefix(String::new()));
    let ambient = ambient::of(&wire.aws(), 1_000_000);
    Relay::new(DynamoDb::new(dynamodb), OUTBOX, publisher, ambient)
}

fn clients(
    config: &aws_types::SdkConfig,
) -> (aws_sdk_dynamodb::Client, aws_sdk_sns::Client, aws_sdk_sqs::Client) {
    (
        aws_sdk_dynamodb::Client::new(config),
        aws_sdk_sns::Client::new(config),
        aws_sdk_sqs::Client::new(config),
    )
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::DirectOnly => "direct",
            Self::Inbox => "inbox",
            Self::IdleRelay => "idle relay",
            Self::HalfTheFleet => "half the fleet",
            Self::OutboxOnly => "outbox only",
        })
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, lost, phantom, doubled } = self;
        write!(f, "{runs:>4} runs {lost:>4} lost {phantom:>4} phantom {doubled:>4} doubled")
    }
}
