//! What AWS asks for a million of each unit, with its date and where it was read: `prices.json`, which
//! `scripts/measure-on-aws` reads as well.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use crate::meter::Unit;

/// Memory of the relay's function in gigabytes, as Terraform sets it.
const LAMBDA_GB: f64 = 0.25;
/// How long an invocation is taken to last, in seconds. The relay's own work takes less; most of it is
/// waiting for AWS.
const LAMBDA_SECONDS: f64 = 0.05;

#[expect(clippy::expect_used, reason = "the file is part of this program, and the receipt's test reads it")]
static LIST: LazyLock<List> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../prices.json")).expect("prices.json is a list of prices")
});

#[derive(Deserialize)]
struct List {
    scope: String,
    million: BTreeMap<String, Listed>,
}

#[derive(Deserialize)]
struct Listed {
    dollars: f64,
    source: String,
}

/// The price of a million of a unit.
#[derive(Clone, Debug)]
pub struct Price {
    /// In US dollars.
    pub dollars: f64,
    /// The words for the unit.
    pub unit: &'static str,
    /// Where the price was read.
    pub source: String,
}

/// The region, the way of billing, and the month of the prices.
pub fn scope() -> &'static str {
    &LIST.scope
}

/// The price of this unit.
pub fn price(unit: Unit) -> Price {
    let name = match unit {
        Unit::Writes => "write units",
        Unit::Reads => "read units",
        Unit::Sns => "SNS requests",
        Unit::Sqs => "SQS requests",
        Unit::Invocations => return invocation(),
    };
    let listed = &LIST.million[name];
    Price { dollars: listed.dollars, unit: name, source: listed.source.clone() }
}

/// An invocation is paid for by itself and by the time that it takes.
fn invocation() -> Price {
    let (each, time) = (&LIST.million["invocations"], &LIST.million["GB-seconds"]);
    Price {
        dollars: each.dollars + time.dollars * LAMBDA_GB * LAMBDA_SECONDS,
        unit: "invocations",
        source: format!(
            "${:.2} a million and ${:.10} a GB-second, {:.0} MB for {:.0} ms; {}",
            each.dollars,
            time.dollars / 1e6,
            LAMBDA_GB * 1024.0,
            LAMBDA_SECONDS * 1e3,
            each.source
        ),
    }
}
