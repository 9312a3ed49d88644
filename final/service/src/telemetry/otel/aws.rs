//! Calls of AWS as spans. The SDK opens one around each call, with the names of the semantic conventions
//! ("Semantic conventions for AWS SDK client spans"), and with nothing of what is asked or answered. It does
//! not know the kind, which is set on the way out.

use std::time::Duration;

use opentelemetry::{KeyValue, trace::SpanKind};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};
use tracing::Metadata;

/// The attribute by which such a span is known, and its value.
const SYSTEM: (&str, &str) = ("rpc.system", "aws-api");

/// What a span of a call says; a number that the SDK makes up for its logs is left out.
const SAID: [&str; 3] = [SYSTEM.0, "rpc.service", "rpc.method"];

/// Whether these are spans that the SDK opens around calls, and not those of its steps inside.
pub(super) fn is_call(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("aws_sdk_") && metadata.fields().field("rpc.method").is_some()
}

/// Whether a span with these attributes is one.
pub(super) fn is_of_call(attributes: &[KeyValue]) -> bool {
    attributes.iter().any(|pair| (pair.key.as_str(), &*pair.value.as_str()) == SYSTEM)
}

/// An exporter that gives such spans their kind.
#[derive(Debug)]
pub(super) struct Shaping<E>(pub(super) E);

impl<E: SpanExporter> SpanExporter for Shaping<E> {
    fn export(&self, mut batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        for span in batch.iter_mut().filter(|span| is_of_call(&span.attributes)) {
            span.span_kind = SpanKind::Client;
            span.attributes.retain(|pair| SAID.contains(&pair.key.as_str()));
        }
        self.0.export(batch)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}
