//! Every metric of this system: the one table from which the recorder, the page of the book and both
//! dashboards are made.
//!
//! The libraries name their metrics themselves, by the facade `metrics`, and know nothing of this table. The
//! recorder takes nothing that is not in it, and a test runs the services and compares.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, from the start of the process.
    Counter,
    /// What is so now.
    Gauge,
    /// How often a value fell below each of [`BOUNDS`].
    Histogram,
}

/// Which values a label may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// These, and no others.
    Of(&'static [&'static str]),
    /// One for each thing of the deployment that is called so: topics, queues, tables, routes.
    Each(&'static str),
    /// The status codes of HTTP.
    Status,
}

/// A label of a metric.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Its name, an attribute of the OpenTelemetry semantic conventions where there is one.
    pub name: &'static str,
    /// What it may be.
    pub values: Values,
}

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name, as the facade knows it and CloudWatch shows it.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What is counted, in the singular; `s` for seconds.
    pub unit: &'static str,
    /// What tells its series apart.
    pub labels: &'static [Label],
    /// What it says, and to whom that matters.
    pub meaning: &'static str,
}

/// The bounds of every histogram, in seconds ("OpenTelemetry semantic conventions 1.44, Messaging metrics"),
/// and beyond them a minute and an hour, because a message may wait.
pub const BOUNDS: [f64; 16] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 60.0, 3600.0];

const DESTINATION: &str = "messaging.destination.name";
const TOPIC: Label =
    Label { name: DESTINATION, values: Values::Each("topic, without the prefix of the deployment") };
const QUEUE: Label =
    Label { name: DESTINATION, values: Values::Each("queue, without the prefix of the deployment") };
const TABLE: Label = Label { name: "table", values: Values::Each("outbox table") };

const SCHEDULED: Label = Label { name: "table", values: Values::Each("table of scheduled messages") };

