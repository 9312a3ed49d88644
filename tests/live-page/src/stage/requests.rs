//! What clients do.

use futures::future::join_all;
use serde_json::json;

use super::Stage;
use crate::ledger::short;

/// Cents.
const CREDIT_LIMIT: i64 = 1_000_000;

/// How many requests are under way at once.
const AT_ONCE: usize = 10;

impl Stage {
    pub(super) async fn create(&self) -> Result<String, String> {
        let number = self.number();
        let body = json!({ "name": format!("Customer {number}"), "credit_limit": CREDIT_LIMIT });
        let answer = self.ask("/customers", Some(body)).await?;
        Ok(answer["id"].as_str().unwrap_or_default().to_owned())
    }

    async fn customer(&self) -> Result<String, String> {
        match self.hub.newest_customer() {
            Some(customer) => Ok(customer),
            None => self.create().await,
        }
    }

    /// An order whose total no other order near it has, so that a change of credit says which order it is
    /// for.
    async fn order_of(&self, customer: &str) -> Result<String, String> {
        let total = 1_000 + self.number() * 137 % 9_000;
        let body = json!({ "customer_id": customer, "order_total": total });
        let answer = self.ask("/orders", Some(body)).await?;
        Ok(answer["id"].as_str().map(short).unwrap_or_default().to_owned())
    }

    pub(super) async fn place(&self) -> Result<String, String> {
        self.order_of(&self.customer().await?).await
    }

    pub(super) async fn place_many(&self, count: usize) -> Result<String, String> {
        let customer = self.customer().await?;
        let mut taken = 0;
        for _ in 0..count.div_ceil(AT_ONCE) {
            let answers = join_all((0..AT_ONCE).map(|_| self.order_of(&customer))).await;
            taken += answers.iter().filter(|answer| answer.is_ok()).count();
        }
        Ok(format!("{taken} of {count} orders were taken"))
    }

    pub(super) async fn cancel(&self) -> Result<String, String> {
        let order = self.hub.newest_order("APPROVED").ok_or("no order is approved: place one first")?;
        self.ask(&format!("/order/{order}/cancel"), Some(json!({}))).await?;
        Ok(format!("order {} is cancelled", short(&order)))
    }
}
