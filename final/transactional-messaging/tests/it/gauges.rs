//! What a test's own code tells by gauges.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::AtomicU64, atomic::Ordering},
};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

/// The gauges that were told of while it was the recorder of this thread, each with its table.
#[derive(Default)]
pub(crate) struct Gauges(Mutex<BTreeMap<(String, String), Arc<AtomicU64>>>);

impl Gauges {
    pub(crate) fn value(&self, name: &str, table: &str) -> Option<f64> {
        let all = self.0.lock().unwrap();
        let bits = all.get(&(name.to_owned(), table.to_owned()))?.load(Ordering::Acquire);
        Some(f64::from_bits(bits))
    }
}

impl Recorder for Gauges {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let table = key.labels().find(|label| label.key() == "table").map(|label| label.value().to_owned());
        let key = (key.name().to_owned(), table.unwrap_or_default());
        Gauge::from_arc(Arc::clone(self.0.lock().unwrap().entry(key).or_default()))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
