//! What AWS asks for a million of each unit, with its date and where it was read.

use crate::meter::Unit;

/// The region, the way of billing, and the month of the prices.
pub const SCOPE: &str = "us-east-1, on demand, June 2026, without free tiers";

/// Memory of the relay's function in gigabytes, as Terraform sets it.
const LAMBDA_GB: f64 = 0.25;
/// How long an invocation is taken to last, in seconds. The relay's own work takes less; most of it is waiting for AWS.
const LAMBDA_SECONDS: f64 = 0.05;

/// The price of a million of a unit.
#[derive(Clone, Copy, Debug)]
pub struct Price {
    /// In US dollars.
    pub dollars: f64,
    /// The words for the unit.
    pub unit: &'static str,
    /// Where the price was read.
    pub source: &'static str,
}

/// The price of this unit.
pub fn price(unit: Unit) -> Price {
    match unit {
        Unit::Writes => {
            Price { dollars: 0.625, unit: "write units", source: "Airbyte's guide to DynamoDB's prices" }
        }
        Unit::Reads => {
            Price { dollars: 0.125, unit: "read units", source: "Airbyte's guide to DynamoDB's prices" }
        }
        Unit::Sns => Price { dollars: 0.50, unit: "SNS requests", source: "FactualMinds" },
        Unit::Sqs => Price { dollars: 0.40, unit: "SQS requests", source: "AWSNegotiations" },
        Unit::Invocations => Price {
            dollars: 0.20 + 16.666_7 * LAMBDA_GB * LAMBDA_SECONDS,
            unit: "invocations",
            source: "$0.20 a million and $0.0000166667 a GB-second, 256 MB for 50 ms; from memory",
        },
    }
}
