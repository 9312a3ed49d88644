//! Tables, topics and queues, made through the real SDK: what Terraform does in AWS.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_fault_lab::BoxError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
};
use aws_sdk_sqs::types::QueueAttributeName;
use aws_types::SdkConfig;
use local_aws::{ACCOUNT_ID, Blueprint, InMemoryAws, REGION, StartError};
use serde_json::json;

use crate::program::Program;

/// The topics of the chapters' services. The laboratory listens to whatever topics a program has made.
pub const TOPICS: [&str; 8] = [
    "customer--created",
    "customer--credit-reserved",
    "customer--credit-reservation-failed",
    "customer--validation-failed",
    "order--created",
    "order--approved",
    "order--rejected",
    "order--cancelled",
];

/// A message that was received so often and never deleted goes to the dead-letter queue.
const MAX_RECEIVES: u32 = 5;

/// Seconds for which a received message stays hidden, the default of SQS.
const VISIBILITY_SECONDS: u32 = 30;

/// What each program deploys: made once, by the program itself, and copied for each run.
static DEPLOYED: Mutex<BTreeMap<&str, Arc<Deployed>>> = Mutex::new(BTreeMap::new());

/// What a program has deployed.
#[derive(Debug)]
pub struct Deployed {
    blueprint: Blueprint,
    /// By how much the state of `fastrand`, which the SDK asks, went on meanwhile.
    chance: u64,
}

impl Deployed {
    /// Deploys a program, if that was not done before in this process.
    ///
    /// # Errors
    ///
    /// Those of its deployment.
    pub async fn by(program: &Program) -> Result<Arc<Self>, BoxError> {
        let known = || DEPLOYED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(deployed) = known().get(program.name) {
            return Ok(deployed.clone());
        }
        let before = fastrand::get_seed();
        let blueprint = Blueprint::of(async |aws| (program.deploy)(aws).await).await?;
        let deployed = Arc::new(Self { blueprint, chance: fastrand::get_seed().wrapping_sub(before) });
        known().insert(program.name, deployed.clone());
        Ok(deployed)
    }

    /// An AWS in which it has just been deployed by a run with this seed.
    ///
    /// # Errors
    ///
    /// [`StartError`] if there is no database to be had.
    pub async fn build(&self, seed: u64) -> Result<InMemoryAws, StartError> {
        fastrand::seed(seed.wrapping_add(self.chance));
        self.blueprint.build().await
    }
}

/// Makes resources.
#[derive(Clone, Debug)]
pub struct Deployment {
    dynamodb: aws_sdk_dynamodb::Client,
    sns: aws_sdk_sns::Client,
    sqs: aws_sdk_sqs::Client,
}

/// A table; its partition key is the text `PK`, and it has a stream of new and old images.
#[derive(Clone, Copy, Debug, Default)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Whether it has the sort key `SK`, a text.
    pub sort_key: bool,
    /// An index over all attributes: its name, partition key and sort key, both texts.
    pub index: Option<(&'static str, &'static str, &'static str)>,
    /// The attribute that holds when an item expires.
    pub expires_at: Option<&'static str>,
}

impl Deployment {
    /// Into the AWS that these settings lead to.
    pub fn new(aws: &SdkConfig) -> Self {
        Self {
            dynamodb: aws_sdk_dynamodb::Client::new(aws),
            sns: aws_sdk_sns::Client::new(aws),
            sqs: aws_sdk_sqs::Client::new(aws),
        }
    }

    /// Makes a table.
    ///
    /// # Errors
    ///
    /// What AWS says.
    pub async fn table(&self, table: Table) -> Result<(), BoxError> {
        let mut request = self
            .dynamodb
            .create_table()
            .table_name(table.name)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(text("PK")?)
            .key_schema(key("PK", KeyType::Hash)?);
        if table.sort_key {
            request = request.attribute_definitions(text("SK")?).key_schema(key("SK", KeyType::Range)?);
        }
        if let Some((name, partition, sort)) = table.index {
            let index = GlobalSecondaryIndex::builder()
                .index_name(name)
                .key_schema(key(partition, KeyType::Hash)?)
                .key_schema(key(sort, KeyType::Range)?)
                .projection(Projection::builder().projection_type(ProjectionType::All).build())
                .build()?;
            request = request
                .attribute_definitions(text(partition)?)
                .attribute_definitions(text(sort)?)
                .global_secondary_indexes(index);
        }
        let stream = StreamSpecification::builder().stream_enabled(true);
        let stream = stream.stream_view_type(StreamViewType::NewAndOldImages).build()?;
        request.stream_specification(stream).send().await?;
        if let Some(attribute) = table.expires_at {
            let setting =
                TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build()?;
            let request = self.dynamodb.update_time_to_live().table_name(table.name);
            request.time_to_live_specification(setting).send().await?;
        }
        Ok(())
    }

    /// Makes a topic.
    ///
    /// # Errors
    ///
    /// What AWS says.
    pub async fn topic(&self, name: &str) -> Result<(), BoxError> {
        self.sns.create_topic().name(name).send().await?;
        Ok(())
    }

    /// Makes a queue with its dead-letter queue `NAME--dlq`, and subscribes it to the topic.
    ///
    /// # Errors
    ///
    /// What AWS says.
    pub async fn queue(&self, name: &str, topic: &str) -> Result<(), BoxError> {
        let dead_letters = format!("{name}--dlq");
        self.sqs.create_queue().queue_name(&dead_letters).send().await?;
        let redrive = json!({
            "deadLetterTargetArn": format!("arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{dead_letters}"),
            "maxReceiveCount": MAX_RECEIVES,
        });
        let visibility = VISIBILITY_SECONDS.to_string();
        let queue = self.sqs.create_queue().queue_name(name);
        let queue = queue.attributes(QueueAttributeName::RedrivePolicy, redrive.to_string());
        queue.attributes(QueueAttributeName::VisibilityTimeout, visibility).send().await?;
        self.subscribe(name, topic).await
    }

    async fn subscribe(&self, queue: &str, topic: &str) -> Result<(), BoxError> {
        let request = self.sns.subscribe().topic_arn(format!("arn:aws:sns:{REGION}:{ACCOUNT_ID}:{topic}"));
        let request = request.protocol("sqs").endpoint(format!("arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{queue}"));
        request.send().await?;
        Ok(())
    }
}

fn text(name: &str) -> Result<AttributeDefinition, BoxError> {
    let definition = AttributeDefinition::builder().attribute_name(name);
    Ok(definition.attribute_type(ScalarAttributeType::S).build()?)
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, BoxError> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
}
