//! `outbox status`, `list` and `show`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::OffsetDateTime;
use transactional_messaging::{
    message::Subject,
    relay::operate::{StoredRow, Wait, waits},
};

use super::{every, scheduled};
use crate::{
    answer::{Answer, count, json_time, moment, span, table},
    cli::Filter,
    deployment::Deployment,
    failure::{Failure, Result},
};

/// What one topic of an outbox comes to.
#[derive(Default)]
struct Sum {
    rows: usize,
    parked: usize,
    oldest: Option<OffsetDateTime>,
}

/// How much waits, since when, and for which topic.
///
/// # Errors
///
/// [`Failure`] when an outbox cannot be read.
pub async fn status(at: &Deployment) -> Result<Answer> {
    let (now, mut lines, mut values, mut notes) = (at.ambient.now(), Vec::new(), Vec::new(), Vec::new());
    for (part, view) in at.outboxes() {
        let mut topics: BTreeMap<String, Sum> = BTreeMap::new();
        let found = every(at, &view, |row| {
            let sum = topics.entry(row.topic.unwrap_or_else(|| "(none)".to_owned())).or_default();
            sum.rows += 1;
            sum.parked += usize::from(row.parked.is_some());
            sum.oldest = [sum.oldest, row.created_at].into_iter().flatten().min();
        })
        .await?;
        let (later, _) = scheduled(at, part).await?;
        notes.extend(found.cut());
        if !later.is_empty() {
            notes.push(format!("{}: {} for later", part.name, count(later.len(), "message")));
        }
        let age = |sum: &Sum| sum.oldest.map(|oldest| now - oldest);
        values.push(json!({
            "service": part.name, "table": view.table().name(), "rows": found.read, "is_cut": found.is_cut,
            "parked": topics.values().map(|sum| sum.parked).sum::<usize>(), "scheduled": later.len(),
            "oldest": json_time(topics.values().filter_map(|sum| sum.oldest).min()),
            "topics": topics.iter().map(|(topic, sum)| (topic.clone(), json!({
                "rows": sum.rows, "parked": sum.parked,
                "oldest_seconds": age(sum).map(|age| age.whole_seconds()),
            }))).collect::<serde_json::Map<_, _>>(),
        }));
        if topics.is_empty() {
            lines.push([part.name, "-", "0", "0", "-"].map(str::to_owned));
        }
        lines.extend(topics.iter().map(|(topic, sum)| {
            let age = age(sum).map_or_else(|| "-".to_owned(), span);
            [part.name.to_owned(), topic.clone(), sum.rows.to_string(), sum.parked.to_string(), age]
        }));
    }
    let text = table(["SERVICE", "TOPIC", "ROWS", "PARKED", "OLDEST"], lines);
    Ok(Answer::new(json!({ "outboxes": values }), with_notes(text, &notes)))
}

/// The rows that wait, or will.
///
/// # Errors
///
/// [`Failure`] when an outbox cannot be read.
pub async fn list(at: &Deployment, filter: Filter) -> Result<Answer> {
    let (mut rows, mut notes) = (Vec::new(), Vec::new());
    for (part, view) in at.outboxes() {
        if filter.scheduled {
            let (later, found) = scheduled(at, part).await?;
            notes.extend(found.cut());
            rows.extend(later.into_iter().map(|(row, time)| (part.name, row, Some(time))));
            continue;
        }
        let found = every(at, &view, |row| {
            if (!filter.parked || row.parked.is_some()) && (!filter.pending || row.parked.is_none()) {
                rows.push((part.name, row, None));
            }
        });
        notes.extend(found.await?.cut());
    }
    let value = rows.iter().map(|(service, row, time)| {
        let mut value = json(row);
        value["service"] = json!(service);
        value["not_before"] = json_time(*time);
        value
    });
    let value = json!({ "rows": value.collect::<Vec<_>>() });
    let lines = rows.iter().map(|(_, row, time)| {
        let what = match (time, &row.parked, &row.damage) {
            (Some(time), ..) => format!("for later: {}", moment(Some(*time))),
            (None, Some(reason), _) => format!("parked: {reason}"),
            (None, None, Some(damage)) => format!("will be parked: {damage}"),
            (None, None, None) => "pending".to_owned(),
        };
        [
            row.key.subject.as_str().to_owned(),
            row.key.sequence.clone(),
            or_dash(row.kind.as_ref()),
            moment(row.created_at),
            what,
        ]
    });
    let text = match rows.is_empty() {
        true => "nothing waits".to_owned(),
        false => table(["SUBJECT", "SEQUENCE", "KIND", "MADE", "STATE"], lines),
    };
    Ok(Answer::new(value, with_notes(text, &notes)))
}

