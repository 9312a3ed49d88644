//! The seam between libraries that open spans and a program that knows OpenTelemetry.
//!
//! A library opens spans with the target [`TARGET`], and says here what a `tracing` span cannot say: which
//! trace it goes on with, what it is linked to, and under which `traceparent` others may find it. A program
//! that exports traces [installs](install) who does it; in any other program these calls do nothing, and the
//! spans are disabled by the filter of its logs.
//!
//! Names, kinds and attributes of spans are those of the OpenTelemetry semantic conventions 1.44 for
//! messaging and HTTP. The fields
//! `otel.name` and `otel.kind` are what `tracing-opentelemetry` takes for name and kind.

mod state;

use std::sync::OnceLock;

use tracing::Span;

/// The examples of README.md, tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The tracing target of spans that are for traces and not for logs. A filter of log lines leaves it out, or
/// every line inside carries the attributes of the spans around it.
pub const TARGET: &str = "otel";

/// What goes from caller to caller: a `traceparent`, and the `tracestate` that belongs to it. Both are always
/// as W3C writes them, so whoever gets one may hand it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    traceparent: String,
    tracestate: Option<String>,
}

impl TraceContext {
    /// The context that these two texts are; none when the first is no `traceparent`. A second that breaks
    /// the rules is left out as a whole, as W3C demands ("Trace Context Level 2", section 3.3): one with more
    /// than 512 characters or 32 members, a member that is no pair, or a key that comes twice.
    pub fn new(traceparent: impl Into<String>, tracestate: Option<&str>) -> Option<Self> {
        let traceparent = Some(traceparent.into()).filter(|text| is_valid(text))?;
        Some(Self { traceparent, tracestate: tracestate.and_then(state::checked) })
    }

    /// Which trace and which span of it, and whether it is sampled.
    pub fn traceparent(&self) -> &str {
        &self.traceparent
    }

    /// What the tracing systems on the way have noted for themselves.
    pub fn tracestate(&self) -> Option<&str> {
        self.tracestate.as_deref()
    }
}

/// Who knows to which trace a span belongs.
pub trait Traces: Send + Sync {
    /// The context by which others find this span; none when the span is disabled.
    fn context(&self, span: &Span) -> Option<TraceContext>;
    /// Makes the span go on with this trace. It must not have been entered yet.
    fn set_parent(&self, span: &Span, parent: &TraceContext);
    /// Links the span to the one with this valid `traceparent`.
    fn link(&self, span: &Span, traceparent: &str);
}

static TRACES: OnceLock<Box<dyn Traces>> = OnceLock::new();

/// Installs who does it, once in a process. Whether this was the first time; later ones change nothing.
pub fn install(traces: impl Traces + 'static) -> bool {
    TRACES.set(Box::new(traces)).is_ok()
}

/// The context by which others find this span; none when nobody traces.
pub fn context(span: &Span) -> Option<TraceContext> {
    TRACES.get()?.context(span)
}

/// Makes the span go on with this trace, if there is one.
pub fn set_parent(span: &Span, parent: Option<&TraceContext>) {
    if let (Some(traces), Some(parent)) = (TRACES.get(), parent) {
        traces.set_parent(span, parent);
    }
}

/// Links the span to each of these that is a `traceparent`. A `tracestate` is not asked for: what is linked
/// is not gone on with.
pub fn link<'a>(span: &Span, traceparents: impl IntoIterator<Item = &'a str>) {
    if let Some(traces) = TRACES.get().filter(|_| !span.is_disabled()) {
        traceparents.into_iter().filter(|text| is_valid(text)).for_each(|text| traces.link(span, text));
    }
}

/// Whether this is a `traceparent` as W3C writes it ("Trace Context", section 3.2): version, trace id, parent
/// id and flags, in lower-case hexadecimal digits. A later version may append fields; they are not needed,
/// may be of any length, and make it invalid here.
pub fn is_valid(text: &str) -> bool {
    let parts: Vec<_> = text.splitn(5, '-').collect();
    let [version, trace, parent, flags] = parts[..] else { return false };
    let hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let some = |part: &str| part.bytes().any(|byte| byte != b'0');
    hex(version, 2)
        && version != "ff"
        && hex(trace, 32)
        && some(trace)
        && hex(parent, 16)
        && some(parent)
        && hex(flags, 2)
}
