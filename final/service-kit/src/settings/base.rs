//! The settings that every service has: where it runs, which AWS it talks to, and how its topics and queues
//! are named.

use super::{Environment, Reported, endpoint};

/// Who the process works for: a person at a desk or test, or the business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `ENVIRONMENT` is `development` or `autotest`: readable logs, any endpoint, and test credentials where
    /// none are set.
    Development,
    /// Everything else, a misspelt `ENVIRONMENT` included, so that a typing mistake never opens a production
    /// system.
    Production,
}

impl Mode {
    fn from_name(name: &str) -> Self {
        match name {
            "development" | "autotest" => Self::Development,
            _ => Self::Production,
        }
    }
}

/// What every service and the relay read from the environment, under the names that the AWS SDKs use where
/// they have one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseSettings {
    /// `ENVIRONMENT`, required.
    pub environment: Mode,
    /// `AWS_REGION`, required.
    pub region: String,
    /// `AWS_ENDPOINT_URL`: another place than AWS, such as the embedded AWS or LocalStack. `None` is AWS
    /// itself.
    pub endpoint_url: Option<String>,
    /// `AWS_SNS_TOPIC_PREFIX`: put before every topic name, empty unless set.
    pub topic_prefix: String,
    /// `AWS_SQS_QUEUE_NAME_PREFIX`: put before every queue name, empty unless set.
    pub queue_prefix: String,
    /// `MESSAGING_FIFO`: whether topics and queues are FIFO ones, whose names end in `.fifo`. `false` unless set; the same for all processes
    /// of a system.
    pub fifo: bool,
}

impl BaseSettings {
    /// Reads them all, and in production refuses any endpoint that is not AWS over HTTPS.
    ///
    /// An endpoint override is one environment variable away from sending every request, signature and
    /// message body to somebody else. The per-service variables (`AWS_ENDPOINT_URL_SQS` and the like), which
    /// the SDK reads by itself, are held to the same rule.
    ///
    /// # Errors
    /// [`Reported`]; the complaints come out of [`Environment::finish`].
    pub fn read(env: &mut Environment) -> Result<Self, Reported> {
        let environment = env
            .required(
                "ENVIRONMENT",
                "development or autotest on a desk, and any other name, such as production, elsewhere",
            )
            .map(|name| Mode::from_name(&name));
        let region = env.required("AWS_REGION", "the AWS region, such as eu-west-1");
        let endpoint_url = env.maybe("AWS_ENDPOINT_URL");
        let topic_prefix = env.optional("AWS_SNS_TOPIC_PREFIX", "");
        let queue_prefix = env.optional("AWS_SQS_QUEUE_NAME_PREFIX", "");
        let fifo = env.parsed("MESSAGING_FIFO", false, "true or false");
        let endpoints = check_endpoints(env, environment, region.as_deref().unwrap_or_default());
        Ok(Self {
            environment: environment?,
            region: region?,
            endpoint_url: endpoints.and(endpoint_url)?,
            topic_prefix: topic_prefix?,
            queue_prefix: queue_prefix?,
            fifo: fifo?,
        })
    }
}

/// Checks every endpoint variable. While the mode is missing, which stops the start by itself, only the URL
/// is checked: a second complaint about a mode that nobody chose would mislead.
fn check_endpoints(
    env: &mut Environment,
    mode: Result<Mode, Reported>,
    region: &str,
) -> Result<(), Reported> {
    let mode = mode.unwrap_or(Mode::Development);
    let mut verdict = Ok(());
    for name in env.names_beginning_with("AWS_ENDPOINT_URL") {
        if let Some(url) = env.maybe(&name)?
            && let Err(problem) = endpoint::check(mode, region, &url)
        {
            verdict = Err(env.reject(&name, problem));
        }
    }
    verdict
}
