//! `outbox dispatch`, `unpark` and `skip`: each says what it would do, and does it with `--yes`.

use std::{collections::BTreeSet, path::PathBuf};

use serde_json::{Value, json};
use transactional_messaging::{
    message::Subject,
    relay::{
        Outcome, Relay, RelayError,
        operate::{self, StoredRow},
    },
};

use super::every;
use crate::{
    answer::{Answer, count},
    deployment::{Deployment, Part},
    failure::{Failure, Result, causes},
};

/// How many subjects are woken by one call: between calls somebody may interrupt.
const AT_ONCE: usize = 100;

/// Wakes a subject, or all that wait and are not parked.
///
/// # Errors
///
/// [`Failure::Partly`] when something was not sent.
pub async fn dispatch(at: &Deployment, subject: Option<Subject>, yes: bool) -> Result<Answer> {
    if let Some(subject) = &subject {
        at.waiting(subject).await?;
    }
    let found = found(at, |row| match &subject {
        Some(subject) => row.key.subject == *subject,
        None => row.parked.is_none(),
    });
    let found = found.await?;
    act(at, found, yes, ("would be sent as far as it is its turn", "dispatched"), |relay, subjects| {
        Box::pin(async move { relay.wake(subjects).await.into_iter().collect() })
    })
    .await
}

/// Takes the mark from a subject, or from all with this reason, and wakes them.
///
/// # Errors
///
/// [`Failure::Usage`] when nothing is parked so, [`Failure::Partly`] when something was not sent.
pub async fn unpark(
    at: &Deployment,
    subject: Option<Subject>,
    reason: Option<&str>,
    yes: bool,
) -> Result<Answer> {
    if let Some(subject) = &subject {
        at.waiting(subject).await?;
    }
    let is_meant = |row: &StoredRow| {
        let is_of = subject.as_ref().is_none_or(|subject| row.key.subject == *subject);
        is_of && row.parked.as_ref().is_some_and(|why| reason.is_none_or(|text| why.contains(text)))
    };
    let found = found(at, is_meant).await?;
    if found.iter().all(|(_, subjects, _)| subjects.is_empty()) {
        let of = subject
            .map_or_else(|| "nothing".to_owned(), |subject| format!("nothing of {}", subject.as_str()));
        let so = reason.map_or_else(String::new, |text| format!(" for a reason with \"{text}\" in it"));
        return Err(Failure::usage(format!("{of} is parked{so}; `txm outbox list --parked` shows what is")));
    }
    act(at, found, yes, ("would be unparked", "unparked and sent"), |relay, subjects| {
        Box::pin(async move {
            let mut results = Vec::new();
            for subject in subjects {
                let result = relay.unpark(&subject).await;
                results.push((subject, result));
            }
            results
        })
    })
    .await
}

type Meant<'a> = Vec<(&'a Part, Vec<Subject>, usize)>;

/// The subjects with such a row, by service, and how many such rows there are.
async fn found(at: &Deployment, is_meant: impl Fn(&StoredRow) -> bool) -> Result<Meant<'_>> {
    let mut all = Vec::new();
    for (part, view) in at.outboxes() {
        let (mut subjects, mut rows) = (BTreeSet::new(), 0);
        every(at, &view, |row| {
            if is_meant(&row) {
                rows += 1;
                subjects.insert(row.key.subject);
            }
        })
        .await?;
        all.push((part, subjects.into_iter().collect(), rows));
    }
    Ok(all)
}

type Results = Vec<(Subject, std::result::Result<Outcome, RelayError>)>;
type Doing<'a> = std::pin::Pin<Box<dyn Future<Output = Results> + 'a>>;

