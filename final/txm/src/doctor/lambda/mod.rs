//! What only Lambda can tell: functions, and the mappings that wake them. A deployment whose relays and
//! consumers are processes has none of these.

mod consumers;
mod function;
mod mapping;
mod relays;
#[cfg(test)]
mod tests;

use aws_sdk_lambda::types::EventSourceMappingConfiguration as Mapping;

use self::function::{Needs, Target, facts, judged};
use super::check::{Check, Seen};
use crate::deployment::Deployment;

/// Everything that Lambda tells of the deployment, and the functions that it has.
pub(super) async fn of(at: &Deployment) -> (Vec<Check>, Vec<String>) {
    let (mut checks, mut functions) = (Vec::new(), Vec::new());
    // Where it may not be asked, or is not there, that is told once.
    if let Err(error) = at.lambda.list_event_source_mappings().max_items(1).send().await {
        let what = "functions and event source mappings";
        return (vec![Check::not_seen(what, "Lambda", &error)], functions);
    }
    for part in &at.services {
        for looked in
            [relays::of(at, part, &mut functions).await, consumers::of(at, part, &mut functions).await]
        {
            checks.extend(looked.unwrap_or_else(|unseen| vec![unseen]));
        }
    }
    (checks, functions)
}

/// The mappings of a stream or queue.
async fn mappings_of(at: &Deployment, what: &str, source: &str) -> Seen<Vec<Mapping>> {
    let pages = at.lambda.list_event_source_mappings().event_source_arn(source).into_paginator().items();
    let all = pages.send().try_collect().await;
    all.map_err(|error| Check::not_seen(format!("mapping of {what}"), "Lambda", &error))
}

/// What a mapping calls: the verdict on it, and for how long it may run.
async fn called(
    at: &Deployment,
    mapping: &Mapping,
    needs: &Needs,
    functions: &mut Vec<String>,
) -> (Vec<Check>, Option<i32>) {
    let Some(target) = mapping.function_arn().and_then(Target::of_arn) else { return (Vec::new(), None) };
    // A function behind several queues is looked at once.
    let is_new = !functions.contains(&target.name);
    if is_new {
        functions.push(target.name.clone());
    }
    match facts(at, &target).await {
        Ok(facts) => {
            let timeout = facts.as_ref().and_then(|facts| facts.called.timeout());
            let checks = if is_new { judged(&target, facts.as_ref(), needs) } else { Vec::new() };
            (checks, timeout)
        }
        Err(unseen) => (if is_new { vec![unseen] } else { Vec::new() }, None),
    }
}