const fn one_of(name: &'static str, values: &'static [&'static str]) -> Label {
    Label { name, values: Values::Of(values) }
}

const fn metric(
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    labels: &'static [Label],
    meaning: &'static str,
) -> Metric {
    Metric { name, kind, unit, labels, meaning }
}

/// How a commit ends.
const COMMITS: Label = one_of("outcome", &["committed", "condition", "contention", "unknown", "refused"]);

/// Every metric, by name.
pub const METRICS: &[Metric] = &[
    metric(
        "consumer.dead_lettered",
        Kind::Counter,
        "message",
        &[QUEUE, one_of("reason", &["unreadable", "terminal", "given_up"])],
        "Messages that a consumer moved to the dead-letter queue: their body is not what the queue is for, \
         the handler says that no retry \
         helps, or they failed as often as the queue allows.",
    ),
    metric(
        "consumer.given_back",
        Kind::Counter,
        "message",
        &[QUEUE],
        "Messages that failed and will come again after a pause.",
    ),
    metric(
        "http.server.request.duration",
        Kind::Histogram,
        "s",
        &[
            one_of(
                "http.request.method",
                &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "OTHER"],
            ),
            Label { name: "http.route", values: Values::Each("route, and `unmatched`") },
            Label { name: "http.response.status_code", values: Values::Status },
        ],
        "From the head of a request to its answer.",
    ),
    metric(
        "inbox.critical_time",
        Kind::Histogram,
        "s",
        &[QUEUE],
        "From what a message tells of to its effect here, on two clocks. What a customer waits for is made \
         of these.",
    ),
    metric(
        "inbox.duplicates",
        Kind::Counter,
        "message",
        &[QUEUE],
        "Deliveries of messages that had their effect before. Some are normal; many mean that deletes or a \
         relay fail.",
    ),
    metric(
        "messaging.client.consumed.messages",
        Kind::Counter,
        "message",
        &[QUEUE],
        "Messages that were received, each time they were.",
    ),
    metric(
        "messaging.client.operation.duration",
        Kind::Histogram,
        "s",
        &[
            one_of("messaging.operation.name", &["publish", "ack", "nack"]),
            Label { name: DESTINATION, values: Values::Each("topic or queue") },
        ],
        "Calls to SNS that publish up to ten messages, and to SQS that delete as many or give one back, \
         with the attempts of the SDK.",
    ),
    metric(
        "messaging.process.duration",
        Kind::Histogram,
        "s",
        &[QUEUE, one_of("outcome", &["done", "duplicate", "retryable", "terminal"])],
        "The handler's work on one message, without the wait for its turn.",
    ),
    metric(
        "outbox.dispatch.delay",
        Kind::Histogram,
        "s",
        &[TOPIC],
        "From the making of a message to the answer of SNS that takes it: how far the relay is behind.",
    ),
    metric(
        "outbox.dispatched.messages",
        Kind::Counter,
        "message",
        &[TOPIC],
        "Messages that SNS has taken, repetitions included.",
    ),
    metric(
        "outbox.parked.subjects",
        Kind::Gauge,
        "subject",
        &[TABLE],
        "Subjects whose next message can never be sent as it is, as the last sweep found. Somebody must act \
         on each.",
    ),
    metric(
        "outbox.pending.age",
        Kind::Gauge,
        "s",
        &[TABLE],
        "The age of the oldest message in the outbox, as the last sweep found; 0 when it was empty.",
    ),
    metric(
        "outbox.pending.messages",
        Kind::Gauge,
        "message",
        &[TABLE],
        "Messages in the outbox, as the last sweep found, those on their way included.",
    ),
    metric(
        "outbox.repeated.messages",
        Kind::Counter,
        "message",
        &[],
        "Messages that were sent and whose row could not be deleted: they are sent again, and consumers see \
         duplicates.",
    ),
    metric(
        "outbox.scheduled.messages",
        Kind::Gauge,
        "message",
        &[SCHEDULED],
        "Messages that are scheduled for later, as the last round counted them: a mebibyte of keys in each of \
         the eight parts of their index, so that of very many it tells fewer.",
    ),
    metric(
        "outbox.scheduled.overdue",
        Kind::Gauge,
        "s",
        &[SCHEDULED],
        "How long ago the time of the oldest scheduled message had come when the last round found it; 0 when \
         none was due. More than the time between two rounds says that they fail.",
    ),
    metric(
        "unit_of_work.commits",
        Kind::Counter,
        "commit",
        &[COMMITS],
        "Commits by their end: a condition that failed is a lost race or a duplicate; contention, unknown \
         and refused are trouble.",
    ),
    metric(
        "unit_of_work.conflicts",
        Kind::Counter,
        "attempt",
        &[one_of("cause", &["conflict", "throttled", "unreachable"])],
        "Attempts to commit that were in each other's way or were not let through, and were tried again.",
    ),
    metric(
        "unit_of_work.duration",
        Kind::Histogram,
        "s",
        &[COMMITS],
        "A commit with all its attempts and the pauses between them.",
    ),
    metric(
        "unit_of_work.unknown_outcomes",
        Kind::Counter,
        "attempt",
        &[],
        "Attempts to commit without an answer, which were asked about again under the same token.",
    ),
];

/// The metric of this name.
pub fn find(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

impl Metric {
    /// Its name and unit as Prometheus writes them: `inbox_duplicates_total`,
    /// `outbox_dispatch_delay_seconds`.
    pub fn prometheus_name(&self) -> String {
        let unit = if self.unit == "s" { "_seconds" } else { "" };
        let end = if self.kind == Kind::Counter { "_total" } else { "" };
        format!("{}{unit}{end}", self.name.replace('.', "_"))
    }

    /// Whether a series with these labels belongs to it.
    pub(super) fn takes<'a>(&self, labels: impl ExactSizeIterator<Item = (&'a str, &'a str)>) -> bool {
        let is_known = |(name, value): (&str, &str)| {
            let label = self.labels.iter().find(|label| label.name == name);
            label.is_some_and(|label| label.values.allow(value))
        };
        labels.len() == self.labels.len() && { labels }.all(is_known)
    }
}

/// Topics have 256 characters at most, queues 80 and tables 255; routes are ours.
const LONGEST_VALUE: usize = 256;

impl Values {
    fn allow(&self, value: &str) -> bool {
        match self {
            Self::Of(values) => values.contains(&value),
            Self::Each(_) => (1..=LONGEST_VALUE).contains(&value.len()),
            Self::Status => value.len() == 3 && value.parse::<u16>().is_ok_and(|code| code >= 100),
        }
    }
}
