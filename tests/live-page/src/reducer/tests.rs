//! Calls as they go over the wire, and what must be told of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::judge::{Standing, judge};

const NOTHING: [What; 0] = [];
const QUEUE: &str = "http://127.0.0.1:1/000000000000/customer--order-created";

/// Sees calls one after the other, a second apart.
struct Seen {
    reducer: Reducer,
    at_ms: u64,
}

impl Seen {
    fn nothing() -> Self {
        Self { reducer: Reducer::new(), at_ms: 0 }
    }

    fn raw(&mut self, operation: &str, request: String, (status, answer): (u16, String)) -> Vec<What> {
        self.at_ms += 1_000;
        let (operation, request, answer) = (operation.to_owned(), request.into(), answer.into());
        let facts = self.reducer.see(&Exchange { at_ms: self.at_ms, operation, request, status, answer });
        facts.iter().map(|fact| fact.what).collect()
    }

    fn json(&mut self, operation: &str, request: Value, answer: Value) -> Vec<What> {
        self.raw(operation, request.to_string(), (200, answer.to_string()))
    }

    fn publish(&mut self, message: &Value, status: u16) -> Vec<What> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", "Publish")
            .append_pair("TopicArn", "arn:aws:sns:us-east-1:0:order--created");
        form.append_pair("Message", &message.to_string());
        let answer = "<ErrorResponse><Error><Code>InvalidParameter</Code></Error></ErrorResponse>";
        self.raw("Publish", form.finish(), (status, answer.to_owned()))
    }

    fn receive(&mut self, message: &Value, receipt: &str) -> Vec<What> {
        let messages = json!([{ "ReceiptHandle": receipt, "Body": body(message) }]);
        self.json("ReceiveMessage", json!({ "QueueUrl": QUEUE }), json!({ "Messages": messages }))
    }

    fn delete(&mut self, receipt: &str) -> Vec<What> {
        self.json("DeleteMessage", json!({ "QueueUrl": QUEUE, "ReceiptHandle": receipt }), json!({}))
    }

    fn broken(&self) -> Vec<&'static str> {
        let all = judge(&self.reducer, self.at_ms + 60_000, &BTreeMap::new());
        all.iter().filter(|one| one.standing == Standing::Broken).map(|one| one.name).collect()
    }
}

fn envelope(id: &str, kind: &str) -> Value {
    json!({ "id": id, "type": kind, "source": "/orders", "correlationid": "talk-1", "subject": "order/o-1",
            "data": { "order_id": "o-1", "customer_id": "c-1", "order_total": 1_200 } })
}

fn body(message: &Value) -> String {
    let topic = "arn:aws:sns:us-east-1:0:order--created";
    json!({ "Type": "Notification", "TopicArn": topic, "Message": message.to_string() }).to_string()
}

fn order(state: &str) -> Value {
    json!({ "PK": { "S": "ORDER#o-1" }, "OrderId": { "S": "o-1" }, "CustomerId": { "S": "c-1" },
            "State": { "S": state }, "TotalAmount": { "N": "1200" } })
}

fn row(message: &Value) -> Value {
    json!({ "PK": { "S": "SUBJECT#order/o-1" }, "SK": { "S": "0" }, "Topic": { "S": "order--created" },
            "Message": { "S": message.to_string() } })
}

fn put(table: &str, item: Value) -> Value {
    json!({ "Put": { "TableName": table, "Item": item } })
}

fn inbox_row() -> Value {
    put("customers-inbox", json!({ "PK": { "S": "MESSAGE#customer--order-created#m-1" } }))
}

#[test]
fn a_commit_is_a_change_and_what_tells_of_it_and_a_relay_reads_publishes_and_deletes_the_row() {
    let (mut seen, message) = (Seen::nothing(), envelope("m-1", "OrderCreated"));
    let commit =
        json!({ "TransactItems": [put("orders", order("PENDING")), put("orders-outbox", row(&message))] });
    assert_eq!(seen.json("TransactWriteItems", commit, json!({})), [What::Changed, What::Stored]);
    let keys = json!({ "PK": { "S": "SUBJECT#order/o-1" }, "SK": { "S": "0" } });
    let records = json!({ "Records": [{ "eventName": "INSERT", "dynamodb": { "Keys": keys } }] });
    assert_eq!(seen.json("GetRecords", json!({}), records), [What::Woken]);
    assert_eq!(seen.publish(&message, 200), [What::Published]);
    let delete = json!({ "RequestItems": { "orders-outbox": [{ "DeleteRequest": { "Key": keys } }] } });
    assert_eq!(seen.json("BatchWriteItem", delete, json!({})), [What::Cleared]);
    let fact = seen.reducer.facts.front().unwrap();
    assert_eq!(
        (fact.conversation.as_deref(), fact.detail.as_str()),
        (Some("talk-1"), "order o-1 is PENDING")
    );
}

