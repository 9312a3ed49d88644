//! What handles messages as a function: the mappings of its queues.

use aws_sdk_sqs::types::QueueAttributeName::{QueueArn, VisibilityTimeout};

use super::super::{
    check::{Check, Seen, Verdict},
    queues::attributes,
};
use super::{Needs, Target, called, facts, mapping::of_queue, mappings_of};
use crate::deployment::{Deployment, Part};

/// With fewer seconds the program does not begin what it could not end.
const LEAST_TIMEOUT: i32 = 30;

pub(super) async fn of(at: &Deployment, part: &Part, functions: &mut Vec<String>) -> Seen<Vec<Check>> {
    let (mut checks, mut without) = (Vec::new(), Vec::new());
    for subscription in &part.resources.subscriptions {
        let name = &subscription.queue;
        // What is not there was told of before.
        let Ok(Some(queue)) = attributes(at, name).await else { continue };
        let arn = queue.get(&QueueArn).cloned().unwrap_or_default();
        let hidden = queue.get(&VisibilityTimeout).and_then(|text| text.parse().ok()).unwrap_or_default();
        let mappings = mappings_of(at, name, &arn).await?;
        if mappings.is_empty() {
            without.push(name);
        }
        for mapping in &mappings {
            let needs = Needs { least_timeout: LEAST_TIMEOUT, variables: told(part) };
            let (of_function, timeout) = called(at, mapping, &needs, functions).await;
            checks.extend(of_queue(name, mapping, hidden, timeout));
            checks.extend(of_function);
        }
    }
    // Where nothing of the service is a function, its messages are handled by a process.
    let own = Target::newest(format!("{}consumer--{}", at.common.prefix, part.name));
    if !without.is_empty() && (!checks.is_empty() || facts(at, &own).await?.is_some()) {
        let bad = |queue| {
            let why = "no function gets its messages, as it does those of the service's other queues";
            Check::new(format!("mapping of {queue}"), Verdict::Bad, why)
        };
        checks.extend(without.into_iter().map(bad));
    }
    Ok(checks)
}

fn told(part: &Part) -> Vec<(&'static str, String)> {
    let inbox = part.resources.inbox_table.clone();
    inbox.map(|table| ("DYNAMODB_INBOX_TABLE_NAME", table)).into_iter().collect()
}
