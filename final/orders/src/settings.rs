//! What the service is told.

use std::time::Duration;

use service::ServiceSettings;
use service_kit::{Environment, Reported};

use crate::domain::DEFAULT_TIMEOUT_SECONDS;

/// The variable that names the service's table.
pub const TABLE_VARIABLE: &str = "DYNAMODB_ORDERS_TABLE_NAME";

/// How often it is looked for overdue orders, in seconds. Eight queries a minute for each instance, and an
/// hour is not made much longer.
pub const DEFAULT_CHECK_SECONDS: u32 = 60;

/// A year.
const LONGEST_TIMEOUT_SECONDS: u32 = 365 * 24 * 60 * 60;

/// What the service is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What every service with tables of its own is told.
    pub service: ServiceSettings,
    /// `ORDER_TIMEOUT_SECONDS`: how long an order may be pending before it is rejected;
    /// [`DEFAULT_TIMEOUT_SECONDS`] unless set.
    pub order_timeout: Duration,
    /// `ORDER_TIMEOUT_CHECK_SECONDS`: how often it is looked which orders' time is over, from 1 to 3,600; 60
    /// unless set. An order is given up at most so much later than its time.
    pub timeout_check: Duration,
}

impl Settings {
    /// Reads them all.
    ///
    /// # Errors
    ///
    /// [`Reported`]; the complaints come out of [`Environment::finish`].
    pub fn read(env: &mut Environment) -> Result<Self, Reported> {
        let name = "ORDER_TIMEOUT_SECONDS";
        // With 0 no order could ever be approved; a year is longer than anybody waits for one.
        let bounds = 1..=LONGEST_TIMEOUT_SECONDS;
        let seconds = env.within(name, DEFAULT_TIMEOUT_SECONDS, bounds, "a number of seconds");
        let name = "ORDER_TIMEOUT_CHECK_SECONDS";
        let check = env.within(name, DEFAULT_CHECK_SECONDS, 1..=3_600, "a number of seconds");
        let service = ServiceSettings::read(env, TABLE_VARIABLE);
        let of = |seconds: u32| Duration::from_secs(seconds.into());
        Ok(Self { service: service?, order_timeout: of(seconds?), timeout_check: of(check?) })
    }
}