#[test]
fn what_a_topic_took_of_a_batch_is_published_and_the_rest_refused_with_its_code() {
    let mut seen = Seen::nothing();
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", "PublishBatch")
        .append_pair("TopicArn", "arn:aws:sns:us-east-1:0:order--created");
    for (number, id) in [(1, "m-1"), (2, "m-2")] {
        let member = format!("PublishBatchRequestEntries.member.{number}");
        form.append_pair(&format!("{member}.Id"), id);
        form.append_pair(&format!("{member}.Message"), &envelope(id, "OrderCreated").to_string());
    }
    let answer = "<Successful><member><Id>m-2</Id></member></Successful>\
                  <Failed><member><Id>m-1</Id><Code>InvalidParameter</Code></member></Failed>";
    let told = seen.raw("PublishBatch", form.finish(), (200, answer.to_owned()));
    assert_eq!(told, [What::Refused, What::Published]);
    assert_eq!(seen.reducer.facts[0].detail, "InvalidParameter");
}

#[test]
fn a_message_is_handled_by_the_commit_that_remembers_it_and_its_copy_is_a_duplicate() {
    let (mut seen, message) = (Seen::nothing(), envelope("m-1", "OrderCreated"));
    let delivery = json!({ "QueueUrl": QUEUE, "MessageBody": body(&message) });
    let told = seen.json(local_aws::DELIVER, delivery.clone(), json!({}));
    assert_eq!(told, [What::Published, What::Delivered], "the queue has it before the publisher hears of it");
    assert_eq!(seen.publish(&message, 200), NOTHING, "told of already");
    assert_eq!(seen.receive(&message, "r-1"), [What::Received]);
    assert_eq!(seen.reducer.facts[0].place, "order--created");
    let commit = json!({ "TransactItems": [inbox_row()] });
    assert_eq!(seen.json("TransactWriteItems", commit.clone(), json!({})), [What::Handled]);
    assert_eq!(seen.delete("r-1"), NOTHING);
    assert!(seen.reducer.resting.iter().next().is_none(), "it rests nowhere any more");

    seen.receive(&message, "r-2");
    let reasons = json!({ "CancellationReasons": [{ "Code": "ConditionalCheckFailed" }] });
    let again = seen.raw("TransactWriteItems", commit.to_string(), (400, reasons.to_string()));
    assert_eq!(again, [What::Duplicate]);
    assert_eq!(seen.delete("r-2"), NOTHING);
}

#[test]
fn the_inbox_names_a_queue_without_the_prefix_and_the_ending_that_its_deployment_gives_it() {
    let (mut seen, message) = (Seen::nothing(), envelope("m-1", "OrderCreated"));
    let queue = json!({ "QueueUrl": "http://aws/0/live-customer--order-created.fifo" });
    let messages = json!([{ "ReceiptHandle": "r-1", "Body": body(&message) }]);
    seen.json("ReceiveMessage", queue, json!({ "Messages": messages }));
    let commit = json!({ "TransactItems": [inbox_row()] });
    assert_eq!(seen.json("TransactWriteItems", commit, json!({})), [What::Handled]);
    assert_eq!(seen.reducer.facts[1].place, "live-customer--order-created.fifo");
    assert_eq!(seen.delete("r-1"), NOTHING, "told of already");
}

#[test]
fn without_an_inbox_a_message_is_handled_when_it_is_deleted() {
    let (mut seen, message) = (Seen::nothing(), envelope("m-1", "OrderCreated"));
    seen.receive(&message, "r-1");
    assert_eq!(seen.delete("r-1"), [What::Handled]);
}

#[test]
fn a_longer_visibility_is_no_return_and_any_other_is() {
    let (mut seen, message) = (Seen::nothing(), envelope("m-1", "OrderCreated"));
    let queue =
        json!({ "QueueName": "customer--order-created", "Attributes": { "VisibilityTimeout": "30" } });
    seen.json("CreateQueue", queue, json!({}));
    seen.receive(&message, "r-1");
    let hide = |seconds| json!({ "QueueUrl": QUEUE, "ReceiptHandle": "r-1", "VisibilityTimeout": seconds });
    assert_eq!(seen.json("ChangeMessageVisibility", hide(30), json!({})), NOTHING);
    assert_eq!(seen.json("ChangeMessageVisibility", hide(12), json!({})), [What::GivenBack]);
}

