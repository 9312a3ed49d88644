//! Outbox, relay, inbox and consumer through the real SDK against the embedded AWS, in one binary so that it
//! links once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod aggregates;
mod consumer_calls;
mod consumer_failures;
mod consumer_loop;
mod consumer_outage;
mod consumer_stop;
mod consumer_turns;
mod dead_letters;
#[cfg(all(feature = "lambda", feature = "tail"))]
mod driver;
mod fair;
mod fifo;
mod gauges;
mod idempotent;
mod many_events;
mod outbox;
mod partial_failures;
mod provisioning;
mod races;
mod relay_calls;
mod relay_codes;
mod relay_damage;
mod relay_order;
mod relay_random;
mod relay_sent;
mod relay_sharing;
mod relay_topics;
mod relay_turns;
mod scheduled;
mod sequence_guard;
mod sweeper;
mod versions;
mod wiring;

use support::{ambient, bench, logs, note, partly, queues, wire, worker};
