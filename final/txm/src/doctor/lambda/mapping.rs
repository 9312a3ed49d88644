//! An event source mapping: whether it is on, and what it does with a record that fails. What is right stands
//! in `terraform/modules/outbox` and `terraform/modules/lambda-consumer`.

use aws_sdk_lambda::types::{
    EventSourceMappingConfiguration as Mapping, EventSourcePosition, FunctionResponseType,
};
use serde_json::{Value, json};

use super::super::check::{Check, Findings};

/// What is to wake a relay: new rows of subjects. A test compares it with that of Terraform.
fn wakes() -> Value {
    json!({ "eventName": ["INSERT"], "dynamodb": { "Keys": { "PK": { "S": [{ "prefix": "SUBJECT#" }] } } } })
}

/// The verdict on what reads the stream of an outbox.
pub(super) fn of_stream(table: &str, mapping: &Mapping) -> Vec<Check> {
    let mut found = Findings::of(format!("mapping of {table}"));
    is_on(&mut found, mapping, "only the sweeper sends what lies there");
    by_alias(&mut found, mapping);
    found.bad_if(
        !reports(mapping),
        "it does not take ReportBatchItemFailures: what the relay reports as failed counts as done, and waits \
         for the sweeper",
    );
    found.bad_if(
        filter(mapping).is_some_and(|all| !all.contains(&wakes())),
        "its filter is not that of terraform/modules/outbox/stream-filter.json: what it does not let through \
         waits for the sweeper",
    );
    found.warn_if(
        filter(mapping).is_none(),
        "it has no filter: each row that was sent and deleted wakes the relay once more",
    );
    batches(&mut found, mapping);
    gives_up(&mut found, mapping);
    let [batch, factor] = [mapping.batch_size(), mapping.parallelization_factor()].map(|n| n.unwrap_or(1));
    found.checks(format!(
        "on, up to {batch} records a batch, {factor} at once of each shard, {} retries within {} min",
        mapping.maximum_retry_attempts().unwrap_or_default(),
        mapping.maximum_record_age_in_seconds().unwrap_or_default() / 60
    ))
}

fn batches(found: &mut Findings, mapping: &Mapping) {
    let batch = mapping.batch_size().unwrap_or(100);
    found.warn_if(
        !(10..=1_000).contains(&batch),
        format!("its batches are of {batch}: below 10 each message costs an invocation, above 1000 none ends in time"),
    );
    let window = mapping.maximum_batching_window_in_seconds().unwrap_or_default();
    found.warn_if(window > 1, format!("it waits for up to {window} s before it wakes the relay"));
    found.warn_if(
        mapping.starting_position().is_some_and(|at| *at != EventSourcePosition::TrimHorizon),
        "it does not begin with the oldest record: what was written before it was there waits for the sweeper",
    );
}

/// What happens to a record that fails again and again.
fn gives_up(found: &mut Findings, mapping: &Mapping) {
    let retries = mapping.maximum_retry_attempts().unwrap_or(-1);
    let age = mapping.maximum_record_age_in_seconds().unwrap_or(-1);
    found.bad_if(
        retries < 0,
        "it retries for ever: one record that fails holds up its shard for a day; set maximum retry attempts",
    );
    found.warn_if(retries == 0, "it retries nothing: one call that fails, and the sweeper has to do it");
    found.warn_if(
        !(60..=43_200).contains(&age),
        format!(
            "its maximum record age is {age} s: the stream forgets after 24 hours, so let it be 12 at most"
        ),
    );
    found.warn_if(
        mapping.bisect_batch_on_function_error() != Some(true),
        "it does not bisect: a batch that fails as a whole is given up as a whole",
    );
    let to = mapping.destination_config().and_then(|to| to.on_failure()?.destination());
    found.warn_if(
        to.is_none(),
        "what Lambda gives up is kept nowhere, and nobody is told: give it a bucket as its failure destination",
    );
    found.warn_if(
        to.is_some_and(|arn| !arn.contains(":s3:::")),
        "its failure destination is no bucket, and no other keeps the records themselves",
    );
}

/// The verdict on what takes messages out of a queue, which hides them for so many seconds, for a function
/// that may run for so many.
pub(super) fn of_queue(queue: &str, mapping: &Mapping, hidden: i64, timeout: Option<i32>) -> Vec<Check> {
    let mut found = Findings::of(format!("mapping of {queue}"));
    is_on(&mut found, mapping, "nobody takes its messages");
    by_alias(&mut found, mapping);
    found.bad_if(
        !reports(mapping),
        "it does not take ReportBatchItemFailures: what the function reports as failed is deleted, and lost",
    );
    found.bad_if(
        filter(mapping).is_some(),
        "it has a filter: what that does not let through is deleted, and lost",
    );
    let most = mapping.scaling_config().and_then(|scaling| scaling.maximum_concurrency());
    found.warn_if(
        most.is_none(),
        "it has no maximum concurrency: a full queue uses up what the account has for all functions",
    );
    let needed = timeout.map(|timeout| 6 * i64::from(timeout));
    found.bad_if(
        needed.is_some_and(|needed| hidden < needed),
        format!(
            "the queue hides a message for {hidden} s, and the function may keep it for {}: it is handled twice \
             at once",
            needed.unwrap_or_default()
        ),
    );
    found.checks(format!("on, at most {} at once", most.unwrap_or_default()))
}

fn is_on(found: &mut Findings, mapping: &Mapping, so: &str) {
    let state = mapping.state().unwrap_or("in no known state");
    let why = mapping.state_transition_reason().unwrap_or("Lambda gives no reason");
    let is_changing = matches!(state, "Creating" | "Enabling" | "Updating");
    found.warn_if(is_changing, format!("it is {state}; ask again"));
    found.bad_if(!is_changing && state != "Enabled", format!("it is {state} ({why}): {so}; enable it"));
    let last = mapping.last_processing_result().filter(|text| text.contains("PROBLEM"));
    found.bad_if(last.is_some(), format!("its last batch: {}", last.unwrap_or_default()));
    let error = mapping.filter_criteria_error().and_then(|error| error.message());
    found.bad_if(error.is_some(), format!("its filter cannot be read: {}", error.unwrap_or_default()));
}

fn by_alias(found: &mut Findings, mapping: &Mapping) {
    let target = mapping.function_arn().and_then(super::function::Target::of_arn);
    found.warn_if(
        target.is_some_and(|target| target.qualifier.is_none()),
        "it calls the newest code and no alias, so there is no version to roll back to",
    );
}

fn reports(mapping: &Mapping) -> bool {
    mapping.function_response_types().contains(&FunctionResponseType::ReportBatchItemFailures)
}

/// The patterns; none where everything passes.
fn filter(mapping: &Mapping) -> Option<Vec<Value>> {
    let filters = mapping.filter_criteria()?.filters();
    let pattern = |text: &str| serde_json::from_str(text).unwrap_or_default();
    Some(filters.iter().filter_map(|filter| filter.pattern()).map(pattern).collect::<Vec<_>>())
        .filter(|patterns| !patterns.is_empty())
}
