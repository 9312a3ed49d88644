//! Customers and orders in DynamoDB.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::Error;

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

    /// Stores the customer, whatever was stored before.
    ///
    /// # Errors
    ///
    /// [`Error::Aws`]
    pub async fn put_customer(&self, customer: &Customer) -> Result<(), Error> {
        self.put(CUSTOMERS, format!("CUSTOMER#{}", customer.customer_id), customer).await
    }

    /// The order with this id, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Aws`]
    pub async fn order(&self, id: Uuid) -> Result<Option<Order>, Error> {
        self.get(ORDERS, format!("ORDER#{id}")).await
    }

    /// Stores the order, whatever was stored before.
    ///
    /// # Errors
    ///
    /// [`Error::Aws`]
    pub async fn put_order(&self, order: &Order) -> Result<(), Error> {
        self.put(ORDERS, format!("ORDER#{}", order.order_id), order).await
    }

    async fn get<T: DeserializeOwned>(&self, table: &str, key: String) -> Result<Option<T>, Error> {
        let request = self.dynamodb.get_item().table_name(table).consistent_read(true);
        let answer = request.key("PK", AttributeValue::S(key)).send().await.map_err(Error::aws)?;
        answer.item.map(serde_dynamo::from_item).transpose().map_err(Error::aws)
    }

    async fn put<T: Serialize>(&self, table: &str, key: String, value: &T) -> Result<(), Error> {
        let item = serde_dynamo::to_item(value).map_err(Error::aws)?;
        #[expect(clippy::disallowed_methods, reason = "this chapter shows what comes of it")]
        let request = self.dynamodb.put_item().table_name(table).set_item(Some(item));
        request.item("PK", AttributeValue::S(key)).send().await.map_err(Error::aws)?;
        Ok(())
    }
}
