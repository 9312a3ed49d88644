//! `doctor` before an AWS that has Lambda and CloudWatch: what stands in Terraform is well, and each thing
//! that somebody changes is found.

use std::path::Path;

use aws_sdk_cloudwatch::{
    Client as CloudWatch,
    types::{ComparisonOperator, Statistic},
};
use aws_sdk_lambda::{
    Client as Lambda,
    primitives::Blob,
    types::{
        DestinationConfig, Environment, EventSourcePosition, Filter, FilterCriteria, FunctionCode,
        FunctionResponseType, OnFailure, Runtime, ScalingConfig,
    },
};
use aws_sdk_sqs::types::QueueAttributeName;
use aws_types::SdkConfig;
use e2e::hosts::{Process, start_ministack};
use serde_json::Value;
use support::queues;
use transactional_messaging::channels::Channels;

use crate::world::{Said, command, provide, said, until};

const RELAY: &str = "live-outbox-dynamodb-streams--orders";
const SWEEPER: &str = "live-outbox-sweeper--orders";
const CONSUMER: &str = "live-consumer--notifications";
const QUEUE: &str = "live-notification--order-approved";
const FILTER: &str = include_str!("../../../../terraform/modules/outbox/stream-filter.json");

struct Cloud {
    _ministack: Process,
    aws: SdkConfig,
    lambda: Lambda,
    cloudwatch: CloudWatch,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_functions_mappings_and_alarms_is_found_one_by_one() {
    let cloud = Cloud::start().await;
    let none = cloud.doctor().await;
    none.has("BAD", "mapping of live-orders-outbox", "nobody reads the stream");
    none.has("warn", "alarms", "there are none");

    let (stream, queue) = cloud.deploy().await;
    let well = cloud.doctor().await;
    for what in [RELAY, SWEEPER, CONSUMER].map(|name| format!("function {name}")) {
        well.has("ok", &what, "there, version");
    }
    well.has("ok", "mapping of live-orders-outbox", "on, up to 100 records a batch");
    well.has("ok", &format!("mapping of {QUEUE}"), "on, at most 10 at once");
    well.has("ok", "who hears of alarms by live-alarms", "1");
    well.has("BAD", "mapping of live-customers-outbox", "nobody reads the stream");
    well.has("warn", "alarms of live-outbox-sweeper--orders", "there are none");

    cloud.spoil_the_stream_mapping(&stream).await;
    cloud.spoil_functions().await;
    cloud.spoil_the_queue_mapping(&queue).await;
    cloud.spoil_alarms().await;
}

/// What doctor said, and its exit code.
#[derive(Debug)]
struct Told(Said, Value);

impl Told {
    fn has(&self, verdict: &str, what: &str, why: &str) {
        let checks = self.1["checks"].as_array().unwrap();
        let text = |check: &Value, name: &str| check[name].as_str().unwrap().to_owned();
        let is_it = |check: &&Value| text(check, "what") == what && text(check, "verdict") == verdict;
        let whys: Vec<_> = checks.iter().filter(is_it).map(|check| text(check, "why")).collect();
        assert!(whys.iter().any(|told| told.contains(why)), "{verdict} {what}: {why} is not in {:#}", self.1);
        assert_eq!(self.0.code, Some(i32::from(self.1["bad"] != 0)));
    }
}

impl Cloud {
    async fn start() -> Self {
        let logs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("txm-ministack");
        std::fs::create_dir_all(&logs).unwrap();
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..");
        let (ministack, aws) = start_ministack(&target, &logs).await.unwrap();
        provide(&aws, Channels::Standard).await;
        let (lambda, cloudwatch) = (Lambda::new(&aws), CloudWatch::new(&aws));
        Self { _ministack: ministack, aws, lambda, cloudwatch }
    }

    async fn doctor(&self) -> Told {
        let said = said(command(self.aws.endpoint_url().unwrap(), &["doctor", "--json"])).await;
        let value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"));
        Told(said, value)
    }

