//! What was committed, read from the streams of the aggregates' tables: every image of every order and
//! customer, in the order in which DynamoDB stored them. No word of the program's own is needed.

use aws_fault_lab::BoxError;
use aws_fault_lab::parts::Raw;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::facts::State;

/// One commit on one aggregate.
#[derive(Clone, Debug)]
pub(crate) enum Commit {
    Order(OrderImage),
    /// The customer as it was before, if it was, and as it is now.
    Customer(Option<CustomerImage>, CustomerImage),
}

#[derive(Clone, Debug)]
pub(crate) struct OrderImage {
    pub(crate) id: String,
    pub(crate) state: State,
    pub(crate) total: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct CustomerImage {
    pub(crate) id: String,
    pub(crate) limit: i64,
    pub(crate) available: i64,
}

/// Reads the streams of `orders` and `customers` bit by bit.
#[derive(Debug)]
pub(crate) struct History {
    raw: Raw,
    orders: String,
    customers: String,
    pub(crate) commits: Vec<Commit>,
}

impl History {
    pub(crate) async fn open(raw: Raw) -> Result<Self, BoxError> {
        let orders = first_iterator(&raw, "orders").await?;
        let customers = first_iterator(&raw, "customers").await?;
        Ok(Self { raw, orders, customers, commits: Vec::new() })
    }

    /// Reads what is new.
    pub(crate) async fn read(&mut self) -> Result<(), BoxError> {
        let (records, next) = page(&self.raw, &self.orders).await?;
        self.orders = next;
        for record in &records {
            self.commits.extend(order(&record["NewImage"])?.map(Commit::Order));
        }
        let (records, next) = page(&self.raw, &self.customers).await?;
        self.customers = next;
        let images = |record: &Value| {
            Some(Commit::Customer(customer(&record["OldImage"]), customer(&record["NewImage"])?))
        };
        self.commits.extend(records.iter().filter_map(images));
        Ok(())
    }
}

/// A run writes far fewer records than one page holds.
async fn page(raw: &Raw, iterator: &str) -> Result<(Vec<Value>, String), BoxError> {
    let mut answer = raw.streams("GetRecords", json!({ "ShardIterator": iterator })).await?;
    let next = answer["NextShardIterator"].as_str().ok_or("the stream has ended")?.to_owned();
    let records = answer["Records"].as_array_mut().map(std::mem::take).unwrap_or_default();
    Ok((records.into_iter().map(|mut record| record["dynamodb"].take()).collect(), next))
}

async fn first_iterator(raw: &Raw, table: &str) -> Result<String, BoxError> {
    let arn = raw.stream_arn(table).await?;
    let answer = raw.streams("DescribeStream", json!({ "StreamArn": arn })).await?;
    let shard = &answer["StreamDescription"]["Shards"][0]["ShardId"];
    let request = json!({ "StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
    let answer = raw.streams("GetShardIterator", request).await?;
    Ok(answer["ShardIterator"].as_str().ok_or("the stream has no iterator")?.to_owned())
}

/// None if the item is no order. What is one, and in a state that nobody knows, cannot be judged.
fn order(image: &Value) -> Result<Option<OrderImage>, BoxError> {
    let parts = (&image["OrderId"]["S"], &image["State"]["S"], number(&image["TotalAmount"]));
    let (Value::String(id), state @ Value::String(text), Some(total)) = parts else { return Ok(None) };
    let state = State::deserialize(state).map_err(|_| {
        format!("order {id} is in the state {text}, which the laboratory does not know: add it in facts.rs")
    })?;
    Ok(Some(OrderImage { id: id.clone(), state, total }))
}

/// The credit left is stored as a number, or follows from what is stored as reserved.
fn customer(image: &Value) -> Option<CustomerImage> {
    let limit = number(&image["CreditLimit"])?;
    let available = number(&image["AvailableCredit"])
        .or(number(&image["CreditReserved"]).map(|reserved| limit - reserved))?;
    Some(CustomerImage { id: image["CustomerId"]["S"].as_str()?.to_owned(), limit, available })
}

fn number(value: &Value) -> Option<i64> {
    value["N"].as_str()?.parse().ok()
}
