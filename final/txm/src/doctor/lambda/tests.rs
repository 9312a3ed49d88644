//! What Lambda answers, judged. What of it can be brought about on an AWS that runs here is tested there.

use aws_sdk_lambda::{
    operation::get_function_configuration::{
        GetFunctionConfigurationOutput as Configuration,
        builders::GetFunctionConfigurationOutputBuilder as Builder,
    },
    types::{
        DestinationConfig, EnvironmentResponse, EventSourcePosition, Filter, FilterCriteria,
        FilterCriteriaError, FunctionResponseType, LastUpdateStatus, OnFailure, ScalingConfig, State,
        builders::EventSourceMappingConfigurationBuilder as MappingBuilder,
    },
};

use super::{
    super::check::{Check, Verdict},
    function::{Facts, Needs, Target, judged},
    mapping::{of_queue, of_stream},
};

const FILTER: &str = include_str!("../../../../../terraform/modules/outbox/stream-filter.json");
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:live-relay";

fn filter(pattern: &str) -> FilterCriteria {
    FilterCriteria::builder().filters(Filter::builder().pattern(pattern).build()).build()
}

fn to(arn: &str) -> DestinationConfig {
    DestinationConfig::builder().on_failure(OnFailure::builder().destination(arn).build()).build()
}

/// As Terraform makes it.
fn stream() -> MappingBuilder {
    super::Mapping::builder()
        .state("Enabled")
        .function_arn(format!("{FUNCTION}:live"))
        .starting_position(EventSourcePosition::TrimHorizon)
        .batch_size(100)
        .parallelization_factor(1)
        .function_response_types(FunctionResponseType::ReportBatchItemFailures)
        .bisect_batch_on_function_error(true)
        .maximum_retry_attempts(10)
        .maximum_record_age_in_seconds(21_600)
        .filter_criteria(filter(FILTER))
        .destination_config(to("arn:aws:s3:::live-orders-failures-1"))
        .last_processing_result("No records processed")
}

fn queue() -> MappingBuilder {
    super::Mapping::builder()
        .state("Enabled")
        .function_arn(format!("{FUNCTION}:live"))
        .function_response_types(FunctionResponseType::ReportBatchItemFailures)
        .scaling_config(ScalingConfig::builder().maximum_concurrency(10).build())
}

fn only(checks: &[Check], verdict: Verdict, text: &str) {
    let [check] = checks else { panic!("{text}: {checks:?}") };
    assert!(check.verdict == verdict && check.why.contains(text), "{text}: {check:?}");
}

