//! The settings that every process has: where it runs, and which AWS it talks to.

use super::{Environment, Mode, Reported, endpoint};

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
    /// `RELEASE`: what was deployed, such as a commit. A service answers it with its health, so that whoever
    /// deploys can tell new tasks from old ones.
    pub release: Option<String>,
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
        let release = env.maybe("RELEASE");
        let endpoints = check_endpoints(env, environment, region.as_deref().unwrap_or_default());
        let endpoint_url = endpoints.and(endpoint_url);
        Ok(Self {
            environment: environment?,
            region: region?,
            endpoint_url: endpoint_url?,
            release: release?,
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
