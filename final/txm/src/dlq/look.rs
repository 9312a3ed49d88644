//! `dlq list` and `show`: how many lie where, and why.

use std::collections::BTreeMap;

use serde_json::json;
use time::OffsetDateTime;

use super::place::{Place, place};
use crate::{
    answer::{Answer, count, json_time, moment, table},
    deployment::Deployment,
    failure::Result,
    failures,
    letters::{Letter, Side, unwrapped},
};

/// How many lie where.
///
/// # Errors
///
/// [`Failure::Aws`](crate::failure::Failure::Aws).
pub async fn list(at: &Deployment) -> Result<Answer> {
    let (mut lines, mut values) = (Vec::new(), Vec::new());
    for (part, queue, side, name, url) in at.sides().await? {
        let counts = match &url {
            Some(url) => Some(at.counts(url).await?),
            None => None,
        };
        values.push(json!({
            "service": part.name, "queue": queue, "name": name, "is_undelivered": side == Side::Undelivered,
            "is_there": url.is_some(), "messages": counts.map(|(visible, _)| visible),
            "hidden": counts.map(|(_, hidden)| hidden),
        }));
        let told =
            counts.map_or(["not there".to_owned(), "-".to_owned()], |(a, b)| [a.to_string(), b.to_string()]);
        let [visible, hidden] = told;
        lines.push([name, visible, hidden]);
    }
    let mut note = None;
    // A role that may look into queues need not be one that may list buckets.
    let buckets = failures::buckets(at).await.unwrap_or_else(|failure| {
        note = Some(format!("not looked at: {failure}"));
        Vec::new()
    });
    for (part, bucket, count) in buckets {
        values.push(json!({ "service": part, "bucket": bucket, "batches": count }));
        lines.push([format!("{bucket} (bucket of {part})"), count.to_string(), "-".to_owned()]);
    }
    let text = table(["QUEUE", "MESSAGES", "HIDDEN"], lines);
    let text = note.iter().fold(text, |text, note| format!("{text}\n{note}"));
    Ok(Answer::new(json!({ "queues": values, "note": note }), text))
}

/// What lies in one of them, grouped by reason.
///
/// # Errors
///
/// [`Failure::Usage`](crate::failure::Failure::Usage) when there is no such queue.
pub async fn show(at: &Deployment, queue: &str, undelivered: bool, bodies: bool) -> Result<Answer> {
    let Place { name, url, .. } = place(at, queue, undelivered).await?;
    let (letters, found) = at.look(&url).await?;
    let mut groups: BTreeMap<&str, Vec<&Letter>> = BTreeMap::new();
    letters.iter().for_each(|letter| groups.entry(&letter.reason).or_default().push(letter));
    let value = groups.iter().map(|(reason, letters)| {
        let letters = letters.iter().map(|letter| {
            let head = letter.envelope.as_ref();
            let body = bodies.then(|| letter.message.body().map(unwrapped)).flatten();
            json!({
                "message_id": head.map(|head| head.id), "kind": head.map(|head| &head.kind),
                "subject": head.map(|head| &head.subject), "sent_at": json_time(letter.sent_at),
                "correlation_id": head.and_then(|head| head.correlationid), "body": body,
            })
        });
        json!({ "reason": reason, "letters": letters.collect::<Vec<_>>() })
    });
    let value = json!({ "queue": name, "is_cut": found.is_cut, "behind": found.behind, "reasons": value.collect::<Vec<_>>() });
    let mut text = format!("{name}: {}", count(letters.len(), "message"));
    for (reason, letters) in &groups {
        let lines = letters.iter().map(|letter| {
            let head = letter.envelope.as_ref();
            let [kind, subject] = match head {
                Some(head) => [head.kind.clone(), head.subject.clone()],
                None => ["no envelope", "-"].map(str::to_owned),
            };
            let body =
                if bodies { letter.message.body().map(unwrapped).unwrap_or_default() } else { String::new() };
            [
                moment(letter.sent_at),
                kind,
                subject,
                head.map_or_else(|| "-".to_owned(), |head| head.id.to_string()),
                body,
            ]
        });
        let lines = table(["SENT", "KIND", "SUBJECT", "MESSAGE", if bodies { "BODY" } else { "" }], lines);
        text += &format!("\n\n{}: {reason}\n{lines}", letters.len());
    }
    if found.is_cut {
        text += "\n\nthere may be more; --limit N reads on";
    }
    if let Some(hidden) = found.hidden() {
        text += &format!("\n\n{hidden}");
    }
    if !letters.is_empty() {
        let side = if undelivered { " --undelivered" } else { "" };
        text += &format!("\n\ncure the cause, then: txm dlq redrive {queue}{side} --yes");
    }
    Ok(Answer::new(value, text))
}

/// For how long the oldest of them has lain there.
pub fn oldest(letters: &[Letter]) -> Option<OffsetDateTime> {
    letters.iter().filter_map(|letter| letter.sent_at).min()
}