/// The rows of one subject in sequence, and why each waits.
///
/// # Errors
///
/// [`Failure::Usage`] when nothing of that subject waits.
pub async fn show(at: &Deployment, subject: &Subject, bodies: bool) -> Result<Answer> {
    let (part, rows) = at.waiting(subject).await?;
    let waits = waits(&rows);
    let value = rows.iter().zip(&waits).map(|(row, wait)| {
        let mut value = json(row);
        value["waits"] = json!(why(wait));
        if bodies {
            value["message"] = json!(row.message());
        }
        value
    });
    let value = json!({ "service": part, "subject": subject.as_str(), "rows": value.collect::<Vec<_>>() });
    let lines = rows.iter().zip(&waits).map(|(row, wait)| {
        let sequence = row.key.sequence.clone();
        [sequence, or_dash(row.kind.as_ref()), or_dash(row.topic.as_ref()), moment(row.created_at), why(wait)]
    });
    let mut text = table(["SEQUENCE", "KIND", "TOPIC", "MADE", "WAITS"], lines);
    if bodies {
        rows.iter().for_each(|row| {
            text.push_str(&format!("\n\n{}\n{}", row.key.sequence, row.message().unwrap_or("-")))
        });
    }
    let helps = match waits.iter().any(|wait| matches!(wait, Wait::Parked(_))) {
        true => format!("mend the cause, then: txm outbox unpark {} --yes", subject.as_str()),
        false => format!("to send it now: txm outbox dispatch {} --yes", subject.as_str()),
    };
    Ok(Answer::new(value, format!("{text}\n\n{helps}")))
}

impl Deployment {
    /// The service in whose outbox something of this subject waits, and all its rows.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] when nothing waits.
    pub async fn waiting(&self, subject: &Subject) -> Result<(&'static str, Vec<StoredRow>)> {
        for (part, view) in self.outboxes() {
            let rows = view.subject(subject).await;
            let rows =
                rows.map_err(|error| Failure::of(&format!("table {}", view.table().name()), &error))?;
            if !rows.is_empty() {
                return Ok((part.name, rows));
            }
        }
        let (subject, id) = (subject.as_str(), subject.as_str().rsplit('/').next().unwrap_or_default());
        Err(Failure::usage(format!(
            "nothing of {subject} waits in an outbox: it was sent, or there is no such subject; \
             `txm trace {id}` looks everywhere"
        )))
    }
}

/// In words, for people and programs.
fn why(wait: &Wait) -> String {
    match wait {
        Wait::Parked(reason) => format!("parked: {reason}"),
        Wait::Behind { sequence, parked: None } => format!("{sequence} is still there"),
        Wait::Behind { parked: Some(parked), .. } => format!("{parked} is parked"),
        Wait::Turn => "for nothing: the relay has not been here".to_owned(),
    }
}

fn json(row: &StoredRow) -> Value {
    json!({
        "subject": row.key.subject.as_str(), "sequence": row.key.sequence, "predecessor": row.predecessor,
        "message_id": row.message_id, "correlation_id": row.correlation_id,
        "kind": row.kind, "topic": row.topic,
        "created_at": json_time(row.created_at), "parked": row.parked, "damage": row.damage,
    })
}

fn or_dash(text: Option<&String>) -> String {
    text.cloned().unwrap_or_else(|| "-".to_owned())
}

fn with_notes(text: String, notes: &[String]) -> String {
    notes.iter().fold(text, |text, note| format!("{text}\n{note}"))
}
