//! Every AWS call of the service is broken in every way, and nothing comes of it.
#![allow(
    clippy::disallowed_methods,
    reason = "the answer comes from somebody else, who publishes as they like"
)]

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use aws_fault_lab::{BoxError, Fault, Lab, Laboratory, Program, Role, SdkConfig};
use own_service::{NAME, Tickets, consume, deploy, relay};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use transactional_messaging::ambient::{Ambient, Clock, Ids};
use transactional_messaging::prelude::{Context, Uuid};

/// A queue of the laboratory that hears every event.
const EARS: &str = "ears";

// ANCHOR: laboratory
#[test]
fn survives() {
    let consumer = |lab: aws_fault_lab::Ambient| async move {
        consume(aws_of(&lab), ambient(&lab), CancellationToken::new()).await
    };
    let relay = |lab: aws_fault_lab::Ambient| async move {
        relay(aws_of(&lab), ambient(&lab), Duration::from_secs(5), CancellationToken::new()).await;
        Ok::<_, BoxError>(())
    };
    let program =
        Program::new().component("consumer", Role::Consumer, consumer).component("relay", Role::Relay, relay);
    Laboratory::new(program, a_ticket_and_its_answer)
        .named("own-service")
        .invariant("told", every_change_is_told_once)
        .invariant("resolved", what_was_answered_is_resolved)
        // A message that is refused for ever parks its ticket, which is what is promised, and no end that
        // these invariants know.
        .without(&[Fault::RefusedMessage])
        .check();
}
// ANCHOR_END: laboratory

// ANCHOR: workload
/// A client that opens a ticket and hears nothing does not ask again: nobody knows whether there is one.
async fn a_ticket_and_its_answer(lab: Lab) -> Result<()> {
    deploy(&lab.aws()).await?;
    lab.listen(EARS).await?;
    lab.start().await?;
    let open = async |lab: aws_fault_lab::Ambient| {
        let context = Context::of_request(Uuid::from_u128(1));
        Tickets::new(lab.aws(), ambient(&lab)).open(&context, "where is it?").await
    };
    let Some(Ok(ticket_id)) = lab.ask_with("desk", open).await else { return Ok(()) };
    let answer = json!({
        "specversion": "1.0", "id": Uuid::from_u128(2), "source": "/answers", "type": "AnswerGiven",
        "data": { "ticket_id": ticket_id },
    });
    let topic = "arn:aws:sns:us-east-1:000000000000:answer--given";
    aws_sdk_sns::Client::new(&lab.aws())
        .publish()
        .topic_arn(topic)
        .message(answer.to_string())
        .send()
        .await?;
    Ok(())
}
// ANCHOR_END: workload

/// What is stored, and what was heard of it: the types and ids of the events.
struct End {
    tickets: Vec<bool>,
    events: Vec<(String, String)>,
    waiting: i32,
}

impl End {
    async fn of(aws: &SdkConfig) -> Result<Self> {
        let (dynamodb, sqs) = (aws_sdk_dynamodb::Client::new(aws), aws_sdk_sqs::Client::new(aws));
        let tickets =
            dynamodb.scan().table_name(NAME).consistent_read(true).send().await?.items.unwrap_or_default();
        let tickets =
            tickets.iter().map(|item| item.values().any(|value| value.as_bool() == Ok(&true))).collect();
        let waiting =
            dynamodb.scan().table_name(format!("{NAME}-outbox")).consistent_read(true).send().await?.count();
        let url = sqs.get_queue_url().queue_name(EARS).send().await?.queue_url.context("no queue")?;
        // A look that leaves the messages where they are.
        let look = sqs.receive_message().queue_url(url).max_number_of_messages(10).visibility_timeout(0);
        let mut events = Vec::new();
        for message in look.send().await?.messages.unwrap_or_default() {
            let body: Value = serde_json::from_str(message.body().unwrap_or_default())?;
            let event: Value = serde_json::from_str(body["Message"].as_str().unwrap_or_default())?;
            events.push((event["type"].to_string(), event["id"].to_string()));
        }
        events.sort();
        events.dedup();
        Ok(Self { tickets, events, waiting })
    }

    fn told(&self, kind: &str) -> usize {
        self.events.iter().filter(|(told, _)| told.contains(kind)).count()
    }
}

// ANCHOR: invariants
async fn every_change_is_told_once(aws: SdkConfig) -> Result<Vec<String>> {
    let end = End::of(&aws).await?;
    let resolved = end.tickets.iter().filter(|resolved| **resolved).count();
    let mut damage = Vec::new();
    for (kind, changes) in [("TicketOpened", end.tickets.len()), ("TicketResolved", resolved)] {
        let told = end.told(kind);
        if told != changes {
            damage.push(format!("{changes} changes are stored of which {kind} tells, and {told} were told"));
        }
    }
    if end.waiting > 0 {
        damage.push(format!("{} messages wait in the outbox", end.waiting));
    }
    Ok(damage)
}

async fn what_was_answered_is_resolved(aws: SdkConfig) -> Result<Vec<String>> {
    let end = End::of(&aws).await?;
    let (given, resolved) = (end.told("AnswerGiven"), end.tickets.contains(&true));
    Ok(if (given > 0) == resolved {
        vec![]
    } else {
        vec![format!("{given} answers, and resolved: {resolved}")]
    })
}
// ANCHOR_END: invariants

fn aws_of(lab: &aws_fault_lab::Ambient) -> SdkConfig {
    lab.aws().clone()
}

/// Time and ids of the laboratory, in the form in which the library takes them.
fn ambient(lab: &aws_fault_lab::Ambient) -> Ambient {
    let lab = Arc::new(FromLab(lab.clone()));
    Ambient::new(lab.clone(), lab)
}

#[derive(Debug)]
struct FromLab(aws_fault_lab::Ambient);

impl Clock for FromLab {
    fn now(&self) -> time::OffsetDateTime {
        self.0.now()
    }
}

impl Ids for FromLab {
    fn next(&self) -> Uuid {
        self.0.id()
    }
}
