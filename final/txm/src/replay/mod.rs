//! `outbox replay`: what was sent, once more, to its topics or to one queue. Interrupted, it goes on where it
//! was.

mod progress;

use std::{path::PathBuf, sync::Arc};

use serde_json::json;
use transactional_messaging::{
    outbox::RowKey,
    relay::{
        SnsPublisher,
        broker::Broker,
        operate::{OneQueue, OutboxView, Replay, Wanted},
    },
};

use progress::{Progress, named, read, write};

use crate::{
    answer::{Answer, count},
    cli,
    deployment::{Deployment, Part},
    failure::{Failure, Result, causes},
    outbox::every,
    pace::Pace,
};

/// Sends again what was sent.
///
/// # Errors
///
/// [`Failure`]. After [`Failure::Partly`] the same command goes on.
pub async fn replay(at: &Deployment, asked: &cli::Replay) -> Result<Answer> {
    let now = at.ambient.now();
    let topic = match &asked.to {
        None => asked.topic.clone(),
        Some(queue) => Some(topic_of(at, queue, asked.topic.as_deref())?),
    };
    let (of, file) = named(at, asked);
    let stored = if asked.restart { None } else { read(&file, &of) };
    let resumed = stored.is_some();
    let mut progress = stored.unwrap_or(Progress {
        of,
        since: asked.since.map(|since| since.seen_at(now)),
        until: now,
        service: String::new(),
        behind: None,
        sent: 0,
        under_way: 0,
        twice: 0,
    });
    progress.twice += std::mem::take(&mut progress.under_way);
    let before = progress.sent;
    let wanted =
        Wanted { subject: asked.subject.clone(), since: progress.since, until: progress.until, topic };
    let left = left(at, &wanted, &progress).await?;
    let total: usize = left.iter().map(|(.., count)| count).sum();
    if total == 0 && !resumed {
        return Err(Failure::usage(
            "nothing that was sent is so; tables of sent messages forget after their retention \
             (7 days unless set)",
        ));
    }
    let place = asked
        .to
        .as_ref()
        .map_or("the topics, to all who are subscribed".to_owned(), |queue| format!("the queue {queue}"));
    if !asked.yes {
        let before = if resumed {
            format!("; {} were sent by a replay that was interrupted", progress.sent)
        } else {
            String::new()
        };
        let value = json!({ "done": false, "messages": total, "sent_before": progress.sent });
        let text = format!(
            "{} would be sent again to {place}{before}\n--yes does it, {} a second at most",
            count(total, "message"),
            asked.rate
        );
        return Ok(Answer::new(value, text));
    }
    let mut pace = Pace::new(asked.rate, total, at.stop.clone());
    let mut damaged = 0;
    for (part, view, _) in left {
        if progress.service != part.name {
            (progress.service, progress.behind) = (part.name.to_owned(), None);
        }
        let broker = broker(at, part, asked.to.as_deref()).await?;
        let sent =
            one(at, (part, view), broker, &wanted, (&mut progress, &file), (&mut pace, asked.rate)).await;
        damaged += sent.inspect_err(|_| pace.end())?;
    }
    pace.end();
    drop(std::fs::remove_file(&file));
    let mut text = format!("{} sent again to {place}", count(progress.sent, "message"));
    if resumed {
        text += &format!(", {before} of them before it was interrupted");
    }
    if progress.twice > 0 {
        text += &format!(
            ", of which {} may have been sent twice at most, by what was interrupted",
            progress.twice
        );
    }
    if damaged > 0 {
        text += &format!("\n{} cannot be sent as they are kept, and were left out", count(damaged, "row"));
    }
    Ok(Answer::new(
        json!({ "done": true, "sent": progress.sent, "twice_at_most": progress.twice, "damaged": damaged }),
        text,
    ))
}

