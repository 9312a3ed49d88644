//! Traces: spans with the target [`trace_context::TARGET`], and those of calls of AWS, go to an OpenTelemetry
//! collector, as protobuf over HTTP.

mod aws;
mod client;
mod sampler;

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use opentelemetry::{
    Context, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt as _, TraceState, TracerProvider as _},
};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use service_kit::logging::Beside;
use tokio::runtime::Handle;
use trace_context::TraceContext;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer as _, filter::filter_fn};

use self::{client::Client, sampler::AtTheRoot};
use super::settings::TraceSettings;

/// How long the collector may take for one request.
const LONGEST_EXPORT: Duration = Duration::from_secs(2);
/// How long a flush may take; a function keeps 3 s for it and its answer.
const LONGEST_FLUSH: Duration = Duration::from_secs(2);

/// Sends spans from a thread of its own, in batches.
#[derive(Clone, Debug)]
pub struct Exporter(Arc<SdkTracerProvider>);

/// Begins to trace: the exporter, and what has to see the spans of this process.
///
/// # Errors
///
/// When the endpoint is no URL.
pub(super) fn start(service: &str, settings: &TraceSettings) -> anyhow::Result<(Exporter, Beside)> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Client::new(Handle::current()))
        .with_endpoint(format!("{}/v1/traces", settings.endpoint.trim_end_matches('/')))
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(LONGEST_EXPORT)
        .build()
        .context("OTEL_EXPORTER_OTLP_ENDPOINT cannot be used")?;
    let name = settings.service_name.clone().unwrap_or_else(|| service.to_owned());
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(aws::Shaping(exporter))
        .with_sampler(AtTheRoot::from(settings.sampler))
        .with_resource(Resource::builder().with_service_name(name).build())
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("transactional-messaging"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false)
        .with_filter(filter_fn(|metadata| {
            metadata.is_span() && (metadata.target() == trace_context::TARGET || aws::is_call(metadata))
        }));
    trace_context::install(OpenTelemetry);
    Ok((Exporter(Arc::new(provider)), layer.boxed()))
}

impl Exporter {
    /// Sends what has come together. What the collector does not take in time is lost, and that is told.
    pub async fn flush(&self) {
        let provider = Arc::clone(&self.0);
        // It waits for the exporter's thread, which needs this runtime for its calls.
        let flushed = tokio::task::spawn_blocking(move || provider.force_flush());
        let why = match tokio::time::timeout(LONGEST_FLUSH, flushed).await {
            Ok(Ok(Ok(()))) => return,
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        tracing::warn!(error = why, "traces_not_sent");
    }
}

/// What the libraries say of spans, to OpenTelemetry.
struct OpenTelemetry;

impl trace_context::Traces for OpenTelemetry {
    fn context(&self, span: &Span) -> Option<TraceContext> {
        if span.is_disabled() {
            return None;
        }
        let context = span.context();
        let own = context.span().span_context().clone();
        let flags = own.trace_flags().to_u8();
        let traceparent = format!("00-{}-{}-{flags:02x}", own.trace_id(), own.span_id());
        own.is_valid().then(|| TraceContext::new(traceparent, Some(&own.trace_state().header()))).flatten()
    }

    fn set_parent(&self, span: &Span, parent: &TraceContext) {
        // What the parser of OpenTelemetry does not take is left out: it is somebody else's note.
        let state = parent.tracestate().and_then(|text| text.parse().ok()).unwrap_or_default();
        if let Some(parent) = read(parent.traceparent(), state) {
            // It fails only for a span that is disabled or has begun.
            let _set = span.set_parent(Context::new().with_remote_span_context(parent));
        }
    }

    fn link(&self, span: &Span, traceparent: &str) {
        if let Some(other) = read(traceparent, TraceState::NONE) {
            span.add_link(other);
        }
    }
}

/// The context that a valid `traceparent` names.
fn read(traceparent: &str, state: TraceState) -> Option<SpanContext> {
    let mut parts = traceparent.split('-').skip(1);
    let trace = TraceId::from_hex(parts.next()?).ok()?;
    let span = SpanId::from_hex(parts.next()?).ok()?;
    let flags = TraceFlags::new(u8::from_str_radix(parts.next()?, 16).ok()?);
    Some(SpanContext::new(trace, span, flags, true, state))
}
