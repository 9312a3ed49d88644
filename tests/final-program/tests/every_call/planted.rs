//! Parts that make the classic mistakes. Each must be found, or the runs over the real parts show nothing.
#![allow(clippy::disallowed_methods, reason = "these do what the real parts must not")]

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use serde_json::json;
use transactional_messaging::{message::Subject, outbox::partition_of};
use uuid::Uuid;

use crate::{
    outside::post,
    trial::{Job, Part},
    world::{Process, World, same},
};

/// The row is written, and then its message: stopped in between, nobody ever hears of it.
pub(crate) const DUAL_WRITE: Part =
    Part { name: "planted: dual write", calls: 2, prepare: |world, seed| Box::pin(dual_write(world, seed)) };
/// The effect of a message is added each time it comes.
pub(crate) const NO_INBOX: Part =
    Part { name: "planted: no inbox", calls: 1, prepare: |world, seed| Box::pin(no_inbox(world, seed)) };

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

async fn dual_write(_: &World, seed: u64) -> Job {
    let id = Uuid::from_u64_pair(4, seed);
    let work = move |process: Process| async move {
        let dynamodb = Client::new(process.aws());
        let put = dynamodb.put_item().table_name("customers").item("PK", text(format!("CUSTOMER#{id}")));
        match put.condition_expression("attribute_not_exists(PK)").send().await {
            Ok(_) => {}
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                return Ok(());
            }
            Err(error) => return Err(error.to_string()),
        }
        let row = dynamodb.put_item().table_name("customers-outbox").item("SK", text("1"));
        let row = row.item("PK", text(partition_of(&Subject::aggregate("customer", id))));
        row.item("Kind", text("CustomerCreated")).send().await.map(drop).map_err(|error| error.to_string())
    };
    Job::new(work, move |world: &World| {
        Box::pin(async move {
            let mut wrong = Vec::new();
            let kinds = world.kinds("customers", &Subject::aggregate("customer", id)).await;
            same(&mut wrong, "the outbox", kinds, vec!["CustomerCreated".to_owned()]);
            wrong
        })
    })
}

async fn no_inbox(world: &World, seed: u64) -> Job {
    let body = json!({"name": "Ada", "credit_limit": 100});
    let id = post(&world.process(), "/customers", &format!("planted-{seed}"), &body).await.unwrap();
    let work = move |process: Process| async move {
        let update = Client::new(process.aws()).update_item().table_name("customers");
        let update =
            update.key("PK", text(format!("CUSTOMER#{id}"))).update_expression("ADD CreditReserved :total");
        let update = update.expression_attribute_values(":total", AttributeValue::N("7".to_owned()));
        update.send().await.map(drop).map_err(|error| error.to_string())
    };
    Job::new(work, move |world: &World| {
        Box::pin(async move {
            let mut wrong = Vec::new();
            let customer = world.item("customers", format!("CUSTOMER#{id}")).await;
            same(&mut wrong, "what is reserved", customer.get("CreditReserved"), Some(&json!(7)));
            wrong
        })
    })
}
