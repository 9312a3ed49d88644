//! `stuck`: what has waited for too long, why, and the command that helps.

use std::collections::{BTreeMap, HashSet};

use serde_json::json;
use time::{Duration, OffsetDateTime};
use transactional_messaging::{
    due::SHARDS,
    message::Subject,
    relay::operate::{StoredRow, Wait, waits},
    timestamp,
};
use unit_of_work::{AttributeValue, Database as _, Item, Table};

use crate::{
    answer::{Answer, json_time, span, table},
    deployment::{Deployment, Part},
    dlq::oldest,
    failure::{Failure, Result},
    letters::{Letter, Side},
    outbox::{every, scheduled},
};

/// So many pending aggregates of each part of an index are looked at.
const LOOKED_AT: i32 = 200;

/// Something that waits.
#[derive(Debug)]
struct Stuck {
    what: String,
    since: Option<OffsetDateTime>,
    why: String,
    helps: String,
}

/// Everything that waits for longer than this.
///
/// # Errors
///
/// [`Failure`] when it cannot be looked for.
pub async fn stuck(at: &Deployment, older_than: Duration) -> Result<Answer> {
    let now = at.ambient.now();
    let (mut all, mut waiting, mut letters) = (Vec::new(), HashSet::new(), Vec::new());
    let (topics, mut cut) = (topics(at).await?, None);
    for (part, view) in at.outboxes() {
        let mut subjects: BTreeMap<Subject, Vec<StoredRow>> = BTreeMap::new();
        let found = every(at, &view, |row| subjects.entry(row.key.subject.clone()).or_default().push(row));
        cut = cut.or(found.await?.cut());
        for (subject, rows) in subjects {
            all.extend(of_subject(at, &subject, &rows, &topics, now - older_than));
            waiting.insert(subject.as_str().to_owned());
        }
        for (row, time) in
            scheduled(at, part).await?.0.into_iter().filter(|(_, time)| *time < now - older_than)
        {
            let what = format!("{} for later", row.key.subject.as_str());
            let why = "its time has come, and no mover has been here: does the sweeper run?".to_owned();
            all.push(Stuck { what, since: Some(time), why, helps: "txm sweep --yes".to_owned() });
        }
    }
    for (_, queue, side, name, url) in at.sides().await? {
        let Some(url) = url else { continue };
        let (found, looked) = at.look(&url).await?;
        cut = cut.or(looked.cut());
        if let Some(first) = found.first() {
            let end = if side == Side::Undelivered { " --undelivered" } else { "" };
            let why = format!("the first of {}: {}", found.len(), first.reason);
            let helps = format!("txm dlq show {queue}{end}; txm dlq redrive {queue}{end} --yes");
            all.push(Stuck { what: name, since: oldest(&found), why, helps });
        }
        letters.extend(found);
    }
    for part in &at.services {
        all.extend(pending(at, part, (&waiting, &letters), older_than).await?);
    }
    all.sort_by_key(|one| one.since);
    let value = all.iter().map(
        |one| json!({ "what": one.what, "since": json_time(one.since), "why": one.why, "helps": one.helps }),
    );
    let value = json!({ "stuck": value.collect::<Vec<_>>(), "note": cut });
    let is_wrong = !all.is_empty();
    let lines = all.into_iter().map(|one| {
        [one.what, one.since.map_or_else(|| "-".to_owned(), |since| span(now - since)), one.why, one.helps]
    });
    let text = if is_wrong {
        table(["WHAT", "FOR", "WHY", "WHAT HELPS"], lines)
    } else {
        format!("nothing has waited for longer than {}", span(older_than))
    };
    let text = cut.iter().fold(text, |text, note| format!("{text}\n\n{note}"));
    Ok(Answer { value, text, is_wrong })
}

