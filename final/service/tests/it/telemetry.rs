//! The table of metrics: what the libraries tell is in it, what is made from it is up to date, and both ways
//! out tell the same.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use service::{
    TelemetrySettings,
    telemetry::{
        documents,
        emf::Emitter,
        prometheus,
        recorder::Recorder,
        table::{Kind, METRICS},
    },
};
use service_kit::Environment;
use time::OffsetDateTime;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compares a document with what is made from the table, or writes it.
fn is_up_to_date(path: &str, made: &str) {
    let path = root().join(path);
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        fs::write(&path, made).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    let update = "UPDATE_DOCUMENTS=1 cargo test -p service --test it documents";
    assert!(
        stored == made,
        "{} is not what the table of metrics gives; if that is meant: {update}",
        path.display()
    );
}

#[test]
fn the_documents_are_those_of_the_table() {
    is_up_to_date("terraform/dashboards/grafana.json", &documents::pretty(&documents::grafana()).unwrap());
    is_up_to_date(
        "terraform/dashboards/cloudwatch.json",
        &documents::pretty(&documents::cloudwatch()).unwrap(),
    );
    let page = "book/src/observability.md";
    let (begin, end) = ("<!-- metrics: begin -->\n\n", "\n<!-- metrics: end -->");
    let text = fs::read_to_string(root().join(page)).unwrap();
    let (before, rest) = text.split_once(begin).expect("the page has a place for the table");
    let (_, after) = rest.split_once(end).expect("the table has an end");
    is_up_to_date(page, &[before, begin, &documents::markdown(), end, after].concat());
}

/// Reads the sources of the libraries: what they tell under which name. Some of it only a fault brings about.
#[test]
fn the_libraries_tell_of_every_metric_in_the_table_and_of_no_other() {
    let mut told = BTreeSet::new();
    for library in ["unit-of-work", "transactional-messaging", "service-kit"] {
        collect(&root().join("final").join(library).join("src"), &mut told);
    }
    let kind = |kind| match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    let known: BTreeSet<_> =
        METRICS.iter().map(|one| (kind(one.kind).to_owned(), one.name.to_owned())).collect();
    assert_eq!(told, known);
    assert!(METRICS.is_sorted_by(|a, b| a.name < b.name), "the table is in the order of names");
}

fn collect(folder: &Path, told: &mut BTreeSet<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            collect(&entry, told);
        } else if let Ok(text) = fs::read_to_string(&entry) {
            for call in text.split("metrics::").skip(1) {
                let Some((kind, rest)) = call.split_once("!(") else { continue };
                if let ("counter" | "gauge" | "histogram", Some(name)) = (kind, rest.split('"').nth(1)) {
                    told.insert((kind.to_owned(), name.to_owned()));
                }
            }
        }
    }
}

fn counted() -> Recorder {
    let recorder = Recorder::default();
    metrics::with_local_recorder(&recorder, || {
        let queue = "messaging.destination.name";
        metrics::counter!("inbox.duplicates", queue => "mine").increment(2);
        metrics::gauge!("outbox.pending.messages", "table" => "a-\"quoted\"-table").set(3);
        for seconds in [0.003, 0.003, 0.6, 9_999.0] {
            metrics::histogram!("outbox.dispatch.delay", queue => "a--topic").record(seconds);
        }
    });
    recorder
}

#[test]
fn prometheus_reads_counters_gauges_and_histograms() {
    let text = prometheus::text(&counted().series());
    for line in [
        "# TYPE inbox_duplicates_total counter",
        "inbox_duplicates_total{messaging_destination_name=\"mine\"} 2",
        "outbox_pending_messages{table=\"a-\\\"quoted\\\"-table\"} 3",
        "# TYPE outbox_dispatch_delay_seconds histogram",
        "outbox_dispatch_delay_seconds_bucket{messaging_destination_name=\"a--topic\",le=\"0.005\"} 2",
        "outbox_dispatch_delay_seconds_bucket{messaging_destination_name=\"a--topic\",le=\"0.75\"} 3",
        "outbox_dispatch_delay_seconds_bucket{messaging_destination_name=\"a--topic\",le=\"+Inf\"} 4",
        "outbox_dispatch_delay_seconds_count{messaging_destination_name=\"a--topic\"} 4",
    ] {
        assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
    }
}

