//! What is made from the table of metrics: the page of the book, the dashboard of Grafana and that of
//! CloudWatch. Each is checked in; a test compares, and writes them when `UPDATE_DOCUMENTS` is set.

use serde_json::{Value, json};

use super::table::{Kind, METRICS, Metric, Values};

/// The table of the book, in Markdown.
pub fn markdown() -> String {
    let mut text = "| metric | what it says | kind | unit | labels |\n|---|---|---|---|---|\n".to_owned();
    for metric in METRICS {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let Metric { name, unit, meaning, .. } = metric;
        text += &format!("| `{name}` | {meaning} | {kind} | {unit} | {} |\n", labels(metric));
    }
    text
}

fn labels(metric: &Metric) -> String {
    let label = |label: &super::table::Label| {
        let values = match label.values {
            Values::Of(values) => {
                values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" ")
            }
            Values::Each(what) => format!("each {what}"),
            Values::Status => "each status code".to_owned(),
        };
        format!("`{}`: {values}", label.name)
    };
    metric.labels.iter().map(label).collect::<Vec<_>>().join("; ")
}

/// The widgets of the CloudWatch dashboard, which Terraform reads: a title, and an expression that finds
/// every series of a metric. `ENVIRONMENT` stands for the name of the deployment.
pub fn cloudwatch() -> Value {
    let widgets = METRICS.iter().map(|metric| {
        let (stat, what) = match (metric.kind, metric.unit) {
            (Kind::Counter, unit) => ("Sum", format!("{unit}s in a minute")),
            (Kind::Histogram, _) => ("p99", "seconds; 99 of 100 are below".to_owned()),
            (Kind::Gauge, "s") => ("Maximum", "seconds".to_owned()),
            (Kind::Gauge, unit) => ("Maximum", format!("{unit}s")),
        };
        let names = ["TransactionalMessaging/ENVIRONMENT", "service"].into_iter();
        let names = names.chain(metric.labels.iter().map(|label| label.name));
        let schema: Vec<_> = names.map(|name| format!("\"{name}\"")).collect();
        let find = format!("{{{}}} MetricName=\"{}\"", schema.join(","), metric.name);
        let expression = format!("SEARCH('{find}', '{stat}', 60)");
        json!({"title": format!("{}: {what}", metric.name), "expression": expression})
    });
    Value::Array(widgets.collect())
}

/// The dashboard of Grafana, over Prometheus.
pub fn grafana() -> Value {
    let panels = METRICS.iter().enumerate().map(|(place, metric)| {
        let labels: Vec<_> = metric.labels.iter().map(|label| label.name.replace('.', "_")).collect();
        let (expression, unit) = expression(metric, &labels);
        let legend: Vec<_> = std::iter::once("job").chain(labels.iter().map(String::as_str)).collect();
        let legend: Vec<_> = legend.into_iter().map(|label| format!("{{{{{label}}}}}")).collect();
        json!({
            "id": place + 1,
            "type": "timeseries",
            "title": metric.name,
            "description": metric.meaning,
            "datasource": {"type": "prometheus", "uid": "${datasource}"},
            "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
            "gridPos": {"h": 8, "w": 12, "x": place % 2 * 12, "y": place / 2 * 8},
            "targets": [{"refId": "A", "expr": expression, "legendFormat": legend.join(" ")}],
        })
    });
    json!({
        "uid": "transactional-messaging",
        "title": "Transactional messaging",
        "schemaVersion": 39,
        "editable": true,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
        "panels": panels.collect::<Vec<_>>(),
    })
}

/// What a panel asks Prometheus for, and the unit in which Grafana shows it.
fn expression(metric: &Metric, labels: &[String]) -> (String, &'static str) {
    let name = metric.prometheus_name();
    let by = |more: &[&str]| {
        let all: Vec<_> = more.iter().copied().chain(labels.iter().map(String::as_str)).collect();
        all.join(", ")
    };
    match metric.kind {
        Kind::Counter => (format!("sum by ({}) (rate({name}[$__rate_interval]))", by(&["job"])), "ops"),
        Kind::Gauge => {
            (format!("max by ({}) ({name})", by(&["job"])), if metric.unit == "s" { "s" } else { "short" })
        }
        Kind::Histogram => (
            format!(
                "histogram_quantile(0.99, sum by ({}) (rate({name}_bucket[$__rate_interval])))",
                by(&["le", "job"])
            ),
            "s",
        ),
    }
}

/// JSON as it is checked in.
///
/// # Errors
///
/// When it cannot be written, which nothing in it can bring about.
pub fn pretty(value: &Value) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
