//! The JSON layout of a log line: flat, with the keys that the dashboards of the system already know.

use std::error::Error;
use std::fmt::{self, Debug};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes an event as one JSON object with the keys `event` (the message), `logger` (the target), `level` (in
/// lower case) and `timestamp` (ISO 8601, UTC), and beside them the fields of the event and of the spans
/// around it, `correlation_id` among them.
///
/// An inner span's field replaces an outer one's of the same name, the event's own replaces both, and the
/// four keys above replace any. `tracing_subscriber`'s own JSON layout has other names for the keys and
/// cannot rename them.
///
/// It reads the fields of spans as `JsonFields` writes them, so the layer must use that as its field
/// formatter.
#[derive(Debug, Clone, Copy)]
pub struct JsonLines<T = SystemTime> {
    clock: T,
}

impl Default for JsonLines {
    fn default() -> Self {
        Self { clock: SystemTime }
    }
}

impl<T: FormatTime> JsonLines<T> {
    /// Takes the time from `clock`, which must write ISO 8601.
    pub fn with_clock(clock: T) -> Self {
        Self { clock }
    }
}

impl<S, N, T> FormatEvent<S, N> for JsonLines<T>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    T: FormatTime,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Line::default();
        for span in ctx.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>()
                && let Ok(fields) = serde_json::from_str::<Map<String, Value>>(fields)
            {
                line.fields.extend(fields);
            }
        }
        event.record(&mut line);
        let mut timestamp = String::new();
        self.clock.format_time(&mut Writer::new(&mut timestamp))?;
        let metadata = event.metadata();
        let message = line.message.take().unwrap_or_else(|| metadata.name().to_owned());
        line.put("event", message);
        line.put("logger", metadata.target());
        line.put("level", metadata.level().as_str().to_ascii_lowercase());
        line.put("timestamp", timestamp);
        writeln!(writer, "{}", Value::Object(line.fields))
    }
}

#[derive(Default)]
struct Line {
    message: Option<String>,
    fields: Map<String, Value>,
}

impl Line {
    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.fields.insert(key.to_owned(), value.into());
    }

    fn put_text(&mut self, field: &Field, text: String) {
        match field.name() {
            "message" => self.message = Some(text),
            // `r#type` and the like reach us with the prefix that only the compiler needs.
            name => self.put(name.trim_start_matches("r#"), text),
        }
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put_text(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put_text(field, value.to_owned());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value);
    }

    /// Writes the error with its causes, which the house rule keeps out of each error's own `Display`.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let causes = std::iter::successors(Some(value), |&error| error.source());
        self.put_text(field, causes.map(ToString::to_string).collect::<Vec<_>>().join(": "));
    }
}
