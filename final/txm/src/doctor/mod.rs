//! `doctor`: whether tables, topics, queues, policies, functions, alarms and times are as they must be. What
//! cannot be looked at is told of as such, and never as being well.

mod alarms;
mod check;
mod clock;
mod lambda;
mod queues;
mod tables;

use serde_json::json;

pub(crate) use self::check::{Check, Verdict};
use crate::{
    answer::{Answer, table},
    deployment::Deployment,
    failure::Result,
};

/// Everything that can be asked for.
///
/// # Errors
///
/// [`Failure`](crate::failure::Failure) when it cannot be asked.
pub async fn doctor(at: &Deployment) -> Result<Answer> {
    let mut checks = Vec::new();
    for part in &at.services {
        at.goes_on()?;
        checks.extend(tables::of(at, part).await?);
        checks.extend(queues::of(at, part).await?);
    }
    at.goes_on()?;
    let (of_lambda, functions) = lambda::of(at).await;
    checks.extend(of_lambda);
    checks.extend(alarms::of(at, &functions).await?);
    checks.push(clock::check(at).await?);
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    let [ok, warn, bad, unseen] = [Verdict::Ok, Verdict::Warn, Verdict::Bad, Verdict::NotSeen].map(count);
    let value = checks
        .iter()
        .map(|check| json!({ "what": check.what, "verdict": check.verdict.name(), "why": check.why }));
    let value = value.collect::<Vec<_>>();
    let value = json!({ "checks": value, "ok": ok, "warn": warn, "bad": bad, "not_looked_at": unseen });
    // The worst first: it is what somebody came for.
    let worst = [Verdict::Bad, Verdict::Warn, Verdict::NotSeen, Verdict::Ok];
    let sorted =
        worst.into_iter().flat_map(|verdict| checks.iter().filter(move |check| check.verdict == verdict));
    let lines = sorted.map(|check| [check.verdict.name().to_owned(), check.what.clone(), check.why.clone()]);
    let text = table(["IS", "WHAT", "WHY"], lines);
    let text = format!("{text}\n\n{ok} ok, {warn} to know, {bad} bad, {unseen} not looked at");
    Ok(Answer { value, text, is_wrong: bad > 0 })
}