#[test]
fn a_stream_mapping_as_terraform_makes_it_is_well_and_each_change_is_one_line() {
    only(&of_stream("outbox", &stream().build()), Verdict::Ok, "on, up to 100 records a batch");
    let spoilt: [(MappingBuilder, Verdict, &str); 16] = [
        (stream().state("Disabled"), Verdict::Bad, "it is Disabled"),
        (stream().set_state(None), Verdict::Bad, "in no known state"),
        (stream().state("Updating"), Verdict::Warn, "ask again"),
        (stream().function_arn(FUNCTION), Verdict::Warn, "no alias"),
        (stream().last_processing_result("PROBLEM: Function call failed"), Verdict::Bad, "PROBLEM"),
        (
            stream().filter_criteria_error(FilterCriteriaError::builder().message("KMS").build()),
            Verdict::Bad,
            "its filter cannot be read: KMS",
        ),
        (stream().set_function_response_types(None), Verdict::Bad, "ReportBatchItemFailures"),
        (
            stream().filter_criteria(filter(r#"{"eventName":["INSERT"]}"#)),
            Verdict::Bad,
            "is not that of terraform",
        ),
        (stream().set_filter_criteria(None), Verdict::Warn, "it has no filter"),
        (stream().batch_size(9), Verdict::Warn, "its batches are of 9"),
        (stream().maximum_batching_window_in_seconds(60), Verdict::Warn, "up to 60 s"),
        (stream().starting_position(EventSourcePosition::Latest), Verdict::Warn, "the oldest record"),
        (stream().set_maximum_retry_attempts(None), Verdict::Bad, "it retries for ever"),
        (stream().maximum_record_age_in_seconds(86_400), Verdict::Warn, "its maximum record age is 86400 s"),
        (stream().set_bisect_batch_on_function_error(None), Verdict::Warn, "it does not bisect"),
        (stream().set_destination_config(None), Verdict::Warn, "kept nowhere"),
    ];
    for (mapping, verdict, text) in spoilt {
        only(&of_stream("outbox", &mapping.build()), verdict, text);
    }
    let elsewhere = stream().destination_config(to("arn:aws:sqs:eu-west-1:1:given-up")).build();
    only(&of_stream("outbox", &elsewhere), Verdict::Warn, "no bucket");
}

#[test]
fn a_queue_mapping_as_terraform_makes_it_is_well_and_each_change_is_one_line() {
    let of = |mapping: MappingBuilder, hidden| of_queue("queue", &mapping.build(), hidden, Some(60));
    only(&of(queue(), 360), Verdict::Ok, "at most 10 at once");
    only(&of(queue(), 359), Verdict::Bad, "359 s, and the function may keep it for 360");
    only(&of(queue().state("Disabling"), 360), Verdict::Bad, "nobody takes its messages");
    only(&of(queue().set_function_response_types(None), 360), Verdict::Bad, "and lost");
    only(&of(queue().filter_criteria(filter("{}")), 360), Verdict::Bad, "it has a filter");
    only(&of(queue().set_scaling_config(None), 360), Verdict::Warn, "no maximum concurrency");
    let unknown = of_queue("queue", &queue().build(), 30, None);
    only(&unknown, Verdict::Ok, "on");
}

fn called() -> Builder {
    let variables = [("DYNAMODB_OUTBOX_TABLE_NAME".to_owned(), "live-orders-outbox".to_owned())];
    let environment = EnvironmentResponse::builder().set_variables(Some(variables.into()));
    let builder = Configuration::builder().version("7").timeout(120).environment(environment.build());
    builder.state(State::Active).last_update_status(LastUpdateStatus::Successful)
}

fn verdict(called: Builder, newest: Builder, reserved: Option<i32>) -> Vec<Check> {
    let facts = Facts { called: called.build(), newest: newest.build(), reserved };
    let variables = vec![
        ("DYNAMODB_OUTBOX_TABLE_NAME", "live-orders-outbox".to_owned()),
        ("MESSAGING_FIFO", "false".to_owned()),
    ];
    let target = Target::of_arn(&format!("{FUNCTION}:live")).unwrap();
    judged(&target, Some(&facts), &Needs { least_timeout: 61, variables })
}

#[test]
fn a_function_is_well_when_it_may_run_was_changed_well_and_is_told_what_it_must_be() {
    only(&verdict(called(), called(), None), Verdict::Ok, "there, version 7, may run for 120 s");
    only(&verdict(called(), called(), Some(5)), Verdict::Ok, "there");
    only(&verdict(called(), called(), Some(0)), Verdict::Bad, "its reserved concurrency is 0");
    let failed = called().last_update_status(LastUpdateStatus::Failed).last_update_status_reason("no role");
    only(&verdict(called(), failed, None), Verdict::Bad, "its last change failed: no role");
    let changing = called().last_update_status(LastUpdateStatus::InProgress);
    only(&verdict(called(), changing, None), Verdict::Warn, "it is being changed");
    only(&verdict(called().state(State::Failed), called(), None), Verdict::Bad, "Lambda cannot run it");
    only(&verdict(called().state(State::Pending), called(), None), Verdict::Warn, "made ready");
    only(&verdict(called().timeout(60), called(), None), Verdict::Warn, "for 60 s, and needs 61");
    let untold = called().environment(EnvironmentResponse::builder().build());
    only(&verdict(untold, called(), None), Verdict::Bad, "its DYNAMODB_OUTBOX_TABLE_NAME is not set");
    let target = Target::of_arn(&format!("{FUNCTION}:live")).unwrap();
    only(&judged(&target, None, &Needs::default()), Verdict::Bad, "has no alias live");
    only(&judged(&Target::newest("x"), None, &Needs::default()), Verdict::Bad, "it is not there");
}

#[test]
fn an_arn_names_a_function_and_what_of_it_is_called() {
    let target = |arn: &str| Target::of_arn(arn).map(|target| (target.name, target.qualifier));
    assert_eq!(target(FUNCTION), Some(("live-relay".to_owned(), None)));
    assert_eq!(target(&format!("{FUNCTION}:7")), Some(("live-relay".to_owned(), Some("7".to_owned()))));
    assert_eq!(target("live-relay"), None);
}
