//! What a program is told about its metrics and traces.

use std::{net::SocketAddr, time::Duration};

use service_kit::{Environment, Reported};

/// What a program is told about its metrics and traces.
#[derive(Clone, Debug, PartialEq)]
pub struct TelemetrySettings {
    /// `METRICS_ADDRESS`: where Prometheus may ask for metrics, such as `0.0.0.0:9464`. Off unless set.
    pub metrics_address: Option<SocketAddr>,
    /// `METRICS_LOG_SECONDS`: how often metrics are written as log lines that CloudWatch reads; 60 unless
    /// set, at a desk 0, which is never.
    pub metrics_log_every: Option<Duration>,
    /// Under which name CloudWatch has them: `TransactionalMessaging/` and `ENVIRONMENT`, as the metrics of
    /// log filters.
    pub namespace: String,
    /// Where traces are sent; none when they are not.
    pub traces: Option<TraceSettings>,
}

/// Where traces are sent, and which. The names are those of OpenTelemetry, which has more of them: batch
/// sizes, headers and resource attributes (`OTEL_BSP_…`, `OTEL_EXPORTER_OTLP_HEADERS`,
/// `OTEL_RESOURCE_ATTRIBUTES`) are read by its SDK.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceSettings {
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: a collector that takes protobuf over plain HTTP, such as
    /// `http://127.0.0.1:4318`.
    pub endpoint: String,
    /// `OTEL_TRACES_SAMPLER`: which traces are sent.
    pub sampler: Sampler,
    /// `OTEL_SERVICE_NAME`: instead of the program's own name.
    pub service_name: Option<String>,
}

/// Which traces are sent: decided where a trace begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    /// The share of traces, from 0 to 1.
    pub share: f64,
    /// Whether a span does as its parent, or as what it is linked to.
    pub is_parent_based: bool,
}

impl TelemetrySettings {
    /// Reads them all.
    ///
    /// # Errors
    ///
    /// [`Reported`]; the complaints come out of [`Environment::finish`].
    pub fn read(env: &mut Environment) -> Result<Self, Reported> {
        let environment = env.maybe("ENVIRONMENT")?.unwrap_or_default();
        let is_desk = matches!(&*environment, "development" | "autotest");
        let metrics_address = match env.maybe("METRICS_ADDRESS")? {
            Some(text) => match text.parse() {
                Ok(address) => Ok(Some(address)),
                Err(_) => {
                    Err(env.reject("METRICS_ADDRESS", "is no address with a port, such as 0.0.0.0:9464"))
                }
            },
            None => Ok(None),
        };
        let usual = if is_desk { 0 } else { 60 };
        let seconds =
            env.within("METRICS_LOG_SECONDS", usual, 0..=3600, "a number of seconds; 0 writes none");
        let traces = TraceSettings::read(env);
        let seconds = seconds?;
        Ok(Self {
            metrics_address: metrics_address?,
            metrics_log_every: (seconds > 0).then(|| Duration::from_secs(seconds.into())),
            namespace: format!("TransactionalMessaging/{environment}"),
            traces: traces?,
        })
    }
}

impl TraceSettings {
    fn read(env: &mut Environment) -> Result<Option<Self>, Reported> {
        let endpoint = env.maybe("OTEL_EXPORTER_OTLP_ENDPOINT")?;
        let (name, share) = (env.optional("OTEL_TRACES_SAMPLER", "parentbased_always_on")?, {
            env.parsed("OTEL_TRACES_SAMPLER_ARG", 1.0_f64, "a share from 0 to 1, such as 0.01")?
        });
        let service_name = env.maybe("OTEL_SERVICE_NAME")?;
        let Some(endpoint) = endpoint else { return Ok(None) };
        if !endpoint.starts_with("http://") {
            return Err(env.reject(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "does not begin with http://; a collector beside the program is spoken to without TLS",
            ));
        }
        let (is_parent_based, root) = match name.strip_prefix("parentbased_") {
            Some(root) => (true, root),
            None => (false, &*name),
        };
        let share = match root {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" if (0.0..=1.0).contains(&share) => share,
            "traceidratio" => {
                return Err(env.reject("OTEL_TRACES_SAMPLER_ARG", "is no share from 0 to 1, such as 0.01"));
            }
            _ => {
                return Err(env.reject(
                    "OTEL_TRACES_SAMPLER",
                    "is none of always_on, always_off, traceidratio, and these with parentbased_ before them",
                ));
            }
        };
        Ok(Some(Self { endpoint, sampler: Sampler { share, is_parent_based }, service_name }))
    }
}