    /// As Terraform makes it, for one outbox and one queue; the ids of both mappings.
    async fn deploy(&self) -> (String, String) {
        self.function(RELAY, 120, &[("DYNAMODB_OUTBOX_TABLE_NAME", "live-orders-outbox")]).await;
        self.function(SWEEPER, 270, &[("SCHEDULED_TABLE_NAME", "live-orders-scheduled")]).await;
        self.function(CONSUMER, 60, &[("DYNAMODB_INBOX_TABLE_NAME", "live-notifications-inbox")]).await;
        let s3 = aws_sdk_s3::config::Builder::from(&self.aws).force_path_style(true).build();
        let s3 = aws_sdk_s3::Client::from_conf(s3);
        s3.create_bucket().bucket("live-orders-failures-1").send().await.unwrap();
        let dynamodb = aws_sdk_dynamodb::Client::new(&self.aws);
        let table = dynamodb.describe_table().table_name("live-orders-outbox").send().await.unwrap();
        let source = table.table().unwrap().latest_stream_arn().unwrap().to_owned();
        let mapping = self.lambda.create_event_source_mapping().event_source_arn(source);
        let mapping = mapping.function_name(format!("{RELAY}:live"));
        let stream = mapping
            .starting_position(EventSourcePosition::TrimHorizon)
            .batch_size(100)
            .parallelization_factor(1)
            .maximum_batching_window_in_seconds(0)
            .function_response_types(FunctionResponseType::ReportBatchItemFailures)
            .bisect_batch_on_function_error(true)
            .maximum_retry_attempts(10)
            .maximum_record_age_in_seconds(21_600)
            .filter_criteria(filter(FILTER))
            .destination_config(to("arn:aws:s3:::live-orders-failures-1"));
        let stream = stream.send().await.unwrap().uuid.unwrap();

        self.hide_for(360).await;
        let mapping = self.lambda.create_event_source_mapping().event_source_arn(self.arn(QUEUE).await);
        let mapping = mapping.function_name(format!("{CONSUMER}:live")).batch_size(10);
        let mapping = mapping.function_response_types(FunctionResponseType::ReportBatchItemFailures);
        let queue = mapping.scaling_config(at_once(10)).send().await.unwrap().uuid.unwrap();

        let sns = aws_sdk_sns::Client::new(&self.aws);
        let topic = sns.create_topic().name("live-alarms").send().await.unwrap().topic_arn.unwrap();
        let sqs = aws_sdk_sqs::Client::new(&self.aws);
        sqs.create_queue().queue_name("who-is-on-call").send().await.unwrap();
        let on_call = self.arn("who-is-on-call").await;
        sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(on_call).send().await.unwrap();
        for thing in [RELAY, CONSUMER] {
            self.alarm(&format!("{thing}--errors"), Some(&topic)).await;
        }
        (stream, queue)
    }

