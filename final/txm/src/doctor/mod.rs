//! `doctor`: whether tables, topics, queues, policies and times are as they must be. What cannot be looked at
//! is told of as such, and never
//! as being well.

mod clock;
mod queues;
mod tables;

use serde_json::json;

use crate::{
    answer::{Answer, table},
    deployment::Deployment,
    failure::Result,
};

/// What was found of one thing.
#[derive(Debug)]
pub(crate) struct Check {
    what: String,
    verdict: Verdict,
    why: String,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As it must be.
    Ok,
    /// It works, and somebody should know something about it.
    Warn,
    /// Messages are lost, doubled or stuck by it, now or one day.
    Bad,
    /// It was not looked at.
    NotSeen,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "BAD",
            Self::NotSeen => "not looked at",
        }
    }
}

impl Check {
    pub(crate) fn new(what: impl Into<String>, verdict: Verdict, why: impl Into<String>) -> Self {
        Self { what: what.into(), verdict, why: why.into() }
    }

    /// Well if this holds, and otherwise bad for this reason.
    pub(crate) fn holds(
        what: impl Into<String>,
        holds: bool,
        well: impl Into<String>,
        bad: impl Into<String>,
    ) -> Self {
        if holds { Self::new(what, Verdict::Ok, well) } else { Self::new(what, Verdict::Bad, bad) }
    }
}

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
    checks.push(queues::alarms(at).await?);
    checks.push(clock::check(at).await?);
    checks.push(Check::new(
        "event source mappings and their filter",
        Verdict::NotSeen,
        "txm asks Lambda nothing; that rows are sent shows that one works: txm stuck",
    ));
    checks.push(Check::new("alarms and their metrics", Verdict::NotSeen, "txm asks CloudWatch nothing"));
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
