//! Starts a program's components, and starts them again when they have crashed.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use serde_json::json;
use tokio::task::JoinSet;

use crate::ambient::Ambient;
use crate::call::SECOND_COPY;
use crate::fault::Fault;
use crate::probe::PROBE;
use crate::program::{BoxError, Function, Role, Start};
use crate::session::Session;
use crate::stream;
use crate::workload::Client;
use crate::world::World;

/// How long a crashed component takes to start again.
const RESTART: Duration = Duration::from_secs(1);

/// Seconds for which a received message stays hidden when consumers are slow.
const SHORT_VISIBILITY: u32 = 2;

/// Bodies that no consumer can read: no JSON, JSON without an envelope, an event of a kind that nobody knows.
const POISON: [&str; 3] = [
    "<order><total>12</total></order>",
    r#"{"Type":"Notification","Message":"{\"hello\":\"world\"}"}"#,
    r#"{"Type":"Notification","Message":"{\"id\":\"00000000-0000-4000-8000-0000000000ff\",\"type\":\"OrderShipped\",\"data\":{}}"}"#,
];

/// How many variants of a poison payload there are for this many queues.
pub(crate) fn poison_variants(queues: usize) -> usize {
    queues * POISON.len()
}

/// What has to be in place before the first call.
pub(crate) async fn prepare_faults(world: &World) -> Result<(), BoxError> {
    let queues: Vec<_> = world.raw.queues().await?;
    let working: Vec<_> = queues.iter().filter(|name| !name.ends_with("--dlq") && *name != PROBE).collect();
    let plan = world.session.plan();
    if plan.has(Fault::ConcurrentConsumers) {
        for queue in &working {
            let attributes = json!({ "VisibilityTimeout": SHORT_VISIBILITY.to_string() });
            world.raw.sqs("SetQueueAttributes", queue, json!({ "Attributes": attributes })).await?;
        }
    }
    for variant in plan.at(Fault::PoisonPayload) {
        if let Some(queue) = working.get(variant / POISON.len() % working.len().max(1)) {
            let body = json!({ "MessageBody": POISON[variant % POISON.len()] });
            world.raw.sqs("SendMessage", queue, body).await?;
        }
    }
    Ok(())
}

/// The client, with the program's endpoints as a component.
pub(crate) fn client(world: &World) -> Client {
    let component: Arc<str> = "http".into();
    let (ambient, http) = (world.ambient(&component), world.program.http);
    Client::new(
        world.session.clone(),
        component,
        Box::new(move || http(ambient.clone())),
        world.program.answers_within,
    )
}

/// Starts workers and functions; they end when the value is dropped.
pub(crate) async fn start(world: &World) -> Result<JoinSet<()>, BoxError> {
    let mut running = JoinSet::new();
    let plan = world.session.plan();
    let pollers = world.program.functions.is_empty();
    for worker in world.program.workers {
        let twice = match worker.role {
            Role::Consumer => plan.has(Fault::ConcurrentConsumers) || plan.has(Fault::HalfVisible),
            Role::Relay => plan.has(Fault::ConcurrentRelays) && pollers,
        };
        let copies: &[&str] = if twice { &["", SECOND_COPY] } else { &[""] };
        for copy in copies {
            let component: Arc<str> = format!("{}{copy}", worker.name).into();
            let ambient = world.ambient(&component);
            running.spawn(supervise(world.session.clone(), component, ambient, worker.run));
        }
    }
    for function in world.program.functions {
        running.spawn(stream::map(world, *function).await?);
    }
    Ok(running)
}

async fn supervise(session: Session, component: Arc<str>, ambient: Ambient, run: Start) {
    let crash = session.crash_signal(&component);
    loop {
        tokio::select! {
            biased;
            () = crash.notified() => {}
            () = run(ambient.clone()) => {}
        }
        let _restarting = session.restarting();
        tokio::time::sleep(RESTART).await;
    }
}

/// One invocation of a function: a crash is an error of the invocation.
pub(crate) async fn invoke(
    session: &Session,
    component: &Arc<str>,
    ambient: Ambient,
    function: &Function,
    event: Event,
) -> Result<DynamoDbEventResponse, BoxError> {
    let crash = session.crash_signal(component);
    tokio::select! {
        biased;
        () = crash.notified() => Err("the function crashed".into()),
        answer = (function.handle)(ambient, function.table, event) => answer,
    }
}