/// Replays one table; how many of its rows are damaged.
async fn one(
    at: &Deployment,
    (part, view): (&Part, OutboxView),
    broker: Arc<dyn Broker>,
    wanted: &Wanted,
    (progress, file): (&mut Progress, &PathBuf),
    (pace, rate): (&mut Pace, u32),
) -> Result<usize> {
    let behind = progress.behind.as_ref().and_then(|(pk, sk)| RowKey::of_subject(pk, sk));
    let mut replay = Replay::new(view, broker, at.ambient.clone(), wanted.clone(), behind);
    let of = |error: &(dyn std::error::Error + 'static)| {
        Failure::of(&format!("messages sent by {}", part.name), error)
    };
    loop {
        let batch = replay.next(rate as usize).await.map_err(|error| of(&error))?;
        let Some(last) = batch.last() else {
            return Ok(usize::try_from(replay.damaged).unwrap_or(usize::MAX));
        };
        if !pace.wait_for(batch.len()).await {
            return Err(Failure::Partly(format!(
                "interrupted after {}; the same command goes on",
                count(progress.sent, "message")
            )));
        }
        progress.under_way = batch.len();
        write(file, progress)?;
        replay.send(&batch).await.map_err(|error| {
            Failure::Partly(format!(
                "{}, after {}; the same command goes on",
                causes(&error),
                count(progress.sent, "message")
            ))
        })?;
        progress.behind = Some((last.partition.clone(), last.sequence.clone()));
        (progress.sent, progress.under_way) = (progress.sent + batch.len(), 0);
        write(file, progress)?;
        pace.gone(batch.len());
    }
}

/// What is still to be sent, by service in their sequence.
async fn left<'a>(
    at: &'a Deployment,
    wanted: &Wanted,
    progress: &Progress,
) -> Result<Vec<(&'a Part, OutboxView, usize)>> {
    let publishes = |part: &&Part| part.resources.outbox_table.is_some();
    let mut left = Vec::new();
    for part in at
        .services
        .iter()
        .filter(publishes)
        .skip_while(|part| !progress.service.is_empty() && part.name != progress.service)
    {
        let Some(table) = &part.sent else { continue };
        let (view, mut found) = (OutboxView::new(at.database.clone(), table), 0);
        let behind = progress.behind.as_ref().filter(|_| part.name == progress.service);
        let mut is_behind = behind.is_none();
        let mut note = |row: &transactional_messaging::relay::operate::StoredRow| {
            found += usize::from(is_behind && wanted.wants(row));
            let (pk, sk) = (format!("SUBJECT#{}", row.key.subject.as_str()), &row.key.sequence);
            is_behind |= behind.is_some_and(|last| *last == (pk, sk.clone()));
        };
        match &wanted.subject {
            Some(subject) => {
                let rows = view.subject(subject).await;
                rows.map_err(|error| Failure::of(&format!("table {table}"), &error))?
                    .iter()
                    .for_each(&mut note);
            }
            None => drop(every(at, &view, |row| note(&row)).await?),
        }
        left.push((part, view, found));
    }
    match at.services.iter().filter(publishes).all(|part| part.sent.is_none()) {
        true => Err(Failure::usage(
            "there is no table of sent messages: SENT_RETENTION_DAYS is 0, so nothing of them is kept",
        )),
        false => Ok(left),
    }
}

/// The topic whose messages a queue gets: nothing else may be put there.
fn topic_of(at: &Deployment, queue: &str, asked: Option<&str>) -> Result<String> {
    let (part, number) = at.consumer(queue)?;
    let topic = &part.consumes[number].topic;
    match asked {
        Some(other) if other != topic => {
            Err(Failure::usage(format!("{queue} gets the messages of {topic}, and none of {other}")))
        }
        _ => Ok(topic.clone()),
    }
}

async fn broker(at: &Deployment, part: &Part, to: Option<&str>) -> Result<Arc<dyn Broker>> {
    Ok(match to {
        Some(queue) => {
            let (consumer, number) = at.consumer(queue)?;
            let url = at.url(&consumer.resources.subscriptions[number].queue).await?;
            let url =
                url.ok_or_else(|| Failure::usage(format!("there is no queue {queue}; is --prefix right?")))?;
            Arc::new(OneQueue::new(at.sqs.clone(), url))
        }
        None => {
            let settings = at.relay_settings(part)?;
            Arc::new(SnsPublisher::new(at.sns.clone(), settings.topics).on(settings.channels.kind))
        }
    })
}
