//! Metrics and traces beside the work, as in production with a sampler that takes no trace.

use anyhow::Result;
use service::{Telemetry, TelemetrySettings};
use service_kit::{Environment, Mode};
use transactional_messaging::ambient::Ambient;

/// Begins to count and to trace.
///
/// # Errors
///
/// When no exporter can be made.
pub async fn start() -> Result<Telemetry> {
    let told = Environment::from_iter([
        ("ENVIRONMENT", "production"),
        ("METRICS_LOG_SECONDS", "3600"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
        ("OTEL_TRACES_SAMPLER", "parentbased_always_off"),
    ]);
    let told = told.read(TelemetrySettings::read)?;
    Telemetry::start("measured", Mode::Production, &told, Ambient::system()).await
}
