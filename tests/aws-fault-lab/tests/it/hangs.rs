//! What does not come to an end is told with the call in which it hangs.

use std::future::pending;

use anyhow::Result;
use aws_fault_lab::{Lab, Laboratory, Limits, Plan, Program, SdkConfig};

async fn nothing(_: SdkConfig) -> Result<()> {
    Ok(())
}

async fn no_damage(_: SdkConfig) -> Result<Vec<String>> {
    Ok(Vec::new())
}

async fn make_a_queue(lab: Lab) -> Result<String> {
    let queue = aws_sdk_sqs::Client::new(&lab.aws()).create_queue().queue_name("work").send().await?;
    Ok(queue.queue_url.unwrap_or_default())
}

fn damage_of(laboratory: &Laboratory, plan: &Plan) -> String {
    laboratory.run(plan).unwrap().damage()
}

#[test]
fn a_workload_that_waits_for_ever_is_told_with_its_last_call() {
    let waits = async |lab: Lab| -> Result<()> {
        let ask = async |aws: SdkConfig| aws_sdk_sqs::Client::new(&aws).list_queues().send().await;
        drop(lab.ask("client", ask).await);
        pending().await
    };
    let damage = damage_of(&Laboratory::new(nothing, waits).invariant("damage", no_damage), &Plan::none());
    let told = "endless     the workload does not come to an end: 7200 s of virtual time have passed, \
                and the last call was call 0 (client: ListQueues ), made at 0.000 s";
    assert!(damage.contains(told), "{damage}");
}

#[test]
fn a_call_that_never_gets_an_answer_is_named() {
    // Without a time-out of the SDK, a lost request is waited for for ever.
    let patient = async |lab: Lab| -> Result<()> {
        make_a_queue(lab.clone()).await?;
        let ask = async |aws: SdkConfig| {
            let timeouts = aws_sdk_sqs::config::timeout::TimeoutConfig::disabled();
            let config = aws_sdk_sqs::config::Builder::from(&aws).timeout_config(timeouts).build();
            aws_sdk_sqs::Client::from_conf(config).get_queue_url().queue_name("work").send().await
        };
        drop(lab.ask("client", ask).await);
        Ok(())
    };
    let laboratory = Laboratory::new(nothing, patient).invariant("damage", no_damage);
    assert_eq!(damage_of(&laboratory, &Plan::none()), "  no damage\n");
    let damage = damage_of(&laboratory, &"request-lost@0".parse().unwrap());
    assert!(damage.contains("call 0 (client: GetQueueUrl work), made at 0.000 s has no answer"), "{damage}");
}

#[test]
fn a_program_that_calls_without_end_is_stopped() {
    async fn spin(aws: SdkConfig) -> Result<()> {
        let sqs = aws_sdk_sqs::Client::new(&aws);
        let url = sqs.get_queue_url().queue_name("work").send().await?.queue_url.unwrap_or_default();
        loop {
            sqs.send_message().queue_url(&url).message_body("again").send().await?;
        }
    }
    let workload = async |lab: Lab| make_a_queue(lab).await.map(drop);
    let limits = Limits { calls: 100, ..Limits::default() };
    let laboratory = Laboratory::new(Program::new().poller("spinner", spin), workload).limits(limits);
    let damage = damage_of(&laboratory, &Plan::none());
    assert!(
        damage.contains("the program does not come to an end: it made 100 calls, which is the limit"),
        "{damage}"
    );
    assert!(damage.contains("(spinner: SendMessage work)"), "{damage}");
}

#[test]
fn a_workload_that_fails_or_panics_is_damage_and_says_why() {
    let fails = async |_: Lab| -> Result<()> { anyhow::bail!("no bread") };
    let damage = damage_of(&Laboratory::new(nothing, fails), &Plan::none());
    assert_eq!(damage, "  workload    no bread\n");
    let panics = async |_: Lab| -> Result<()> { panic!("no butter") };
    let damage = damage_of(&Laboratory::new(nothing, panics), &Plan::none());
    assert_eq!(damage, "  workload    panicked: no butter\n");
}

#[test]
fn a_program_that_fails_over_and_over_comes_to_rest_and_its_error_is_told() {
    let fails = async |_: SdkConfig| -> Result<()> { anyhow::bail!("no table") };
    let workload = async |lab: Lab| make_a_queue(lab).await.map(drop);
    let always = async |_: SdkConfig| -> Result<Vec<String>> { Ok(vec!["nothing was done".to_owned()]) };
    let run = Laboratory::new(fails, workload).invariant("work", always).run(&Plan::none()).unwrap();
    assert!(
        run.outcome().starts_with("    0.000 s  program: no table\n    1.000 s  program: no table"),
        "{}",
        run.outcome()
    );
    assert_eq!(run.damage(), "  work        nothing was done\n");
}
