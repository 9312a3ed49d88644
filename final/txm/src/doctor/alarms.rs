//! Alarms: whether each may tell somebody, whether somebody hears it, and which ring.

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::types::{MetricAlarm, StateValue};
use time::{Duration, OffsetDateTime};

use super::{
    check::{Check, Findings, Seen, Verdict},
    queues::{is_confirmed, subscriptions},
};
use crate::{
    answer::{count, span},
    deployment::Deployment,
    failure::{Failure, Result},
};

/// An alarm that was just made knows nothing yet; one that still does not watches what is not there.
const KNOWS_BY_THEN: Duration = Duration::HOUR;

/// Everything about alarms. `functions` are those that the deployment has.
pub(super) async fn of(at: &Deployment, functions: &[String]) -> Result<Vec<Check>> {
    let (mut checks, mut topics) = (Vec::new(), BTreeSet::new());
    match described(at).await {
        Ok(alarms) => {
            checks.extend(judged(&alarms, at.ambient.now()));
            checks.extend(unwatched(&alarms, &watched(at, functions)));
            topics.extend(
                alarms.iter().flat_map(|alarm| alarm.alarm_actions()).filter(|arn| is_topic(arn)).cloned(),
            );
        }
        Err(unseen) => checks.push(unseen),
    }
    let own = format!("{}alarms", at.common.prefix);
    topics.extend(named(at, &own).await?);
    if topics.is_empty() {
        let why = format!("there is no topic {own}: this deployment has no alarms of ours");
        checks.push(Check::new("who hears of alarms", Verdict::NotSeen, why));
    }
    for topic in topics {
        checks.push(heard(at, &topic).await);
    }
    Ok(checks)
}

/// The alarms whose names begin as those of the deployment do.
async fn described(at: &Deployment) -> Seen<Vec<MetricAlarm>> {
    let prefix = Some(at.common.prefix.clone()).filter(|prefix| !prefix.is_empty());
    let mut pages = at.cloudwatch.describe_alarms().set_alarm_name_prefix(prefix).into_paginator().send();
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| Check::not_seen("alarms", "CloudWatch", &error))?;
        all.extend(page.metric_alarms.unwrap_or_default());
    }
    Ok(all)
}

/// The verdict on each of them; those that are well are one line.
fn judged(alarms: &[MetricAlarm], now: OffsetDateTime) -> Vec<Check> {
    if alarms.is_empty() {
        let why = "there are none: nobody is told when something fails; terraform/live makes them";
        return vec![Check::new("alarms", Verdict::Warn, why)];
    }
    let wrong: Vec<_> = alarms.iter().map(|alarm| wrong_with(alarm, now)).collect();
    let well = wrong.iter().filter(|wrong| wrong.is_empty()).count();
    let told =
        Check::new("alarms", Verdict::Ok, format!("{} quiet, each with an action", count(well, "alarm")));
    (well > 0).then_some(told).into_iter().chain(wrong.into_iter().flatten()).collect()
}

fn wrong_with(alarm: &MetricAlarm, now: OffsetDateTime) -> Vec<Check> {
    let mut found = Findings::of(format!("alarm {}", alarm.alarm_name().unwrap_or_default()));
    found.bad_if(alarm.actions_enabled() == Some(false), "its actions are switched off: it tells nobody");
    found.bad_if(alarm.alarm_actions().is_empty(), "it has no action: it tells nobody");
    let since = alarm.state_updated_timestamp().map_or(now.unix_timestamp(), |time| time.secs());
    let since = Duration::seconds(now.unix_timestamp().saturating_sub(since));
    let is = |state| alarm.state_value() == Some(&state);
    let why = alarm.state_reason().unwrap_or("CloudWatch gives no reason");
    found.warn_if(is(StateValue::Alarm), format!("it rings, for {}: {why}", span(since)));
    found.warn_if(
        is(StateValue::InsufficientData) && since > KNOWS_BY_THEN,
        format!("it has had no data for {}: does what it watches exist?", span(since)),
    );
    found.wrong()
}

/// What must have an alarm: functions, and queues, whose alarms leave out the end of FIFO ones.
fn watched(at: &Deployment, functions: &[String]) -> Vec<String> {
    let queues = at.services.iter().flat_map(|part| &part.resources.subscriptions);
    let queues = queues.map(|one| one.queue.strip_suffix(".fifo").unwrap_or(&one.queue).to_owned());
    functions.iter().cloned().chain(queues).collect()
}

/// Those that nothing watches. Where there are no alarms at all, that was told.
fn unwatched(alarms: &[MetricAlarm], things: &[String]) -> Vec<Check> {
    let has = |thing: &String| {
        let begin = format!("{thing}--");
        alarms.iter().filter_map(|alarm| alarm.alarm_name()).any(|name| name.starts_with(&begin))
    };
    let none = |thing: &String| {
        Check::new(
            format!("alarms of {thing}"),
            Verdict::Warn,
            "there are none: it may fail, and nobody is told",
        )
    };
    if alarms.is_empty() { Vec::new() } else { things.iter().filter(|thing| !has(thing)).map(none).collect() }
}

