//! What is stored, read whole from DynamoDB.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use serde_json::Value;
use uuid::Uuid;

/// The tables of both services.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) orders: HashMap<Uuid, Order>,
    pub(super) customers: HashMap<Uuid, Customer>,
    /// Messages that wait, and those that were sent, by id.
    pub(super) messages: HashMap<Uuid, Message>,
    /// Rows that are set aside, with the reason.
    pub(super) parked: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Order {
    pub(super) customer: Uuid,
    pub(super) state: String,
    pub(super) total: u64,
}

#[derive(Debug)]
pub(super) struct Customer {
    pub(super) limit: u64,
    pub(super) reserved: u64,
}

/// A row of an outbox, or of a table of sent messages.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) kind: String,
    pub(super) is_waiting: bool,
}

impl Books {
    pub(super) async fn read(dynamodb: &Client) -> anyhow::Result<Self> {
        let orders = scan(dynamodb, "orders").await?;
        let customers = scan(dynamodb, "customers").await?;
        let mut waiting = scan(dynamodb, "orders-outbox").await?;
        waiting.extend(scan(dynamodb, "customers-outbox").await?);
        // After the outboxes: a message is put here before it leaves there, so none is missed.
        let mut sent = scan(dynamodb, "orders-sent").await?;
        sent.extend(scan(dynamodb, "customers-sent").await?);
        let parked = waiting.iter().filter(|row| row["Parked"].is_string()).map(Value::to_string).collect();
        let sent = sent.iter().filter_map(|row| message(row, false));
        Ok(Self {
            orders: orders.iter().filter_map(order).collect(),
            customers: customers.iter().filter_map(customer).collect(),
            messages: sent.chain(waiting.iter().filter_map(|row| message(row, true))).collect(),
            parked,
        })
    }
}

async fn scan(dynamodb: &Client, table: &str) -> anyhow::Result<Vec<Value>> {
    let request = dynamodb.scan().table_name(table).consistent_read(true);
    let items: Result<Vec<_>, _> = request.into_paginator().items().send().collect().await;
    Ok(serde_dynamo::from_items(items?)?)
}

fn order(item: &Value) -> Option<(Uuid, Order)> {
    let state = item["State"].as_str()?.to_owned();
    let order = Order { customer: id(&item["CustomerId"])?, state, total: item["TotalAmount"].as_u64()? };
    Some((id(&item["OrderId"])?, order))
}

fn customer(item: &Value) -> Option<(Uuid, Customer)> {
    let (limit, reserved) = (item["CreditLimit"].as_u64()?, item["CreditReserved"].as_u64()?);
    Some((id(&item["CustomerId"])?, Customer { limit, reserved }))
}

fn message(item: &Value, is_waiting: bool) -> Option<(Uuid, Message)> {
    Some((id(&item["MessageId"])?, Message { kind: item["Kind"].as_str()?.to_owned(), is_waiting }))
}

fn id(value: &Value) -> Option<Uuid> {
    value.as_str()?.parse().ok()
}
