//! What is counted in this process: the recorder behind the facade `metrics`.
//!
//! It is our own because both ways out, Prometheus and CloudWatch, must tell the same numbers: each of the
//! published recorders has one way out, and clears its histograms when it writes. Only series of the
//! [table](super::table) are taken, and only so many.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, SharedString, Unit};

use super::table::{self, BOUNDS, Kind, Metric};

/// The most series of a process. What is more is not counted: labels are bounded, so more are a mistake in a
/// program.
const MOST_SERIES: usize = 1_000;

/// Counts in memory what the libraries tell.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Registry>);

#[derive(Debug, Default)]
struct Registry {
    series: RwLock<HashMap<Key, (&'static Metric, Instrument)>>,
    refused: Mutex<BTreeSet<String>>,
}

#[derive(Clone, Debug)]
enum Instrument {
    Counter(Arc<AtomicU64>),
    /// The bits of a floating-point number.
    Gauge(Arc<AtomicU64>),
    Histogram(Arc<Buckets>),
}

/// How often a value fell below each bound and not below the one before it, and the sum of all, as the bits
/// of a number.
#[derive(Debug, Default)]
struct Buckets {
    counts: [AtomicU64; BOUNDS.len() + 1],
    sum: AtomicU64,
}

/// One series, as it was when it was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The name of its metric.
    pub name: &'static str,
    /// Names and values of its labels, by name.
    pub labels: Vec<(String, String)>,
    /// What it stands at.
    pub value: Value,
}

/// What a series stands at.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of a counter.
    Count(u64),
    /// Of a gauge.
    Level(f64),
    /// Of a histogram: how many fell below each bound and not below the one before it, the last beyond all,
    /// and the sum of them.
    Spread([u64; BOUNDS.len() + 1], f64),
}

impl Recorder {
    /// All series, by name and labels.
    pub fn series(&self) -> Vec<Series> {
        let series = self.0.series.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = series.iter().map(|(key, (metric, value))| value.series(key, metric)).collect();
        all.sort_by(|a, b| (a.name, &a.labels).cmp(&(b.name, &b.labels)));
        all
    }

    /// The names of what was told and is not in the table, or has a label or a value that the table does not
    /// allow.
    pub fn refused(&self) -> BTreeSet<String> {
        self.0.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn instrument(&self, kind: Kind, key: &Key) -> Option<Instrument> {
        let known = self.0.series.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((metric, instrument)) = known.get(key) {
            return (metric.kind == kind).then(|| instrument.clone());
        }
        let is_full = known.len() >= MOST_SERIES;
        drop(known);
        let labels = || key.labels().map(|label| (label.key(), label.value()));
        match table::find(key.name()) {
            Some(metric) if metric.kind == kind && !is_full && metric.takes(labels()) => {
                let mut series = self.0.series.write().unwrap_or_else(PoisonError::into_inner);
                let new = || (metric, Instrument::new(kind));
                Some(series.entry(key.clone()).or_insert_with(new).1.clone())
            }
            _ => {
                self.refuse(key.name());
                None
            }
        }
    }

    fn refuse(&self, name: &str) {
        let mut refused = self.0.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() < MOST_SERIES && refused.insert(name.to_owned()) {
            tracing::warn!(name, "metric_not_counted");
        }
    }
}

impl Instrument {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Counter => Self::Counter(Arc::default()),
            Kind::Gauge => Self::Gauge(Arc::default()),
            Kind::Histogram => Self::Histogram(Arc::default()),
        }
    }

    fn series(&self, key: &Key, metric: &'static Metric) -> Series {
        let label = |label: &metrics::Label| (label.key().to_owned(), label.value().to_owned());
        let mut labels: Vec<_> = key.labels().map(label).collect();
        labels.sort_unstable();
        let value = match self {
            Self::Counter(count) => Value::Count(count.load(Ordering::Relaxed)),
            Self::Gauge(bits) => Value::Level(f64::from_bits(bits.load(Ordering::Relaxed))),
            Self::Histogram(buckets) => Value::Spread(
                std::array::from_fn(|index| buckets.counts[index].load(Ordering::Relaxed)),
                f64::from_bits(buckets.sum.load(Ordering::Relaxed)),
            ),
        };
        Series { name: metric.name, labels, value }
    }
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        // No number, which nobody tells, falls beyond all bounds and not into the sum.
        let bucket = BOUNDS.iter().position(|bound| value <= *bound).unwrap_or(BOUNDS.len());
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        if value.is_finite() {
            let add = |bits| Some((f64::from_bits(bits) + value).to_bits());
            // It fails only where the function gives nothing.
            let _added = self.sum.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        }
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        match self.instrument(Kind::Counter, key) {
            Some(Instrument::Counter(counter)) => Counter::from_arc(counter),
            _ => Counter::noop(),
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        match self.instrument(Kind::Gauge, key) {
            Some(Instrument::Gauge(gauge)) => Gauge::from_arc(gauge),
            _ => Gauge::noop(),
        }
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        match self.instrument(Kind::Histogram, key) {
            Some(Instrument::Histogram(buckets)) => Histogram::from_arc(buckets),
            _ => Histogram::noop(),
        }
    }
}