/// What keeps a subject: its first row that is parked, or too old.
fn of_subject(
    at: &Deployment,
    subject: &Subject,
    rows: &[StoredRow],
    topics: &HashSet<String>,
    late: OffsetDateTime,
) -> Option<Stuck> {
    let waits = waits(rows);
    let parked = waits.iter().position(|wait| matches!(wait, Wait::Parked(_)));
    let is_late = |row: &StoredRow| row.created_at.is_none_or(|made| made < late);
    let first = parked.or_else(|| rows.iter().position(is_late))?;
    let (row, behind) = (&rows[first], rows.len() - first - 1);
    let behind = if behind > 0 { format!(" ({behind} behind it)") } else { String::new() };
    let subject = subject.as_str();
    let (why, helps) = match (&waits[first], &row.topic) {
        (Wait::Parked(reason), _) => {
            (format!("parked: {reason}"), format!("mend it, then: txm outbox unpark {subject} --yes"))
        }
        (Wait::Behind { sequence, .. }, _) => {
            (format!("{sequence} is still there"), format!("txm outbox show {subject}"))
        }
        (Wait::Turn, Some(topic))
            if !topics.contains(&at.channels().name(&format!("{}{topic}", at.topic_prefix()))) =>
        {
            (
                format!("there is no topic {topic}"),
                "make the topic; what waits for it is sent by itself".to_owned(),
            )
        }
        (Wait::Turn, _) => {
            let helps = format!("txm outbox dispatch {subject} --yes");
            ("the relay has not been here: does it run?".to_owned(), helps)
        }
    };
    let what = format!("{subject} {}{behind}", row.kind.as_deref().unwrap_or("message"));
    Some(Stuck { what, since: row.created_at, why, helps })
}

/// Aggregates in an index of what waits for a decision, such as pending orders.
async fn pending(
    at: &Deployment,
    part: &Part,
    (waiting, letters): (&HashSet<String>, &[Letter]),
    older_than: Duration,
) -> Result<Vec<Stuck>> {
    let (resources, now, mut all) = (&part.resources, at.ambient.now(), Vec::new());
    let (Some(name), Some(index)) = (&resources.aggregate_table, &resources.aggregate_index) else {
        return Ok(all);
    };
    let wrong = |error: &(dyn std::error::Error + 'static)| {
        Failure::of(&format!("index {} of {name}", index.name), error)
    };
    let items = Table::new(name, "PK");
    for shard in 0..SHARDS {
        at.goes_on()?;
        let request = at.database.client().query().table_name(name).index_name(index.name).limit(LOOKED_AT);
        let request = request
            .key_condition_expression("#shard = :shard")
            .expression_attribute_names("#shard", index.shard)
            .expression_attribute_values(":shard", AttributeValue::S(shard.to_string()));
        let found = request.send().await.map_err(|error| wrong(&error))?;
        for key in found.items.unwrap_or_default() {
            let key: Item = key.into_iter().filter(|(attribute, _)| attribute == "PK").collect();
            let item = at.database.get(&items, key).await.map_err(|error| wrong(&error))?;
            // The index is behind its table.
            let Some(item) = item.filter(|item| item.contains_key(index.time)) else { continue };
            let time = |name: &str| timestamp::parse(item.get(name)?.as_s().ok()?).ok();
            let (since, until) = (time("CreatedAt"), time(index.time));
            if since.is_some_and(|since| since < now - older_than) {
                let why = why_pending(&item, until, (waiting, letters), now);
                let key = item.get("PK").and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
                let id = key.rsplit('#').next().unwrap_or_default().to_owned();
                all.push(Stuck { what: key, since, why, helps: format!("txm trace {id}") });
            }
        }
    }
    Ok(all)
}

fn why_pending(
    item: &Item,
    until: Option<OffsetDateTime>,
    (waiting, letters): (&HashSet<String>, &[Letter]),
    now: OffsetDateTime,
) -> String {
    let key = item.get("PK").and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    let id = key.rsplit('#').next().unwrap_or_default();
    if waiting.iter().any(|subject| subject.contains(id)) {
        "pending: a message about it was not sent yet".to_owned()
    } else if letters.iter().any(|letter| letter.mentions(id)) {
        "pending: a message about it lies in a dead-letter or an undelivered queue".to_owned()
    } else if until.is_some_and(|until| until < now) {
        "its time is over, and nobody has given it up: does its service run?".to_owned()
    } else {
        "pending: its message was sent and has no answer yet; do the consumers run?".to_owned()
    }
}

/// The names of all topics.
async fn topics(at: &Deployment) -> Result<HashSet<String>> {
    let (mut all, mut pages) = (HashSet::new(), at.sns.list_topics().into_paginator().send());
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| Failure::of("topics", &error))?;
        let arns = page.topics().iter().filter_map(|topic| topic.topic_arn());
        all.extend(arns.map(|arn| arn.rsplit(':').next().unwrap_or(arn).to_owned()));
    }
    Ok(all)
}
