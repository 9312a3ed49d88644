//! Logs: one JSON object a line in production, a readable form at a desk.

mod json_lines;

pub use json_lines::JsonLines;

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::{EnvFilter, filter::Directive};

use crate::settings::Mode;

/// The tracing target of spans that say whose work a line belongs to. They are enabled under every filter, at
/// any level: whoever opens one, around a request or a message, gives it this target.
pub const SPAN_TARGET: &str = "correlation";

/// What is written unless `RUST_LOG` says otherwise. The SDK and the HTTP stack tell each of their steps at
/// info, and so do the queues of the embedded AWS.
const DEFAULT_FILTER: &str = "info,aws_config=warn,aws_runtime=warn,aws_sdk_dynamodb=warn,aws_sdk_sns=warn,\
    aws_sdk_sqs=warn,aws_smithy_http_client=warn,aws_smithy_runtime=warn,aws_smithy_runtime_api=warn,h2=warn,\
    hyper=warn,hyper_util=warn,rustack_sns_core=warn,rustack_sqs_core=warn,rustls=warn";

/// Sends the logs of this process to standard output, filtered by `RUST_LOG` where it is set.
/// `LOG_FORMAT=json` asks for the lines of production at a desk, too.
///
/// In production a panic is logged too, as one line at error that names the place and not the message, which
/// may quote the data that caused it. A second call changes nothing, so that every test may begin with one.
pub fn init(mode: Mode) {
    init_with(mode, None);
}

/// What else sees the spans and events of a process, besides its logs. It has a filter of its own.
pub type Beside = Box<dyn Layer<Registry> + Send + Sync>;

/// The same with something else beside the logs, such as an exporter of traces.
pub fn init_with(mode: Mode, beside: Option<Beside>) {
    let filter = std::env::var("RUST_LOG").ok();
    let format = if std::env::var_os("LOG_FORMAT").is_some_and(|format| format == "json") {
        Mode::Production
    } else {
        mode
    };
    let logs = subscriber_with(format, filter.as_deref(), std::io::stdout, beside);
    if tracing::subscriber::set_global_default(logs).is_ok() && mode == Mode::Production {
        std::panic::set_hook(Box::new(log_panic));
    }
}

/// The subscriber that [`init`] installs, for use with another writer. `filter` is in the syntax of
/// `RUST_LOG`; of a malformed one the wrong parts are ignored and named on standard error.
pub fn subscriber<W>(mode: Mode, filter: Option<&str>, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    subscriber_with(mode, filter, writer, None)
}

/// The same with something else beside the logs.
pub fn subscriber_with<W>(
    mode: Mode,
    filter: Option<&str>,
    writer: W,
    beside: Option<Beside>,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match mode {
        Mode::Development => lines.pretty().with_ansi(std::io::stdout().is_terminal()).boxed(),
        Mode::Production => lines.fmt_fields(JsonFields::new()).event_format(JsonLines::default()).boxed(),
    };
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse_lossy(filter.filter(|text| !text.trim().is_empty()).unwrap_or(DEFAULT_FILTER))
        .add_directive(directive(SPAN_TARGET, LevelFilter::TRACE))
        .add_directive(directive(trace_context::TARGET, LevelFilter::OFF));
    match beside {
        // One filter for all is cheaper than one for each.
        None => Box::new(tracing_subscriber::registry().with(lines).with(filter)),
        Some(beside) => {
            Box::new(tracing_subscriber::registry().with(vec![lines.with_filter(filter).boxed(), beside]))
        }
    }
}

/// Whatever `RUST_LOG` says: every span that says what a line is about is kept, or `RUST_LOG=orders=debug`
/// would take the ids off the lines of orders; and no line has the attributes of spans that are for traces.
fn directive(target: &str, level: LevelFilter) -> Directive {
    format!("{target}={level}").parse().unwrap_or_else(|_| LevelFilter::ERROR.into())
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    tracing::error!(place, "panicked");
}
