//! Which traces are sent: decided where one begins, and by everybody after that in the same way.

use opentelemetry::{
    Context, KeyValue, TraceId,
    trace::{Link, SpanKind, TraceContextExt as _, TraceState},
};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

use super::aws::is_of_call;
use crate::telemetry::settings;

/// A span does as its parent. One that begins a trace of its own because of others, such as the handling of a
/// message or a call with ten of them, does as those that it is linked to: it is sent if one of them is.
/// Otherwise the share decides. A call of AWS begins no trace.
#[derive(Clone, Debug)]
pub(super) struct AtTheRoot {
    share: Sampler,
    is_parent_based: bool,
}

impl From<settings::Sampler> for AtTheRoot {
    fn from(told: settings::Sampler) -> Self {
        Self { share: Sampler::TraceIdRatioBased(told.share), is_parent_based: told.is_parent_based }
    }
}

impl ShouldSample for AtTheRoot {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let by_share = || self.share.should_sample(parent, trace_id, name, kind, attributes, links);
        let above =
            parent.map(|context| context.span().span_context().clone()).filter(|span| span.is_valid());
        // Whoever asks a queue or a stream again and again would fill traces with it.
        if is_of_nothing(attributes, links) || (above.is_none() && is_of_call(attributes)) {
            return decided(false, TraceState::NONE);
        }
        match above {
            _ if !self.is_parent_based => by_share(),
            Some(span) => decided(span.is_sampled(), span.trace_state().clone()),
            None if links.is_empty() => by_share(),
            None => decided(links.iter().any(|link| link.span_context.is_sampled()), TraceState::NONE),
        }
    }
}

/// A receive that brought nothing: there would be three a minute of each queue.
fn is_of_nothing(attributes: &[KeyValue], links: &[Link]) -> bool {
    let is_receive =
        |pair: &KeyValue| pair.key.as_str() == "messaging.operation.type" && pair.value.as_str() == "receive";
    links.is_empty() && attributes.iter().any(is_receive)
}

fn decided(is_sampled: bool, trace_state: TraceState) -> SamplingResult {
    let decision = if is_sampled { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop };
    SamplingResult { decision, attributes: Vec::new(), trace_state }
}
