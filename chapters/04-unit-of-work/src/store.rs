//! Customers and orders in DynamoDB.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::Error;
use crate::unit_of_work::UnitOfWork;

const CUSTOMERS: &str = "customers";
const ORDERS: &str = "orders";

/// A customer and the credit that is left. Amounts are in cents.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Customer {
    pub customer_id: Uuid,
    pub name: String,
    pub credit_limit: i64,
    pub available_credit: i64,
    pub version: u64,
    pub created_at: String,
}

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Order {
    pub order_id: Uuid,
    pub customer_id: Uuid,
    pub state: OrderState,
    pub total_amount: i64,
    pub version: u64,
    pub created_at: String,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum OrderState {
    Pending,
    Approved,
    Rejected,
    Cancelled,
}

/// The tables.
#[derive(Clone, Debug)]
pub struct Store {
    dynamodb: Client,
}

impl Store {
    /// The tables behind this client.
    pub fn new(dynamodb: Client) -> Self {
        Self { dynamodb }
    }

    /// The customer with this id, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Aws`]
    pub async fn customer(&self, id: Uuid) -> Result<Option<Customer>, Error> {
        self.get(CUSTOMERS, format!("CUSTOMER#{id}")).await
    }

    /// Adds a new customer to the unit of work.
    ///
    /// # Errors
    ///
    /// [`Error::Aws`] if it cannot be stored as an item.
    pub fn insert_customer(&self, work: &mut UnitOfWork, customer: &Customer) -> Result<(), Error> {
        let key = format!("CUSTOMER#{}", customer.customer_id);
        work.insert(CUSTOMERS, &key, customer, Error::LostRace)
    }

    /// Adds the next version of a customer to the unit of work.
    ///
    /// # Errors
    ///
    /// [`Error::Aws`] if it cannot be stored as an item.
    pub fn update_customer(&self, work: &mut UnitOfWork, mut customer: Customer) -> Result<(), Error> {
        customer.version += 1;
        let key = format!("CUSTOMER#{}", customer.customer_id);
        work.replace(CUSTOMERS, &key, &customer, customer.version - 1)
    }

    /// The order with this id, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Aws`]
    pub async fn order(&self, id: Uuid) -> Result<Option<Order>, Error> {
        self.get(ORDERS, format!("ORDER#{id}")).await
    }

    /// Adds a new order to the unit of work.
    ///
    /// # Errors
    ///
    /// [`Error::Aws`] if it cannot be stored as an item.
    pub fn insert_order(&self, work: &mut UnitOfWork, order: &Order) -> Result<(), Error> {
        work.insert(ORDERS, &format!("ORDER#{}", order.order_id), order, Error::LostRace)
    }

    /// Adds the next version of an order to the unit of work.
    ///
    /// # Errors
    ///
    /// [`Error::Aws`] if it cannot be stored as an item.
    pub fn update_order(&self, work: &mut UnitOfWork, mut order: Order) -> Result<(), Error> {
        order.version += 1;
        work.replace(ORDERS, &format!("ORDER#{}", order.order_id), &order, order.version - 1)
    }

    async fn get<T: DeserializeOwned>(&self, table: &str, key: String) -> Result<Option<T>, Error> {
        let request = self.dynamodb.get_item().table_name(table).consistent_read(true);
        let answer = request.key("PK", AttributeValue::S(key)).send().await.map_err(Error::aws)?;
        answer.item.map(serde_dynamo::from_item).transpose().map_err(Error::aws)
    }
}
