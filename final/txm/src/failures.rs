//! Buckets in which Lambda keeps the batches of stream records that it gave up. The rows themselves are in
//! the outbox, or were sent since: to redrive such a batch is to wake the subjects that its records name.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;
use transactional_messaging::{message::Subject, outbox::RowKey, relay::Outcome};

use crate::{
    answer::{Answer, count},
    deployment::{Deployment, Part},
    failure::{Failure, Result, causes},
};

/// The bucket of each service that has one, and how many batches lie there.
///
/// # Errors
///
/// [`Failure::Aws`].
pub async fn buckets(at: &Deployment) -> Result<Vec<(&'static str, String, usize)>> {
    let mut all = Vec::new();
    for part in &at.services {
        if let Some(bucket) = bucket_of(at, part).await? {
            let keys = keys(at, &bucket).await?.len();
            all.push((part.name, bucket, keys));
        }
    }
    Ok(all)
}

/// Its name ends in what Terraform has made up.
async fn bucket_of(at: &Deployment, part: &Part) -> Result<Option<String>> {
    if part.resources.outbox_table.is_none() {
        return Ok(None);
    }
    let beginning = format!("{}{}-failures-", at.common.prefix, part.name);
    let mut pages = at.s3.list_buckets().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| Failure::of("buckets", &error))?;
        let found = page.buckets().iter().filter_map(|bucket| bucket.name());
        if let Some(name) = found.into_iter().find(|name| name.starts_with(&beginning)) {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

async fn keys(at: &Deployment, bucket: &str) -> Result<Vec<String>> {
    let (mut keys, mut pages) = (Vec::new(), at.s3.list_objects_v2().bucket(bucket).into_paginator().send());
    while let Some(page) = pages.next().await {
        at.goes_on()?;
        let page = page.map_err(|error| Failure::of(&format!("bucket {bucket}"), &error))?;
        keys.extend(page.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
        if keys.len() > at.common.limit {
            break;
        }
    }
    Ok(keys)
}

/// What Lambda stores ("AWS Lambda Developer Guide, Capturing discarded batches"): beside what it tells of
/// the batch, the event.
#[derive(Deserialize)]
struct Batch {
    payload: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    dynamodb: Change,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    keys: Keys,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Keys {
    pk: Text,
    sk: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Text {
    s: String,
}

/// The subjects that a stored batch names; none of an object that is none.
fn subjects_in(text: &str) -> Option<BTreeSet<Subject>> {
    let event: Event = serde_json::from_str(&serde_json::from_str::<Batch>(text).ok()?.payload?).ok()?;
    let keys = event.records.into_iter().map(|record| record.dynamodb.keys);
    Some(keys.filter_map(|keys| RowKey::of_subject(&keys.pk.s, &keys.sk.s)).map(|key| key.subject).collect())
}

/// Wakes the subjects that the batches name, and deletes each batch whose subjects have nothing left to send.
///
/// # Errors
///
/// [`Failure::Partly`] when something was not sent; its batch stays.
pub async fn redrive(at: &Deployment, part: &Part, yes: bool) -> Result<Answer> {
    let bucket = bucket_of(at, part).await?.ok_or_else(|| {
        Failure::usage(format!(
            "there is no bucket {}{}-failures-…: without Lambda nothing is given up",
            at.common.prefix, part.name
        ))
    })?;
    let wrong = |error: &(dyn std::error::Error + 'static)| Failure::of(&format!("bucket {bucket}"), error);
    let (relay, mut woken, mut sent, mut done, mut kept) =
        (at.relay(part)?, BTreeSet::new(), 0, 0, Vec::new());
    for key in keys(at, &bucket).await? {
        at.goes_on()?;
        let object =
            at.s3.get_object().bucket(&bucket).key(&key).send().await.map_err(|error| wrong(&error))?;
        let body = object.body.collect().await.map_err(|error| wrong(&error))?.to_vec();
        let Some(subjects) = subjects_in(&String::from_utf8_lossy(&body)) else {
            kept.push(format!("{key} is no batch of records"));
            continue;
        };
        let results =
            if yes { relay.wake(subjects.iter().cloned().collect()).await } else { Default::default() };
        woken.extend(subjects);
        let before = kept.len();
        for (subject, result) in results {
            match result {
                Ok(Outcome::Dispatched(count)) => sent += count,
                Ok(Outcome::Parked) => kept.push(format!("{} is parked", subject.as_str())),
                Err(error) => kept.push(format!("{}: {}", subject.as_str(), causes(&error))),
            }
        }
        if yes && kept.len() == before {
            at.s3.delete_object().bucket(&bucket).key(&key).send().await.map_err(|error| wrong(&error))?;
        }
        done += 1;
    }
    let (batches, subjects) =
        (count(done, "batch").replace("batchs", "batches"), count(woken.len(), "subject"));
    let value = json!({ "done": yes, "batches": done, "subjects": woken.len(), "sent": sent, "kept": kept });
    match (yes, kept.first()) {
        (false, _) => Ok(Answer::new(
            value,
            format!("{subjects} of {batches} would be woken, and the batches deleted\n--yes does it"),
        )),
        (true, None) => Ok(Answer::new(
            value,
            format!(
                "{subjects} of {batches} woken, {} sent; the batches are deleted",
                count(sent, "message")
            ),
        )),
        (true, Some(first)) => {
            Err(Failure::Partly(format!("{} not done; the first: {first}", count(kept.len(), "subject"))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_batch_names_its_subjects_once_and_notes_of_a_tailer_are_none() {
        let record = |pk: &str| json!({ "dynamodb": { "Keys": { "PK": { "S": pk }, "SK": { "S": "1" } } } });
        let event =
            json!({ "Records": [record("SUBJECT#order/1"), record("#TAILER"), record("SUBJECT#order/1")] });
        let stored =
            json!({ "version": "1.0", "requestContext": {}, "payload": event.to_string() }).to_string();
        assert_eq!(subjects_in(&stored), Some([Subject::named("order/1")].into()));
        for odd in ["", "{}", r#"{"payload": "no json"}"#, r#"{"payload": "{}"}"#] {
            assert_eq!(subjects_in(odd), None, "{odd}");
        }
    }
}