async fn act(
    at: &Deployment,
    meant: Meant<'_>,
    yes: bool,
    (would, did): (&str, &str),
    act: impl for<'a> Fn(&'a Relay, Vec<Subject>) -> Doing<'a>,
) -> Result<Answer> {
    let all: usize = meant.iter().map(|(_, subjects, _)| subjects.len()).sum();
    let rows: usize = meant.iter().map(|(.., rows)| rows).sum();
    if !yes {
        let names: Vec<_> = meant.iter().flat_map(|(_, all, _)| all).map(|one| json!(one.as_str())).collect();
        let shown: Vec<_> = names.iter().take(20).filter_map(Value::as_str).collect();
        let text = format!("{} with {} {would}", count(all, "subject"), count(rows, "row"));
        let more =
            if all > shown.len() { format!("\n… and {} more", all - shown.len()) } else { String::new() };
        let list = if shown.is_empty() {
            String::new()
        } else {
            format!(":\n{}{more}\n--yes does it", shown.join("\n"))
        };
        return Ok(Answer::new(json!({ "done": false, "subjects": names }), text + &list));
    }
    let (mut sent, mut parked, mut failed) = (0, Vec::new(), Vec::new());
    for (part, subjects, _) in meant {
        let relay = at.relay(part)?;
        for some in subjects.chunks(AT_ONCE) {
            at.goes_on()?;
            for (subject, result) in act(&relay, some.to_vec()).await {
                match result {
                    Ok(Outcome::Dispatched(count)) => sent += count,
                    Ok(Outcome::Parked) => parked.push(subject.as_str().to_owned()),
                    Err(error) => failed.push(format!("{}: {}", subject.as_str(), causes(&error))),
                }
            }
        }
    }
    if let Some(first) = failed.first() {
        return Err(Failure::Partly(format!(
            "{} of {all} subjects were not sent; the first: {first}",
            failed.len()
        )));
    }
    let mut text = format!("{}: {} {did}", count(all, "subject"), count(sent, "message"));
    if let Some(first) = parked.first() {
        text += &format!(
            "\n{} parked (again): `txm outbox show {first}` says why",
            count(parked.len(), "subject")
        );
    }
    let value = json!({ "done": true, "subjects": all, "sent": sent, "parked": parked });
    Ok(Answer { value, text, is_wrong: !parked.is_empty() })
}

/// Gives up the first parked row of a subject, after it was kept in a file.
///
/// # Errors
///
/// [`Failure`] when it may not be given up, or was not.
pub async fn skip(at: &Deployment, subject: &Subject, save: Option<PathBuf>, yes: bool) -> Result<Answer> {
    let (service, rows) = at.waiting(subject).await?;
    let Some(row) = rows.iter().find(|row| row.parked.is_some()) else {
        return Err(Failure::usage(format!(
            "nothing of {} is parked, so the relay sends it; there is nothing to give up",
            subject.as_str()
        )));
    };
    let kind = row.kind.as_deref().unwrap_or("message of an unknown kind");
    let id = row.message_id.map_or_else(|| row.key.sequence.clone(), |id| id.to_string());
    let loses = format!(
        "The change that this {kind} ({id}) tells of was committed, and no consumer will ever hear of it: \
         somebody must bring the others in \
         line by hand. {} behind it would go on.",
        count(rows.iter().filter(|other| other.key.sequence > row.key.sequence).count(), "row")
    );
    let value = json!({
        "done": yes, "service": service, "subject": subject.as_str(), "sequence": row.key.sequence,
        "message_id": row.message_id, "kind": row.kind, "parked": row.parked,
    });
    if !yes {
        return Ok(Answer::new(value, format!("{loses}\n--yes keeps the row in a file and deletes it")));
    }
    let file = save.unwrap_or_else(|| PathBuf::from(format!("given-up-{id}.json")));
    keep(&file, row)?;
    let (part, view) =
        at.outboxes().find(|(part, _)| part.name == service).ok_or_else(|| Failure::usage(service))?;
    operate::skip(&view, row, at.ambient.id()).await.map_err(|error| match &error {
        operate::SkipError::Commit(_) => Failure::of("the row was perhaps not deleted", &error),
        refused => Failure::usage(format!("not given up: {refused}")),
    })?;
    let woken = at.relay(part)?.wake(vec![subject.clone()]).await.remove(subject);
    let goes_on = match woken {
        Some(Ok(Outcome::Dispatched(sent))) => format!("{} behind it sent", count(sent, "message")),
        Some(Ok(Outcome::Parked)) => "the next one is parked, too".to_owned(),
        Some(Err(error)) => format!("what is behind it waits for the relay ({})", causes(&error)),
        None => "nothing is behind it".to_owned(),
    };
    Ok(Answer::new(value, format!("given up, and kept in {}; {goes_on}.\n{loses}", file.display())))
}

/// Stores the whole row where nobody else can read it, and overwrites nothing.
fn keep(file: &std::path::Path, row: &StoredRow) -> Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let attributes =
        row.item().iter().filter_map(|(name, value)| Some((name.clone(), json!(value.as_s().ok()?))));
    let text = format!("{:#}\n", Value::Object(attributes.collect()));
    let kept = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let kept = kept.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    kept.map_err(|error| {
        Failure::usage(format!(
            "{} cannot be written ({error}), so nothing was given up; name another with --save",
            file.display()
        ))
    })
}