/// Whether somebody hears of what is sent to a topic.
async fn heard(at: &Deployment, topic: &str) -> Check {
    match subscriptions(at, topic).await {
        Ok(all) => hears(topic, all.as_deref()),
        // It may be one of another account.
        Err(failure) => Check::new(heard_by(topic), Verdict::NotSeen, failure.to_string()),
    }
}

fn heard_by(topic: &str) -> String {
    format!("who hears of alarms by {}", topic.rsplit(':').next().unwrap_or(topic))
}

/// The verdict on a topic with these subscriptions, if it is there. Who has not confirmed gets nothing.
fn hears(topic: &str, subscriptions: Option<&[(String, String)]>) -> Check {
    let (what, name) = (heard_by(topic), topic.rsplit(':').next().unwrap_or(topic));
    let Some(all) = subscriptions else {
        return Check::new(what, Verdict::Bad, format!("there is no topic {name}: alarms go nowhere"));
    };
    let confirmed = all.iter().filter(|(_, arn)| is_confirmed(arn)).count();
    let bad = match all.len() {
        0 => format!("nobody is subscribed to {name}"),
        asked => format!("nobody has confirmed a subscription to {name}, of {asked} who were asked by mail"),
    };
    Check::holds(what, confirmed > 0, confirmed.to_string(), bad)
}

fn is_topic(arn: &str) -> bool {
    arn.split(':').nth(2) == Some("sns")
}

/// The topic of this name.
async fn named(at: &Deployment, name: &str) -> Result<Option<String>> {
    let mut pages = at.sns.list_topics().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| Failure::of("topics", &error))?;
        let mut arns = page.topics().iter().filter_map(|topic| topic.topic_arn());
        if let Some(arn) = arns.find(|arn| arn.rsplit(':').next() == Some(name)) {
            return Ok(Some(arn.to_owned()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::{primitives::DateTime, types::builders::MetricAlarmBuilder};
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-29 12:00 UTC);

    fn alarm(state: StateValue, hours: i64) -> MetricAlarmBuilder {
        let since = DateTime::from_secs((NOW - Duration::hours(hours)).unix_timestamp());
        let alarm = MetricAlarm::builder().alarm_name("live-relay--errors").actions_enabled(true);
        alarm
            .alarm_actions("arn:aws:sns:eu-west-1:1:live-alarms")
            .state_value(state)
            .state_updated_timestamp(since)
    }

    fn told(alarm: MetricAlarmBuilder) -> (Verdict, String) {
        let mut all = judged(&[alarm.build()], NOW);
        assert_eq!(all.len(), 1, "{all:?}");
        let check = all.remove(0);
        (check.verdict, check.why)
    }

    #[test]
    fn quiet_ones_are_one_line_and_each_that_rings_or_tells_nobody_has_its_own() {
        let quiet = alarm(StateValue::Ok, 5).build();
        let all = judged(&[quiet.clone(), quiet], NOW);
        assert_eq!((all.len(), &*all[0].why), (1, "2 alarms quiet, each with an action"));
        let (verdict, why) = told(alarm(StateValue::Alarm, 3).state_reason("too many"));
        assert_eq!((verdict, &*why), (Verdict::Warn, "it rings, for 3 h: too many"));
        let off = told(alarm(StateValue::Ok, 1).actions_enabled(false));
        assert!(off.0 == Verdict::Bad && off.1.contains("switched off"), "{off:?}");
        let without = told(alarm(StateValue::Ok, 1).set_alarm_actions(None));
        assert!(without.0 == Verdict::Bad && without.1.contains("no action"), "{without:?}");
        let blind = told(alarm(StateValue::InsufficientData, 2));
        assert!(blind.0 == Verdict::Warn && blind.1.contains("no data for 2 h"), "{blind:?}");
        assert_eq!(told(alarm(StateValue::InsufficientData, 1)).0, Verdict::Ok, "it was just made");
        assert_eq!(judged(&[], NOW)[0].verdict, Verdict::Warn);
    }

    #[test]
    fn who_has_not_confirmed_hears_nothing() {
        let topic = "arn:aws:sns:eu-west-1:1:live-alarms";
        let of = |arns: &[&str]| {
            let all: Vec<_> = arns.iter().map(|arn| ("somebody".to_owned(), (*arn).to_owned())).collect();
            let check = hears(topic, Some(&all));
            assert_eq!(check.what, "who hears of alarms by live-alarms");
            (check.verdict, check.why)
        };
        let own = format!("{topic}:7");
        assert_eq!(of(&[&own, "PendingConfirmation", "Deleted"]), (Verdict::Ok, "1".to_owned()));
        let (verdict, why) = of(&["PendingConfirmation"]);
        assert!(verdict == Verdict::Bad && why.contains("nobody has confirmed"), "{why}");
        assert_eq!(of(&[]), (Verdict::Bad, "nobody is subscribed to live-alarms".to_owned()));
        assert_eq!(hears(topic, None).verdict, Verdict::Bad);
    }

    #[test]
    fn what_nothing_watches_is_told_where_others_are_watched() {
        let alarms = [alarm(StateValue::Ok, 1).build()];
        let things = ["live-relay".to_owned(), "live-sweeper".to_owned()];
        let found = unwatched(&alarms, &things);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].verdict, &*found[0].what), (Verdict::Warn, "alarms of live-sweeper"));
        assert!(unwatched(&[], &things).is_empty());
    }
}