    async fn spoil_the_stream_mapping(&self, id: &str) {
        let what = "mapping of live-orders-outbox";
        let change = || self.lambda.update_event_source_mapping().uuid(id);
        change().enabled(false).send().await.unwrap();
        self.doctor().await.has("BAD", what, "it is Disabled");
        change().enabled(true).filter_criteria(filter(r#"{"eventName":["MODIFY"]}"#)).send().await.unwrap();
        self.doctor().await.has("BAD", what, "its filter is not that of terraform");
        let more = change().filter_criteria(filter(FILTER)).set_function_response_types(Some(Vec::new()));
        let more = more.bisect_batch_on_function_error(false).maximum_retry_attempts(-1).batch_size(1);
        let more = more.maximum_record_age_in_seconds(-1).destination_config(to("arn:aws:sqs:us-east-1:1:x"));
        more.send().await.unwrap();
        let told = self.doctor().await;
        told.has("BAD", what, "it does not take ReportBatchItemFailures");
        told.has("BAD", what, "it retries for ever");
        told.has("warn", what, "its maximum record age is -1 s");
        told.has("warn", what, "it does not bisect");
        told.has("warn", what, "its batches are of 1");
        told.has("warn", what, "its failure destination is no bucket");
        change().function_name(RELAY).send().await.unwrap();
        self.doctor().await.has("warn", what, "it calls the newest code and no alias");
        change().function_name(format!("{RELAY}:live")).send().await.unwrap();
    }

    async fn spoil_functions(&self) {
        let what = format!("function {RELAY}");
        let reserve = self.lambda.put_function_concurrency().function_name(RELAY);
        reserve.reserved_concurrent_executions(0).send().await.unwrap();
        self.doctor().await.has("BAD", &what, "its reserved concurrency is 0");
        self.lambda.delete_alias().function_name(RELAY).name("live").send().await.unwrap();
        self.doctor().await.has("BAD", &what, "has no alias live");
        self.lambda.delete_function().function_name(SWEEPER).send().await.unwrap();
        self.function(SWEEPER, 30, &[("DYNAMODB_OUTBOX_TABLE_NAME", "live-customers-outbox")]).await;
        let (what, told) = (format!("function {SWEEPER}"), self.doctor().await);
        told.has("BAD", &what, "its DYNAMODB_OUTBOX_TABLE_NAME is live-customers-outbox");
        told.has("BAD", &what, "its SCHEDULED_TABLE_NAME is not set");
        told.has("warn", &what, "it may run for 30 s, and needs 61");
        self.lambda.delete_function().function_name(SWEEPER).send().await.unwrap();
        self.doctor().await.has("BAD", &what, "it is not there");
    }

    async fn spoil_the_queue_mapping(&self, id: &str) {
        let what = format!("mapping of {QUEUE}");
        self.hide_for(90).await;
        let change = self.lambda.update_event_source_mapping().uuid(id);
        let change = change.set_function_response_types(Some(Vec::new())).filter_criteria(filter(FILTER));
        change.scaling_config(ScalingConfig::builder().build()).send().await.unwrap();
        let told = self.doctor().await;
        told.has("BAD", &what, "the queue hides a message for 90 s, and the function may keep it for 360");
        told.has("BAD", &what, "what the function reports as failed is deleted, and lost");
        told.has("BAD", &what, "it has a filter");
        told.has("warn", &what, "it has no maximum concurrency");
        told.has("BAD", "mapping of live-notification--order-rejected", "no function gets its messages");
    }

    async fn spoil_alarms(&self) {
        let (alarm, sns) = (format!("{RELAY}--errors"), aws_sdk_sns::Client::new(&self.aws));
        self.cloudwatch.disable_alarm_actions().alarm_names(&alarm).send().await.unwrap();
        self.alarm(&format!("{CONSUMER}--errors"), None).await;
        let unheard = sns.create_topic().name("live-alarms").send().await.unwrap().topic_arn.unwrap();
        let all = sns.list_subscriptions_by_topic().topic_arn(&unheard).send().await.unwrap();
        let own = all.subscriptions()[0].subscription_arn().unwrap();
        sns.unsubscribe().subscription_arn(own).send().await.unwrap();
        let told = self.doctor().await;
        told.has("BAD", &format!("alarm {alarm}"), "its actions are switched off");
        told.has("BAD", &format!("alarm {CONSUMER}--errors"), "it has no action");
        told.has("BAD", "who hears of alarms by live-alarms", "nobody is subscribed to live-alarms");
    }

    /// A function with a version that the alias `live` names; what it would do matters to nobody.
    async fn function(&self, name: &str, timeout: i32, variables: &[(&str, &str)]) {
        let told =
            [("DYNAMODB_OUTBOX_TABLE_NAME", "live-orders-outbox"), ("SENT_TABLE_NAME", "live-orders-sent")];
        let all = told.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment = Environment::builder().set_variables(Some(all.collect())).build();
        let code = FunctionCode::builder().zip_file(Blob::new(zip())).build();
        let make = self.lambda.create_function().function_name(name).runtime(Runtime::Providedal2023);
        let make = make.handler("bootstrap").role("arn:aws:iam::000000000000:role/any").code(code);
        make.timeout(timeout).environment(environment).send().await.unwrap();
        until(|| async {
            let asked = self.lambda.get_function_configuration().function_name(name).send().await.unwrap();
            asked.state().is_some_and(|state| state.as_str() == "Active")
                && asked.last_update_status().is_some_and(|status| status.as_str() == "Successful")
        })
        .await;
        let version =
            self.lambda.publish_version().function_name(name).send().await.unwrap().version.unwrap();
        let alias = self.lambda.create_alias().function_name(name).name("live");
        alias.function_version(version).send().await.unwrap();
    }

    async fn alarm(&self, name: &str, topic: Option<&str>) {
        let alarm = self.cloudwatch.put_metric_alarm().alarm_name(name).namespace("AWS/Lambda");
        let alarm = alarm.metric_name("Errors").statistic(Statistic::Sum).period(300).evaluation_periods(1);
        let alarm = alarm.threshold(0.0).comparison_operator(ComparisonOperator::GreaterThanThreshold);
        let alarm =
            alarm.treat_missing_data("notBreaching").set_alarm_actions(topic.map(|arn| vec![arn.to_owned()]));
        alarm.send().await.unwrap();
    }

    async fn hide_for(&self, seconds: i32) {
        let sqs = aws_sdk_sqs::Client::new(&self.aws);
        let change = sqs.set_queue_attributes().queue_url(queues::url(&sqs, QUEUE).await);
        change.attributes(QueueAttributeName::VisibilityTimeout, seconds.to_string()).send().await.unwrap();
    }

    async fn arn(&self, queue: &str) -> String {
        let sqs = aws_sdk_sqs::Client::new(&self.aws);
        let asked = sqs.get_queue_attributes().queue_url(queues::url(&sqs, queue).await);
        let asked = asked.attribute_names(QueueAttributeName::QueueArn).send().await.unwrap();
        asked.attributes.unwrap()[&QueueAttributeName::QueueArn].clone()
    }
}

fn filter(pattern: &str) -> FilterCriteria {
    FilterCriteria::builder().filters(Filter::builder().pattern(pattern).build()).build()
}

fn to(arn: &str) -> DestinationConfig {
    DestinationConfig::builder().on_failure(OnFailure::builder().destination(arn).build()).build()
}

fn at_once(most: i32) -> ScalingConfig {
    ScalingConfig::builder().maximum_concurrency(most).build()
}

/// A zip with a program that does nothing.
fn zip() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("txm-ministack");
    let (program, zip) = (folder.join("bootstrap"), folder.join("function.zip"));
    std::fs::write(&program, "#!/bin/sh\nsleep 60\n").unwrap();
    let mut make = std::process::Command::new("python3");
    let made = make.args(["-m", "zipfile", "-c"]).arg(&zip).arg(&program).status().unwrap();
    assert!(made.success());
    std::fs::read(zip).unwrap()
}
