//! What requests of the real SDK are found to need.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, DeleteRequest, Get, KeysAndAttributes, Put, PutRequest, TransactGetItem,
    TransactWriteItem, Update, WriteRequest,
};
use aws_types::SdkConfig;
use local_aws::InMemoryAws;
use permissions::CallLog;

const ACCOUNT: &str = "us-east-1:000000000000";

/// The needs of what `calls` does. Nothing has to exist: AWS looks at permissions first.
async fn needs<F: Future<Output = ()>>(calls: impl FnOnce(SdkConfig) -> F) -> Vec<(String, String)> {
    let log = CallLog::default();
    calls(log.noted(&InMemoryAws::new().unwrap().sdk_config(), "orders")).await;
    log.calls()
        .into_iter()
        .map(|(component, need, _)| {
            assert_eq!(component, "orders");
            (need.action, need.resource.replace(ACCOUNT, "OWNER"))
        })
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(action, resource)| ((*action).to_owned(), (*resource).to_owned())).collect()
}

#[tokio::test]
async fn a_transaction_needs_what_its_actions_need() {
    let key = || AttributeValue::S("1".to_owned());
    let found = needs(|aws| async move {
        let put = Put::builder().table_name("orders").item("PK", key()).build().unwrap();
        let update =
            Update::builder().table_name("orders-outbox").key("PK", key()).update_expression("REMOVE a");
        let check =
            ConditionCheck::builder().table_name("customers").key("PK", key()).condition_expression("a");
        let request = aws_sdk_dynamodb::Client::new(&aws).transact_write_items();
        let request = request.transact_items(TransactWriteItem::builder().put(put).build());
        let request =
            request.transact_items(TransactWriteItem::builder().update(update.build().unwrap()).build());
        let check = TransactWriteItem::builder().condition_check(check.build().unwrap()).build();
        drop(request.transact_items(check).send().await);
    });
    let expected = [
        ("dynamodb:ConditionCheckItem", "arn:aws:dynamodb:OWNER:table/customers"),
        ("dynamodb:PutItem", "arn:aws:dynamodb:OWNER:table/orders"),
        ("dynamodb:UpdateItem", "arn:aws:dynamodb:OWNER:table/orders-outbox"),
    ];
    assert_eq!(found.await, pairs(&expected));
}

#[tokio::test]
async fn a_query_of_an_index_is_one_on_the_index() {
    let found = needs(|aws| async move {
        let query = aws_sdk_dynamodb::Client::new(&aws).query().table_name("orders");
        let query = query.index_name("PendingIndex").key_condition_expression("PendingShard = :shard");
        drop(query.send().await);
    });
    let expected = [("dynamodb:Query", "arn:aws:dynamodb:OWNER:table/orders/index/PendingIndex")];
    assert_eq!(found.await, pairs(&expected));
}

#[tokio::test]
async fn a_transaction_of_reads_needs_what_a_single_read_needs() {
    let found = needs(|aws| async move {
        let get = Get::builder().table_name("orders-outbox").key("PK", AttributeValue::S("1".to_owned()));
        let get = TransactGetItem::builder().get(get.build().unwrap()).build();
        drop(aws_sdk_dynamodb::Client::new(&aws).transact_get_items().transact_items(get).send().await);
    });
    let expected = [("dynamodb:GetItem", "arn:aws:dynamodb:OWNER:table/orders-outbox")];
    assert_eq!(found.await, pairs(&expected));
}

#[tokio::test]
async fn a_batch_of_items_needs_an_action_of_its_own_on_each_table() {
    let found = needs(|aws| async move {
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
        let key = || [("PK".to_owned(), AttributeValue::S("1".to_owned()))];
        let keys = KeysAndAttributes::builder().keys(key().into()).build().unwrap();
        drop(dynamodb.batch_get_item().request_items("orders-outbox", keys).send().await);
        let put = PutRequest::builder().set_item(Some(key().into())).build().unwrap();
        let put = WriteRequest::builder().put_request(put).build();
        let delete = DeleteRequest::builder().set_key(Some(key().into())).build().unwrap();
        let delete = WriteRequest::builder().delete_request(delete).build();
        let batch = dynamodb.batch_write_item().request_items("orders-sent", vec![put]);
        drop(batch.request_items("orders-outbox", vec![delete]).send().await);
    });
    let expected = [
        ("dynamodb:BatchGetItem", "arn:aws:dynamodb:OWNER:table/orders-outbox"),
        ("dynamodb:BatchWriteItem", "arn:aws:dynamodb:OWNER:table/orders-outbox"),
        ("dynamodb:BatchWriteItem", "arn:aws:dynamodb:OWNER:table/orders-sent"),
    ];
    assert_eq!(found.await, pairs(&expected));
}

#[tokio::test]
async fn a_batch_needs_what_the_single_call_needs() {
    let found = needs(|aws| async move {
        let topic = "arn:aws:sns:us-east-1:000000000000:order--created";
        drop(aws_sdk_sns::Client::new(&aws).publish_batch().topic_arn(topic).send().await);
        let queue = "http://in-memory.localhost/000000000000/order--created";
        drop(aws_sdk_sqs::Client::new(&aws).delete_message_batch().queue_url(queue).send().await);
        drop(aws_sdk_sqs::Client::new(&aws).get_queue_url().queue_name("q--dlq").send().await);
    });
    let expected = [
        ("sns:Publish", "arn:aws:sns:OWNER:order--created"),
        ("sqs:DeleteMessage", "arn:aws:sqs:OWNER:order--created"),
        ("sqs:GetQueueUrl", "arn:aws:sqs:OWNER:q--dlq"),
    ];
    assert_eq!(found.await, pairs(&expected));
}

#[tokio::test]
async fn a_mail_needs_the_identity_of_its_sender() {
    let found = needs(|aws| async move {
        let mail = aws_sdk_sesv2::Client::new(&aws).send_email().from_email_address("shop@example.com");
        drop(mail.content(aws_sdk_sesv2::types::EmailContent::builder().build()).send().await);
    });
    let expected = [("ses:SendEmail", "arn:aws:ses:OWNER:identity/shop@example.com")];
    assert_eq!(found.await, pairs(&expected));
}
