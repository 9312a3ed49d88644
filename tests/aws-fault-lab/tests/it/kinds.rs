//! What a laboratory can be made of beside one consumer: functions on streams, clients that are asked,
//! several invariants.

use anyhow::{Context as _, Result};
use aws_fault_lab::{Fault, Lab, Laboratory, Program, Row, SdkConfig};
use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    StreamSpecification, StreamViewType,
};
use local_aws::mapping::MappingSettings;

async fn table(aws: &SdkConfig, name: &str) -> Result<()> {
    let key = AttributeDefinition::builder().attribute_name("PK").attribute_type(ScalarAttributeType::S);
    let schema = KeySchemaElement::builder().attribute_name("PK").key_type(KeyType::Hash);
    let stream =
        StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewImage);
    let request = aws_sdk_dynamodb::Client::new(aws).create_table().table_name(name);
    let request = request.billing_mode(BillingMode::PayPerRequest).attribute_definitions(key.build()?);
    request.key_schema(schema.build()?).stream_specification(stream.build()?).send().await?;
    Ok(())
}

async fn count(aws: &SdkConfig, table: &str) -> Result<i32> {
    let request = aws_sdk_dynamodb::Client::new(aws).scan().table_name(table).consistent_read(true);
    Ok(request.send().await?.count())
}

/// Copies what is new in `notes` to `copies`.
async fn copy(aws: SdkConfig, event: Event) -> Result<DynamoDbEventResponse> {
    let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
    for record in event.records {
        let image = serde_json::to_value(&record.change.new_image)?;
        let key = image["PK"]["S"].as_str().or(image["PK"].as_str()).context("no key")?;
        let request = dynamodb.put_item().table_name("copies");
        request.item("PK", AttributeValue::S(key.to_owned())).send().await?;
    }
    Ok(DynamoDbEventResponse::default())
}

/// A note of a client that asks again when it hears nothing.
async fn take_a_note(lab: Lab) -> Result<()> {
    table(&lab.aws(), "notes").await?;
    table(&lab.aws(), "copies").await?;
    lab.start().await?;
    let put = async |aws: SdkConfig| {
        let request = aws_sdk_dynamodb::Client::new(&aws).put_item().table_name("notes");
        request.item("PK", AttributeValue::S("milk".to_owned())).send().await.is_ok()
    };
    while lab.ask("desk", put).await != Some(true) {
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    }
    Ok(())
}

#[test]
fn a_function_behind_a_stream_and_a_client_are_broken_and_recover() {
    let program = Program::new().function("copier", "notes", MappingSettings::default(), copy);
    let laboratory = Laboratory::new(program, take_a_note)
        .invariant("notes", async |aws| {
            let count = count(&aws, "notes").await?;
            anyhow::Ok(if count == 1 { vec![] } else { vec![format!("{count} notes")] })
        })
        .invariant("copies", async |aws| {
            let count = count(&aws, "copies").await?;
            anyhow::Ok(if count == 1 { vec![] } else { vec![format!("{count} copies")] })
        });
    let survey = laboratory.survey().unwrap();
    let damaged: Vec<_> = survey.cells.iter().filter(|(_, cell)| !cell.damaged.is_empty()).collect();
    assert!(damaged.is_empty(), "{damaged:?}");
    for fault in [Fault::CrashAfter, Fault::StreamRedelivery, Fault::SplitShard] {
        assert!(survey.cells[&Row::One(fault)].runs > 0, "{fault}");
    }
    let run = laboratory.run(&"crash-after@0".parse().unwrap()).unwrap();
    let desk = run.calls.iter().filter(|call| &*call.site.component == "desk");
    assert_eq!(desk.count(), 2, "the client asks again after the crash");
}
