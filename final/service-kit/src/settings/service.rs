//! The settings of a service with a table of its own, an inbox and an outbox.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{BaseSettings, Environment, Mode, SettingsError};

/// Ten years. Nobody keeps duplicates for longer, and a number that is added to the time of a message must not leave the calendar.
const LONGEST_RETENTION_DAYS: u32 = 3650;

/// What a service reads from the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceSettings {
    /// What every process of the system is told.
    pub base: BaseSettings,
    /// `HOST` and `PORT`: where to listen for HTTP. Port 9700 unless set. All addresses in production, where a load balancer calls from
    /// outside the container, and the loopback address at a desk.
    pub listen: SocketAddr,
    /// The table of the service's aggregates.
    pub table: String,
    /// `DYNAMODB_INBOX_TABLE_NAME`, required.
    pub inbox_table: String,
    /// `DYNAMODB_OUTBOX_TABLE_NAME`, required.
    pub outbox_table: String,
    /// `INBOX_RETENTION_DAYS`: how long a handled message is remembered. 90 unless set; the service refuses to start with fewer days than
    /// a duplicate can be on its way.
    pub inbox_retention_days: u32,
}

impl ServiceSettings {
    /// Reads them all; `table_variable` names the variable of the aggregates' table, such as `DYNAMODB_ORDERS_TABLE_NAME`.
    ///
    /// # Errors
    /// [`SettingsError`] with everything that is missing or malformed.
    pub fn read(mut env: Environment, table_variable: &str) -> Result<Self, SettingsError> {
        let base = BaseSettings::read(&mut env);
        let everywhere = base.as_ref().is_ok_and(|base| base.environment == Mode::Production);
        let host = if everywhere { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
        let host = env.parsed("HOST", IpAddr::from(host), "an IP address to listen on");
        // Port 0 would be any that is free, which no load balancer finds; at a desk it is what a test wants.
        let port = env.parsed("PORT", 9700, "a TCP port");
        if everywhere && port == Ok(0) {
            env.reject("PORT", "is 0, which is any that is free; set it to a TCP port from 1 to 65535");
        }
        let table = env.required(table_variable, "the name of the service's own table");
        let inbox_table = env.required("DYNAMODB_INBOX_TABLE_NAME", "the name of the inbox table");
        let outbox_table = env.required("DYNAMODB_OUTBOX_TABLE_NAME", "the name of the outbox table");
        let inbox_retention_days = env.within(
            "INBOX_RETENTION_DAYS",
            90,
            1..=LONGEST_RETENTION_DAYS,
            "a number of days, longer than a duplicate can be on its way",
        );
        env.finish(|| {
            Ok(Self {
                base: base?,
                listen: (host?, port?).into(),
                table: table?,
                inbox_table: inbox_table?,
                outbox_table: outbox_table?,
                inbox_retention_days: inbox_retention_days?,
            })
        })
    }
}