#[test]
fn a_mark_on_a_row_is_a_parked_message_and_a_dead_letter_says_why() {
    let (mut seen, message) = (Seen::nothing(), envelope("m-1", "OrderCreated"));
    seen.json("PutItem", json!({ "TableName": "orders-outbox", "Item": row(&message) }), json!({}));
    let mark = |expression: &str| {
        let key = json!({ "PK": { "S": "SUBJECT#order/o-1" }, "SK": { "S": "0" } });
        json!({ "TableName": "orders-outbox", "Key": key, "UpdateExpression": expression,
                "ExpressionAttributeValues": { ":reason": { "S": "too long" } } })
    };
    assert_eq!(seen.json("UpdateItem", mark("SET Parked = :reason"), json!({})), [What::Parked]);
    assert_eq!(seen.reducer.facts.back().unwrap().detail, "too long");
    assert_eq!(seen.json("UpdateItem", mark("REMOVE Parked"), json!({})), [What::Unparked]);

    let reason = json!({ "reason": { "StringValue": "unreadable" } });
    let dead =
        json!({ "QueueUrl": format!("{QUEUE}--dlq"), "MessageBody": "{oops", "MessageAttributes": reason });
    assert_eq!(seen.json("SendMessage", dead, json!({})), [What::DeadLettered]);
}

#[test]
fn a_change_that_nobody_is_told_of_is_a_loss_and_one_that_is_told_of_is_none() {
    let mut seen = Seen::nothing();
    seen.json("PutItem", json!({ "TableName": "orders", "Item": order("PENDING") }), json!({}));
    assert_eq!(seen.broken(), ["no loss", "end"]);
    seen.publish(&envelope("m-1", "OrderCreated"), 200);
    assert_eq!(seen.broken(), ["end"], "it is told of, but nothing is under way for it");
}

#[test]
fn a_message_of_a_change_that_was_not_committed_is_a_phantom() {
    let mut seen = Seen::nothing();
    seen.publish(&envelope("m-1", "OrderCreated"), 400);
    assert_eq!(seen.broken(), Vec::<&str>::new(), "it was refused");
    seen.publish(&envelope("m-1", "OrderCreated"), 200);
    assert_eq!(seen.broken(), ["no phantom"]);
}

#[test]
fn credit_that_is_reserved_twice_for_an_order_breaks_effect_once_and_money() {
    let (mut seen, message) = (Seen::nothing(), envelope("m-1", "OrderCreated"));
    let customer = |available: &str| {
        json!({ "TableName": "customers", "Item": {
                "PK": { "S": "CUSTOMER#c-1" }, "CustomerId": { "S": "c-1" }, "CreditLimit": { "N": "9000" }, "AvailableCredit": { "N": available } } })
    };
    seen.json("PutItem", customer("9000"), json!({}));
    seen.json("PutItem", json!({ "TableName": "orders", "Item": order("APPROVED") }), json!({}));
    seen.publish(&envelope("m-9", "OrderApproved"), 200);
    seen.receive(&message, "r-1");
    seen.json("PutItem", customer("7800"), json!({}));
    seen.delete("r-1");
    assert_eq!(seen.broken(), Vec::<&str>::new());
    seen.receive(&message, "r-2");
    seen.json("PutItem", customer("6600"), json!({}));
    seen.delete("r-2");
    assert_eq!(seen.broken(), ["effect once", "money"]);
}

#[test]
fn events_of_an_order_that_leave_in_another_sequence_break_order() {
    let mut seen = Seen::nothing();
    for state in ["PENDING", "APPROVED"] {
        seen.json("PutItem", json!({ "TableName": "orders", "Item": order(state) }), json!({}));
    }
    seen.publish(&envelope("m-2", "OrderApproved"), 200);
    seen.publish(&envelope("m-1", "OrderCreated"), 200);
    assert_eq!(seen.broken(), ["order"]);
}

#[test]
fn an_answer_without_a_cause_was_caused_by_what_its_service_had_in_hand() {
    let mut seen = Seen::nothing();
    let plain = |id: &str| json!({ "id": id, "type": "E", "data": { "order_id": "o-1" } });
    seen.receive(&plain("m-1"), "r-1");
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("TopicArn", "arn:aws:sns:us-east-1:0:customer--credit-reserved");
    form.append_pair("Message", &plain("m-2").to_string());
    seen.raw("Publish", form.finish(), (200, String::new()));
    let answer = seen.reducer.messages.get(&"m-2".to_owned()).unwrap();
    assert_eq!(answer.cause.as_deref(), Some("m-1"));
}

#[test]
fn what_cannot_be_read_is_passed_over() {
    let mut seen = Seen::nothing();
    for operation in ["TransactWriteItems", "ReceiveMessage", "PublishBatch", "GetRecords", "Nonsense", ""] {
        for text in ["", "{", "[]", "null", "{\"TransactItems\": 7}", "\u{0}"] {
            assert_eq!(
                seen.raw(operation, text.to_owned(), (200, text.to_owned())),
                NOTHING,
                "{operation} {text}"
            );
        }
    }
}
