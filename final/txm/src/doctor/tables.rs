//! Tables: there, with their index, stream and time to live; and for how long an inbox remembers.

use aws_sdk_dynamodb::types::{StreamViewType, TableDescription, TimeToLiveStatus};
use time::{Duration, OffsetDateTime};
use transactional_messaging::timestamp;
use unit_of_work::Item;

use super::{Check, Verdict};
use crate::{
    deployment::{Deployment, Part},
    failure::{Failure, Result},
};

/// The attribute by which rows of inboxes and of sent messages expire.
const EXPIRES_AT: &str = "ExpiresAt";

/// All tables of a service.
pub(super) async fn of(at: &Deployment, part: &Part) -> Result<Vec<Check>> {
    let (resources, mut checks) = (&part.resources, Vec::new());
    if let Some(name) = &resources.aggregate_table {
        let what = format!("table {name}");
        match (describe(at, name).await?, &resources.aggregate_index) {
            (None, _) => checks.push(missing(what)),
            (Some(table), Some(index)) => {
                let is_there =
                    table.global_secondary_indexes().iter().any(|one| one.index_name() == Some(index.name));
                let bad = format!("it has no index {}: what is overdue is never found", index.name);
                checks.push(Check::holds(
                    what,
                    is_there,
                    format!("there, with its index {}", index.name),
                    bad,
                ));
            }
            (Some(_), None) => checks.push(Check::new(what, Verdict::Ok, "there")),
        }
    }
    if let Some(name) = &resources.inbox_table {
        checks.extend(expiring(at, name).await?);
        checks.extend(memory(at, name).await?);
    }
    if let Some(name) = &resources.outbox_table {
        checks.extend(outbox(at, name).await?);
        match &part.sent {
            Some(name) => checks.extend(expiring(at, name).await?),
            None => checks.push(Check::new(
                format!("table {}", at.table(part.name, "sent")),
                Verdict::Warn,
                "not there: what was sent cannot be looked up or replayed",
            )),
        }
    }
    Ok(checks)
}

async fn outbox(at: &Deployment, name: &str) -> Result<Vec<Check>> {
    let what = format!("table {name}");
    let Some(table) = describe(at, name).await? else { return Ok(vec![missing(what)]) };
    let stream = table.stream_specification().filter(|stream| stream.stream_enabled());
    let seen = match stream.and_then(|stream| stream.stream_view_type()) {
        Some(StreamViewType::KeysOnly) => Check::new(what, Verdict::Ok, "there, with a stream of keys"),
        Some(view) => Check::new(
            what,
            Verdict::Warn,
            format!("its stream holds {view}; keys are enough, and cost less"),
        ),
        None => Check::new(
            what,
            Verdict::Bad,
            "it has no stream: only the sweeper sends what lies there; enable one of keys",
        ),
    };
    let expires = time_to_live(at, name).await?.is_some_and(|(is_on, _)| is_on);
    let bad = "its rows expire: a message that waits for too long is lost; disable its time to live";
    Ok(vec![seen, Check::holds(format!("what waits in {name}"), !expires, "never expires", bad)])
}

async fn expiring(at: &Deployment, name: &str) -> Result<Vec<Check>> {
    let what = format!("table {name}");
    if describe(at, name).await?.is_none() {
        return Ok(vec![missing(what)]);
    }
    Ok(vec![match time_to_live(at, name).await? {
        Some((true, attribute)) if attribute == EXPIRES_AT => {
            Check::new(what, Verdict::Ok, "there, rows expire by ExpiresAt")
        }
        Some((true, other)) => {
            Check::new(what, Verdict::Bad, format!("rows expire by {other}, and not by ExpiresAt"))
        }
        _ => Check::new(
            what,
            Verdict::Warn,
            "its time to live is off: it grows for ever; enable it on ExpiresAt",
        ),
    }])
}

/// How long an inbox remembers is a setting of its service, which is not asked: a row tells it.
async fn memory(at: &Deployment, name: &str) -> Result<Option<Check>> {
    let answer = at.database.client().scan().table_name(name).limit(1).send().await;
    let Ok(answer) = answer else { return Ok(None) };
    let what = format!("memory of {name}");
    let Some(kept) = answer.items().first().and_then(kept_for) else {
        return Ok(Some(Check::new(
            what,
            Verdict::NotSeen,
            "it has handled nothing yet, so no row tells for how long it remembers",
        )));
    };
    let needed = at.channels().horizon().sum();
    let days = |time: Duration| time.whole_days();
    let well = format!("{} days, of {} that a copy can be under way", days(kept), days(needed));
    let bad = format!(
        "{} days, and a copy can be under way for {}; raise INBOX_RETENTION_DAYS",
        days(kept),
        days(needed)
    );
    Ok(Some(Check::holds(what, kept >= needed, well, bad)))
}

fn kept_for(item: &Item) -> Option<Duration> {
    let made = timestamp::parse(item.get("CreatedAt")?.as_s().ok()?).ok()?;
    let until = OffsetDateTime::from_unix_timestamp(item.get(EXPIRES_AT)?.as_n().ok()?.parse().ok()?).ok()?;
    // Stored in whole seconds, so up to one is lost.
    Some(until - made + Duration::SECOND)
}

pub(super) async fn describe(at: &Deployment, name: &str) -> Result<Option<TableDescription>> {
    match at.database.client().describe_table().table_name(name).send().await {
        Ok(answer) => Ok(answer.table),
        Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
            Ok(None)
        }
        Err(error) => Err(Failure::of(&format!("table {name}"), &error)),
    }
}

/// Whether it is on, and by which attribute.
async fn time_to_live(at: &Deployment, name: &str) -> Result<Option<(bool, String)>> {
    let answer = at.database.client().describe_time_to_live().table_name(name).send().await;
    let answer = answer.map_err(|error| Failure::of(&format!("table {name}"), &error))?;
    Ok(answer.time_to_live_description().map(|ttl| {
        let is_on =
            matches!(ttl.time_to_live_status(), Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling));
        (is_on, ttl.attribute_name().unwrap_or_default().to_owned())
    }))
}

fn missing(what: String) -> Check {
    Check::new(what, Verdict::Bad, "not there: is --prefix right?")
}
