//! What empties an outbox: the relay that its stream wakes, and the sweeper.

use unit_of_work::{Database as _, Table};

use super::super::{
    check::{Check, Seen, Verdict},
    tables::describe,
};
use super::{Needs, Target, called, facts, judged, mapping::of_stream, mappings_of};
use crate::deployment::{Deployment, Part};

/// The longest that a call of the relay may take: it must have more time than that.
const LONGEST_CALL_SECONDS: i32 = 60;

pub(super) async fn of(at: &Deployment, part: &Part, functions: &mut Vec<String>) -> Seen<Vec<Check>> {
    let Some(table) = &part.resources.outbox_table else { return Ok(Vec::new()) };
    // What is not there, or has no stream, was told of before.
    let Ok(Some(described)) = describe(at, table).await else { return Ok(Vec::new()) };
    let Some(stream) = described.latest_stream_arn() else { return Ok(Vec::new()) };
    let mappings = mappings_of(at, table, stream).await?;
    if mappings.is_empty() {
        return Ok(vec![without_mapping(at, part, table).await?]);
    }
    let needs = Needs { least_timeout: LONGEST_CALL_SECONDS + 1, variables: told(at, part, table) };
    let mut checks = Vec::new();
    for mapping in &mappings {
        checks.extend(of_stream(table, mapping));
        checks.extend(called(at, mapping, &needs, functions).await.0);
    }
    if mappings.len() > 1 {
        let why = format!("{} mappings read its stream: each message is sent by all of them", mappings.len());
        checks.push(Check::new(format!("mapping of {table}"), Verdict::Bad, why));
    }
    checks.extend(sweeper(at, part, table, functions).await?);
    Ok(checks)
}

/// What a function is told that empties this outbox.
fn told(at: &Deployment, part: &Part, table: &str) -> Vec<(&'static str, String)> {
    let mut told = vec![("DYNAMODB_OUTBOX_TABLE_NAME", table.to_owned())];
    told.push(("MESSAGING_FIFO", at.common.fifo.to_string()));
    told.extend(part.sent.clone().map(|sent| ("SENT_TABLE_NAME", sent)));
    told
}

async fn sweeper(at: &Deployment, part: &Part, table: &str, functions: &mut Vec<String>) -> Seen<Vec<Check>> {
    let target = Target::newest(format!("{}outbox-sweeper--{}", at.common.prefix, part.name));
    functions.push(target.name.clone());
    let mut needs = Needs { least_timeout: LONGEST_CALL_SECONDS + 1, variables: told(at, part, table) };
    needs.variables.extend(part.scheduled.clone().map(|scheduled| ("SCHEDULED_TABLE_NAME", scheduled)));
    Ok(judged(&target, facts(at, &target).await?.as_ref(), &needs))
}

/// Nothing of Lambda reads the stream: a process may, or a mapping still reads a stream that is no more.
async fn without_mapping(at: &Deployment, part: &Part, table: &str) -> Seen<Check> {
    let what = format!("mapping of {table}");
    let function = format!("{}outbox-dynamodb-streams--{}", at.common.prefix, part.name);
    let pages = at.lambda.list_event_source_mappings().function_name(&function).into_paginator().items();
    // There is no such function, where there is none of its mappings.
    let others = pages.send().try_collect().await.unwrap_or_default();
    let of_table = format!(":table/{table}/stream/");
    if others.iter().any(|other| other.event_source_arn().is_some_and(|arn| arn.contains(&of_table))) {
        let why = "it reads an earlier stream of the table, where nothing comes any more: make it anew";
        return Ok(Check::new(what, Verdict::Bad, why));
    }
    let outbox = Table::new(table, "PK").with_sort_key("SK");
    let lease = at.database.get(&outbox, outbox.key("#TAILER", Some("lease"))).await;
    let lease = lease.map_err(|error| Check::not_seen(&what, "the lease of a process", &error))?;
    Ok(match lease {
        Some(_) => Check::new(
            what,
            Verdict::NotSeen,
            "no function reads the stream, a process does or did: txm stuck shows whether rows go out",
        ),
        None => Check::new(
            what,
            Verdict::Bad,
            "nobody reads the stream, neither a function nor a process: rows wait for a sweeper",
        ),
    })
}
