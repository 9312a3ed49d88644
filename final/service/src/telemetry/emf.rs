//! The metrics as log lines that CloudWatch reads: its embedded metric format. It needs no endpoint and no
//! permission but that to log.
//!
//! A line holds what has changed since the line before it, for one set of labels, which become its dimensions
//! beside the name of the service. ("Amazon CloudWatch User Guide, Embedded metric format specification".)

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, json};
use time::OffsetDateTime;

use super::{
    recorder::{Recorder, Series, Value},
    table::{self, BOUNDS},
};

type Labels = Vec<(String, String)>;

/// Writes the lines of one process.
#[derive(Debug)]
pub struct Emitter {
    recorder: Recorder,
    namespace: String,
    service: String,
    /// What was told of each series.
    told: HashMap<(&'static str, Labels), Value>,
}

impl Emitter {
    /// For the metrics in this recorder, of this service, under this namespace.
    pub fn new(recorder: Recorder, namespace: impl Into<String>, service: impl Into<String>) -> Self {
        Self { recorder, namespace: namespace.into(), service: service.into(), told: HashMap::new() }
    }

    /// One line for each set of labels of which something has changed: as many as there are topics, queues
    /// and routes, and a few.
    pub fn lines(&mut self, now: OffsetDateTime) -> Vec<String> {
        let mut by_labels: BTreeMap<Labels, Vec<(&'static str, serde_json::Value)>> = BTreeMap::new();
        for series in self.recorder.series() {
            if let Some(news) = self.news(&series) {
                by_labels.entry(series.labels).or_default().push((series.name, news));
            }
        }
        by_labels.into_iter().map(|(labels, values)| self.line(now, labels, values)).collect()
    }

    /// What is to be told of a series; none when nothing has happened.
    fn news(&mut self, series: &Series) -> Option<serde_json::Value> {
        let key = (series.name, series.labels.clone());
        let before = self.told.insert(key, series.value.clone());
        match (&series.value, before) {
            (Value::Count(now), Some(Value::Count(before))) if *now == before => None,
            (Value::Count(now), Some(Value::Count(before))) => Some(json!(now.saturating_sub(before))),
            (Value::Count(now), _) => Some(json!(now)),
            (Value::Level(now), _) => Some(json!(now)),
            (Value::Spread(now, _), Some(Value::Spread(before, _))) => {
                spread(std::array::from_fn(|index| now[index].saturating_sub(before[index])))
            }
            (Value::Spread(now, _), _) => spread(*now),
        }
    }

    fn line(
        &self,
        now: OffsetDateTime,
        labels: Labels,
        values: Vec<(&'static str, serde_json::Value)>,
    ) -> String {
        let dimensions: Vec<_> =
            std::iter::once("service").chain(labels.iter().map(|(name, _)| &**name)).collect();
        let unit = |name: &str| match table::find(name) {
            Some(metric) if metric.unit == "s" => "Seconds",
            _ => "Count",
        };
        let directives: Vec<_> =
            values.iter().map(|(name, _)| json!({"Name": name, "Unit": unit(name)})).collect();
        let (millis, timestamp) = (now.unix_timestamp_nanos() / 1_000_000, super::text_of(now));
        let mut line = Map::new();
        line.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": i64::try_from(millis).unwrap_or_default(),
                "CloudWatchMetrics": [
                    {"Namespace": self.namespace, "Dimensions": [dimensions], "Metrics": directives}
                ],
            }),
        );
        // The keys that every line has.
        for (key, text) in [
            ("event", "metrics"),
            ("level", "info"),
            ("logger", "service::telemetry"),
            ("timestamp", &*timestamp),
        ] {
            line.insert(key.to_owned(), json!(text));
        }
        line.insert("service".to_owned(), json!(self.service));
        line.extend(labels.into_iter().map(|(name, value)| (name, json!(value))));
        line.extend(values.into_iter().map(|(name, value)| (name.to_owned(), value)));
        serde_json::Value::Object(line).to_string()
    }
}

/// The middle of each bucket that has any, and how often: as exact as the buckets are.
fn spread(counts: [u64; BOUNDS.len() + 1]) -> Option<serde_json::Value> {
    let below = |index: usize| if index == 0 { 0.0 } else { BOUNDS[index - 1] };
    let middle =
        |index: usize| BOUNDS.get(index).map_or(below(index), |above| f64::midpoint(below(index), *above));
    let some = counts.iter().enumerate().filter(|(_, count)| **count > 0);
    let (values, counts): (Vec<_>, Vec<_>) = some.map(|(index, count)| (middle(index), *count)).unzip();
    (!values.is_empty()).then(|| json!({"Values": values, "Counts": counts}))
}
