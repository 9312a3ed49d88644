//! What a service is told about its messages and its tables.
//!
//! Each part reads itself from the environment, and leaves its complaints there:
//!
//! ```
//! use service::ServiceSettings;
//! use service_kit::Environment;
//!
//! let error = Environment::from_iter([("ENVIRONMENT", "production"), ("MESSAGING_FIFO", "perhaps")])
//!     .read(|env| ServiceSettings::read(env, "DYNAMODB_ORDERS_TABLE_NAME"))
//!     .unwrap_err();
//! for name in ["AWS_REGION", "MESSAGING_FIFO", "DYNAMODB_ORDERS_TABLE_NAME", "DYNAMODB_INBOX_TABLE_NAME"] {
//!     assert!(error.to_string().contains(name));
//! }
//! ```

#[cfg(feature = "http")]
use service_kit::auth::AuthSettings;
use service_kit::{BaseSettings, Environment, Reported};
use transactional_messaging::{
    channels::Channels,
    inbox::{Generations, Inbox, Retention, RetentionTooShort},
};

/// Ten years. Nobody keeps duplicates for longer, and a number that is added to the time of a message must
/// not leave the calendar.
const LONGEST_RETENTION_DAYS: u32 = 3650;

/// How topics and queues are called, and of which kind they are: the same for all processes of a system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelSettings {
    /// `AWS_SNS_TOPIC_PREFIX`: put before every topic name, empty unless set.
    pub topic_prefix: String,
    /// `AWS_SQS_QUEUE_NAME_PREFIX`: put before every queue name, empty unless set.
    pub queue_prefix: String,
    /// `MESSAGING_FIFO`: whether topics and queues are FIFO ones, whose names end in `.fifo`. `false` unless
    /// set.
    pub kind: Channels,
}

impl ChannelSettings {
    /// Reads them all.
    ///
    /// # Errors
    ///
    /// [`Reported`]; the complaints come out of [`Environment::finish`].
    pub fn read(env: &mut Environment) -> Result<Self, Reported> {
        let topic_prefix = env.optional("AWS_SNS_TOPIC_PREFIX", "");
        let queue_prefix = env.optional("AWS_SQS_QUEUE_NAME_PREFIX", "");
        let fifo = env.parsed("MESSAGING_FIFO", false, "true or false");
        Ok(Self { topic_prefix: topic_prefix?, queue_prefix: queue_prefix?, kind: Channels::fifo(fifo?) })
    }

    /// The full name of a topic.
    pub fn topic(&self, name: &str) -> String {
        self.kind.name(&format!("{}{name}", self.topic_prefix))
    }

    /// The full name of a queue.
    pub fn queue(&self, name: &str) -> String {
        self.kind.name(&format!("{}{name}", self.queue_prefix))
    }
}

/// What every service is told that consumes messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagingSettings {
    /// Names and kind of topics and queues.
    pub channels: ChannelSettings,
    /// `DYNAMODB_INBOX_TABLE_NAME`, required.
    pub inbox_table: String,
    /// `INBOX_RETENTION_DAYS`: how long a handled message is remembered. 90 unless set; the service refuses
    /// to start with fewer days than a duplicate can be on its way.
    pub inbox_retention_days: u32,
    /// `INBOX_GENERATIONS`: the generations of consumers that begin anew, such as
    /// `customer--order-created=2`; none unless set.
    pub inbox_generations: Generations,
}

impl MessagingSettings {
    /// Reads them all.
    ///
    /// # Errors
    ///
    /// [`Reported`]; the complaints come out of [`Environment::finish`].
    pub fn read(env: &mut Environment) -> Result<Self, Reported> {
        let channels = ChannelSettings::read(env);
        let inbox_table = env.required("DYNAMODB_INBOX_TABLE_NAME", "the name of the inbox table");
        let inbox_retention_days = env.within(
            "INBOX_RETENTION_DAYS",
            90,
            1..=LONGEST_RETENTION_DAYS,
            "a number of days, longer than a duplicate can be on its way",
        );
        let inbox_generations =
            env.parsed("INBOX_GENERATIONS", Generations::default(), "QUEUE=2, several with commas between");
        Ok(Self {
            channels: channels?,
            inbox_table: inbox_table?,
            inbox_retention_days: inbox_retention_days?,
            inbox_generations: inbox_generations?,
        })
    }

    /// The memory of what was handled.
    ///
    /// # Errors
    ///
    /// [`RetentionTooShort`] when it would forget messages that can still come again.
    pub fn inbox(&self) -> Result<Inbox, RetentionTooShort> {
        let retention = Retention::of_days(self.inbox_retention_days, self.channels.kind)?;
        Ok(Inbox::new(&self.inbox_table, retention).of_generations(self.inbox_generations.clone()))
    }
}

/// What a service is told that keeps state of its own, consumes messages and publishes others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceSettings {
    /// What every process of the system is told.
    pub base: BaseSettings,
    /// What every service is told that consumes.
    pub messaging: MessagingSettings,
    /// The table of the service's aggregates.
    pub table: String,
    /// `DYNAMODB_OUTBOX_TABLE_NAME`, required.
    pub outbox_table: String,
    /// Who may call.
    #[cfg(feature = "http")]
    pub auth: AuthSettings,
}

impl ServiceSettings {
    /// Reads them all; `table_variable` names the variable of the aggregates' table, such as
    /// `DYNAMODB_ORDERS_TABLE_NAME`.
    ///
    /// # Errors
    ///
    /// [`Reported`]; the complaints come out of [`Environment::finish`].
    pub fn read(env: &mut Environment, table_variable: &str) -> Result<Self, Reported> {
        let base = BaseSettings::read(env);
        let table = env.required(table_variable, "the name of the service's own table");
        let outbox_table = env.required("DYNAMODB_OUTBOX_TABLE_NAME", "the name of the outbox table");
        let messaging = MessagingSettings::read(env);
        #[cfg(feature = "http")]
        let auth = AuthSettings::read(env);
        Ok(Self {
            base: base?,
            messaging: messaging?,
            table: table?,
            outbox_table: outbox_table?,
            #[cfg(feature = "http")]
            auth: auth?,
        })
    }
}
