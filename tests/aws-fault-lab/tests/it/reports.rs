//! SQS and S3: a program that turns drafts into reports. As planted it takes the draft away before the report
//! is there.

use anyhow::{Context as _, Result};
use aws_fault_lab::{Fault, Lab, Laboratory, Program, SdkConfig};
use aws_sdk_s3::operation::get_object::GetObjectError;

const BUCKET: &str = "desk";

fn s3(aws: &SdkConfig) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(aws).force_path_style(true).build();
    aws_sdk_s3::Client::from_conf(config)
}

async fn object(s3: &aws_sdk_s3::Client, key: &str) -> Result<Option<Vec<u8>>> {
    match s3.get_object().bucket(BUCKET).key(key).send().await {
        Ok(answer) => Ok(Some(answer.body.collect().await?.to_vec())),
        Err(error) if matches!(error.as_service_error(), Some(GetObjectError::NoSuchKey(_))) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn put(s3: &aws_sdk_s3::Client, key: &str, text: Vec<u8>) -> Result<()> {
    s3.put_object().bucket(BUCKET).key(key).body(text.into()).send().await?;
    Ok(())
}

/// Each message is the name of a draft.
async fn finish(aws: SdkConfig, draft_goes_first: bool) -> Result<()> {
    let (sqs, s3) = (aws_sdk_sqs::Client::new(&aws), s3(&aws));
    let url = sqs.get_queue_url().queue_name("drafts").send().await?.queue_url.context("no queue")?;
    loop {
        let answer = sqs.receive_message().queue_url(&url).wait_time_seconds(20).send().await?;
        for message in answer.messages.unwrap_or_default() {
            let name = message.body.unwrap_or_default();
            let draft = format!("drafts/{name}");
            // No draft: it was finished before.
            if let Some(text) = object(&s3, &draft).await? {
                let report = text.to_ascii_uppercase();
                if draft_goes_first {
                    s3.delete_object().bucket(BUCKET).key(&draft).send().await?;
                    put(&s3, &format!("reports/{name}"), report).await?;
                } else {
                    put(&s3, &format!("reports/{name}"), report).await?;
                    s3.delete_object().bucket(BUCKET).key(&draft).send().await?;
                }
            }
            let handle = message.receipt_handle.context("no receipt handle")?;
            sqs.delete_message().queue_url(&url).receipt_handle(handle).send().await?;
        }
    }
}

async fn one_draft(lab: Lab) -> Result<()> {
    let (sqs, s3) = (aws_sdk_sqs::Client::new(&lab.aws()), s3(&lab.aws()));
    s3.create_bucket().bucket(BUCKET).send().await?;
    put(&s3, "drafts/spring", b"it rains".to_vec()).await?;
    let url = sqs.create_queue().queue_name("drafts").send().await?.queue_url.context("no queue")?;
    lab.start().await?;
    sqs.send_message().queue_url(url).message_body("spring").send().await?;
    Ok(())
}

async fn is_finished(aws: SdkConfig) -> Result<Vec<String>> {
    let (report, draft) =
        (object(&s3(&aws), "reports/spring").await?, object(&s3(&aws), "drafts/spring").await?);
    let mut damage = Vec::new();
    if report.as_deref() != Some(b"IT RAINS") {
        damage.push(format!(
            "the report is {:?}",
            report.map(|text| String::from_utf8_lossy(&text).into_owned())
        ));
    }
    if draft.is_some() {
        damage.push("the draft is still there".to_owned());
    }
    Ok(damage)
}

fn laboratory(draft_goes_first: bool) -> Laboratory {
    let program = Program::new().consumer("finisher", move |aws| finish(aws, draft_goes_first));
    Laboratory::new(program, one_draft).invariant("reports", is_finished)
}

#[test]
fn a_draft_that_goes_first_loses_the_report() {
    let survey = laboratory(true).survey().unwrap();
    let crash = &survey.cells[&aws_fault_lab::Row::One(Fault::CrashAfter)];
    let (plan, damage) = crash.example.as_ref().unwrap();
    let struck = laboratory(true).run(plan).unwrap();
    assert_eq!(struck.struck().unwrap().site.to_string(), "finisher: DeleteObject desk/drafts/spring");
    assert!(damage.iter().any(|damage| damage.what == "the report is None"), "{damage:?}");
}

#[test]
fn survives() {
    laboratory(false).check();
}

#[test]
fn every_call_to_s3_is_broken_in_each_way_and_named() {
    let survey = laboratory(false).survey().unwrap();
    assert!(survey.unbroken.is_empty(), "{:?}", survey.unbroken);
    let run = laboratory(false).run(&"throttle@2".parse().unwrap()).unwrap();
    let to_s3: Vec<_> = run.calls.iter().filter(|call| call.service == "S3").collect();
    let operations: Vec<_> = to_s3.iter().map(|call| call.site.operation.as_str()).collect();
    assert_eq!(operations, ["GetObject", "GetObject", "PutObject", "DeleteObject"], "the SDK tries again");
    assert!(run.sequence_diagram(3, 3).contains("participant s3 as S3"));
}