#[test]
fn a_line_for_cloudwatch_tells_what_has_changed_since_the_last() {
    let recorder = counted();
    let mut emitter = Emitter::new(recorder.clone(), "Messages/here", "orders");
    let mut lines = || -> Vec<Value> {
        let lines = emitter.lines(OffsetDateTime::UNIX_EPOCH);
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let find = |lines: &[Value], name: &str| lines.iter().find_map(|line| line.get(name)).cloned();
    let first = lines();
    assert_eq!(first.len(), 3, "one for each set of labels: {first:#?}");
    assert_eq!(find(&first, "inbox.duplicates"), Some(2.into()));
    let delays = find(&first, "outbox.dispatch.delay").unwrap();
    assert_eq!(delays, serde_json::json!({"Values": [0.0025, 0.625, 3600.0], "Counts": [2, 1, 1]}));
    let told = &first.iter().find(|line| line.get("outbox.dispatch.delay").is_some()).unwrap()["_aws"];
    assert_eq!(told["CloudWatchMetrics"][0]["Namespace"], "Messages/here");
    let dimensions = serde_json::json!([["service", "messaging.destination.name"]]);
    assert_eq!(told["CloudWatchMetrics"][0]["Dimensions"], dimensions);

    metrics::with_local_recorder(&recorder, || {
        metrics::counter!("inbox.duplicates", "messaging.destination.name" => "mine").increment(5);
    });
    let second = lines();
    assert_eq!(find(&second, "inbox.duplicates"), Some(5.into()));
    assert_eq!(find(&second, "outbox.pending.messages"), Some(3.0.into()), "what is so is told again");
    assert_eq!(find(&second, "outbox.dispatch.delay"), None, "nothing has happened");
}

#[test]
fn what_is_not_in_the_table_is_not_counted() {
    let recorder = Recorder::default();
    metrics::with_local_recorder(&recorder, || {
        metrics::counter!("unheard.of").increment(1);
        metrics::gauge!("inbox.duplicates", "messaging.destination.name" => "a gauge is none").set(1);
        metrics::counter!("outbox.repeated.messages", "order" => "a label that has no bounds").increment(1);
        metrics::counter!("unit_of_work.commits", "outcome" => "somehow").increment(1);
    });
    assert_eq!(recorder.series(), []);
    let refused = ["inbox.duplicates", "outbox.repeated.messages", "unheard.of", "unit_of_work.commits"];
    assert_eq!(recorder.refused(), refused.map(str::to_owned).into());
}

#[test]
fn settings_of_telemetry_are_off_at_a_desk_and_say_what_is_wrong() {
    let read = |more: &[(&str, &str)]| {
        let environment = Environment::from_iter([&[("ENVIRONMENT", "development")], more].concat());
        environment.read(TelemetrySettings::read)
    };
    let none = read(&[]).unwrap();
    assert_eq!((none.metrics_address, none.metrics_log_every, none.traces), (None, None, None));
    let production = read(&[("ENVIRONMENT", "production")]).unwrap();
    assert_eq!(production.metrics_log_every.map(|every| every.as_secs()), Some(60));
    assert_eq!(production.namespace, "TransactionalMessaging/production");
    for (name, value) in [
        ("METRICS_ADDRESS", "9464"),
        ("METRICS_LOG_SECONDS", "-1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_TRACES_SAMPLER_ARG", "many"),
    ] {
        let error = read(&[(name, value)]).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
    let sampled = |more: &[_]| read(&[&[endpoint], more].concat()).map(|told| told.traces.unwrap().sampler);
    let (name, arg) = ("OTEL_TRACES_SAMPLER", ("OTEL_TRACES_SAMPLER_ARG", "0.25"));
    for (told, expected) in [
        (vec![], (1.0, true)),
        (vec![(name, "traceidratio"), arg], (0.25, false)),
        (vec![(name, "parentbased_always_off")], (0.0, true)),
    ] {
        let sampler = sampled(&told).unwrap();
        assert_eq!((sampler.share, sampler.is_parent_based), expected);
    }
    assert!(sampled(&[(name, "sometimes")]).unwrap_err().to_string().contains(name));
}
