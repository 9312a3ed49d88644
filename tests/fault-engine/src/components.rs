//! A program's components in the form in which the laboratory starts them.

use std::sync::Arc;

use aws_fault_lab::BoxError;
use aws_fault_lab::parts::{Ended, Surroundings, Worker};
use futures::FutureExt as _;
use local_aws::mapping::{Filter, MappingSettings};
use tokio::task::JoinSet;

use crate::probe::PROBE;
use crate::program::{Function, Program};
use crate::workload::Client;

/// New items only: changes and deletions of rows are no news.
const INSERTS: &str = r#"{ "eventName": ["INSERT"] }"#;

/// What has to be in place before the first call.
pub(crate) async fn prepare_faults(around: &Surroundings) -> Result<(), BoxError> {
    let mut working = around.raw.queues().await?;
    working.retain(|name| !name.ends_with("--dlq") && name != PROBE);
    around.prepare(&working).await
}

/// The client, with the program's endpoints as a component.
pub(crate) fn client(around: &Surroundings, program: &Program) -> Client {
    let component: Arc<str> = "http".into();
    let (ambient, http) = (around.of(&component), program.http);
    Client::new(
        around.session.clone(),
        component,
        Box::new(move || http(ambient.clone())),
        program.answers_within,
    )
}

/// Starts workers and functions; they end when the value is dropped.
pub(crate) async fn start(around: &Surroundings, program: &Program) -> Result<JoinSet<()>, BoxError> {
    let worker = |worker: &crate::program::Worker| {
        let run = worker.run;
        // It works until it is stopped.
        let run = Arc::new(move |ambient| run(ambient).map(|()| Ended::Early).boxed());
        Worker { name: worker.name.into(), role: worker.role, run }
    };
    let workers: Vec<_> = program.workers.iter().map(worker).collect();
    let functions: Result<Vec<_>, _> = program.functions.iter().map(function).collect();
    around.start(&workers, &functions?).await
}

fn function(function: &Function) -> Result<aws_fault_lab::parts::Function, BoxError> {
    let (handle, table) = (function.handle, function.table);
    Ok(aws_fault_lab::parts::Function {
        name: function.name.into(),
        table: table.to_owned(),
        mapping: settings(function)?,
        handle: Arc::new(move |ambient, event| handle(ambient, table, event)),
    })
}

/// How a function is mapped to its stream.
pub(crate) fn settings(function: &Function) -> Result<MappingSettings, BoxError> {
    Ok(MappingSettings {
        filter_criteria: vec![Filter::parse(INSERTS)?],
        maximum_batching_window_seconds: 1,
        report_batch_item_failures: true,
        maximum_retry_attempts: function.maximum_retry_attempts,
        ..MappingSettings::default()
    })
}
