//! The sample requests, each with the outcome that it must have.

use std::time::Duration;

use anyhow::ensure;
use tokio::time::Instant;

use crate::{
    client::{Client, PATIENCE},
    system::System,
};

const CREDIT_LIMIT: u64 = 24_999;
const ORDER_TOTAL: u64 = 12_399;

/// Performs the sample requests in order and stops at the first wrong outcome.
pub(crate) async fn run(system: &System, token: Option<String>) -> anyhow::Result<()> {
    let client = Client::of(system, token);
    let customer = requests(&client, Some("jane@example.com")).await?;
    pending_order(&client, &customer, system).await?;
    mails(system).await?;
    println!("\nAll six outcomes are right.");
    Ok(())
}

/// The same with a system that is deployed, but for the sixth: nobody stops a relay there.
pub(crate) async fn run_at(url: &str, token: Option<String>) -> anyhow::Result<()> {
    // Without an address: a deployed system would write to somebody.
    requests(&Client::at(url, token), None).await?;
    println!("\nAll five outcomes are right.");
    Ok(())
}

/// The customer, whose credit is whole again.
async fn requests(client: &Client, email: Option<&str>) -> anyhow::Result<String> {
    title(1, "a customer is created");
    let customer = client.create_customer("Jane Doe", CREDIT_LIMIT, email).await?;
    outcome("available credit", client.available_credit(&customer).await?, CREDIT_LIMIT)?;

    title(2, "an order within the limit is approved");
    let order = client.place_order(&customer, ORDER_TOTAL).await?;
    outcome("order", client.decided_state(&order).await?, "APPROVED".to_owned())?;
    outcome("available credit", client.available_credit(&customer).await?, CREDIT_LIMIT - ORDER_TOTAL)?;

    title(3, "an order over the limit is rejected");
    let too_much = client.place_order(&customer, 30_000).await?;
    outcome("order", client.decided_state(&too_much).await?, "REJECTED".to_owned())?;

    title(4, "an order of an unknown customer is rejected");
    let nobody = "00000000-0000-4000-8000-000000000000";
    let of_nobody = client.place_order(nobody, ORDER_TOTAL).await?;
    outcome("order", client.decided_state(&of_nobody).await?, "REJECTED".to_owned())?;

    title(5, "an approved order is cancelled and its credit released");
    outcome("answer", client.cancel(&order).await?.0, 200)?;
    outcome("order", client.order_state(&order).await?, "CANCELLED".to_owned())?;
    outcome("available credit", client.wait_for_credit(&customer, CREDIT_LIMIT).await?, CREDIT_LIMIT)?;
    Ok(customer)
}

async fn pending_order(client: &Client, customer: &str, system: &System) -> anyhow::Result<()> {
    title(
        6,
        "a pending order cannot be cancelled (its message is kept back: the relay of the orders service is stopped)",
    );
    system.pause_orders_relay().await;
    let pending = client.place_order(customer, ORDER_TOTAL).await?;
    let (status, body) = client.cancel(&pending).await?;
    outcome("answer", status, 400)?;
    outcome("error", body["error"].as_str().unwrap_or_default(), "PENDING_ORDER_CANNOT_BE_CANCELLED_ERROR")?;
    println!("  the relay starts again, and nothing was lost:");
    system.resume_orders_relay()?;
    outcome("order", client.decided_state(&pending).await?, "APPROVED".to_owned())
}

/// One mail for each decision about an order of Jane's. The order of nobody has a mail that waits for an
/// address.
async fn mails(system: &System) -> anyhow::Result<()> {
    const DECISIONS: usize = 4;
    let deadline = Instant::now() + PATIENCE;
    let mails = loop {
        let Some(mails) = system.mails() else { return Ok(()) };
        if mails.len() >= DECISIONS || Instant::now() > deadline {
            break mails;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    println!("\nThe mails, one for each decision about an order of Jane's:");
    let mut told: Vec<_> =
        mails.iter().map(|mail| format!("{}: {}", mail.to.join(", "), mail.subject)).collect();
    // Two orders have nothing to do with each other, so their mails may go in either sequence.
    told.sort();
    told.iter().for_each(|line| println!("  {line}"));
    outcome("mails", mails.len(), DECISIONS)
}

fn title(number: u32, text: &str) {
    println!("\n{number}. {text}");
}

fn outcome<T: PartialEq + std::fmt::Display>(what: &str, is: T, should_be: T) -> anyhow::Result<()> {
    ensure!(is == should_be, "{what} is {is}, and should be {should_be}");
    println!("  = {what}: {is}");
    Ok(())
}
