//! Prints the path of each message, out of the log events that the libraries write anyway.

use std::{collections::BTreeMap, fmt::Debug};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

/// A tracing layer that prints what happens to messages.
pub(crate) struct PathLayer;

/// The fields of an event or span, as text.
#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Fields {
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for PathLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let in_message = context.event_span(event).and_then(|span| {
            let extensions = span.extensions();
            let around = extensions.get::<Fields>()?;
            (!around.get("queue").is_empty())
                .then(|| (around.get("queue").to_owned(), around.get("kind").to_owned()))
        });
        // The span around a mail names a decision, and no queue.
        let in_request = in_message.is_none()
            && context.event_span(event).is_some_and(|span| {
                span.extensions().get::<Fields>().is_none_or(|around| around.get("decision").is_empty())
            });
        if let Some(line) = describe(&fields, in_message, in_request) {
            println!("    {line}");
        }
    }
}

fn describe(fields: &Fields, in_message: Option<(String, String)>, in_request: bool) -> Option<String> {
    match (fields.get("message"), in_message) {
        ("unit_of_work_committed", Some((queue, kind))) => Some(format!(
            "{queue}: {kind} takes effect in one transaction of {} writes",
            fields.get("actions")
        )),
        ("unit_of_work_committed", None) if in_request => {
            Some(format!("request: one transaction of {} writes", fields.get("actions")))
        }
        ("message_dispatched", _) => {
            Some(format!("relay: {} to topic {}", fields.get("kind"), fields.get("topic")))
        }
        ("mail_sent", _) => Some("mail: sent".to_owned()),
        ("message_moved_to_dead_letter_queue", _) => Some(format!("dead letter: {}", fields.get("reason"))),
        ("idempotent_consumer__message_already_processed", Some((queue, kind))) => {
            Some(format!("{queue}: {kind} came again and changes nothing"))
        }
        _ => None,
    }
}
