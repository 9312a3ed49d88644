//! The receipt: what an order and a message cost, in counted units and dollars, line by line.

use std::fmt::Write as _;

use anyhow::Result;
use fault_lab::programs::PROGRAMS;
use serde::Serialize;

use crate::{
    designs,
    measure::of_an_order,
    meter::{Bill, Entry, Unit},
    prices::{price, scope},
};

/// What one design costs.
#[derive(Clone, Debug, Serialize)]
pub struct Receipt {
    /// The program or design.
    pub name: String,
    /// Whether it was run and counted, or its code was read.
    pub counted: bool,
    /// The lines of one approved order.
    pub lines: Vec<Line>,
    /// US dollars for a million approved orders.
    pub dollars: f64,
    /// The lines of one message, from commit to commit.
    pub message: Vec<Line>,
    /// US dollars for a million messages.
    pub message_dollars: f64,
}

/// One line.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// What is billed, and for what.
    #[serde(flatten)]
    pub entry: Entry,
    /// How much for one order.
    pub amount: f64,
    /// US dollars for a million orders.
    pub dollars: f64,
    /// Why it is so much.
    pub why: &'static str,
}

impl Receipt {
    fn new(name: &str, counted: bool, bill: Bill) -> Self {
        let message = lines(message_of(&bill));
        let lines = lines(bill);
        let (dollars, message_dollars) = (dollars(&lines), dollars(&message));
        Self { name: name.to_owned(), counted, lines, dollars, message, message_dollars }
    }

    /// Its lines as a table.
    pub fn lines(&self) -> String {
        let how = if self.counted { "counted" } else { "from its code" };
        let mut text = format!("{}: one approved order, {how}\n", self.name);
        for Line { entry, amount, dollars, why } in &self.lines {
            let Entry { unit, component, operation, target } = entry;
            let (unit, amount) = (price(*unit).unit, short(*amount));
            let _ = writeln!(
                text,
                "  {amount:>4} {unit:<12} {dollars:>7.3}  {component:<17} {operation:<24} {target:<39} {why}"
            );
        }
        text
    }
}

fn lines(bill: Bill) -> Vec<Line> {
    let line = |(entry, amount): (Entry, f64)| Line {
        dollars: amount * price(entry.unit).dollars,
        why: why(&entry),
        entry,
        amount,
    };
    bill.into_iter().map(line).collect()
}

fn dollars(lines: &[Line]) -> f64 {
    lines.iter().map(|line| line.dollars).sum()
}

fn sum(lines: &[Line], unit: Unit) -> f64 {
    let amounts = lines.iter().filter(|line| line.entry.unit == unit).map(|line| line.amount);
    // An empty sum of floats is minus zero.
    amounts.fold(0.0, |sum, amount| sum + amount)
}

/// Two decimals at most.
fn short(amount: f64) -> String {
    format!("{amount:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// One message of an order, from the commit that one message leads to until the commit that the next one
/// does: a message is received, the order changes, that is told, published and done with. The orders service
/// does that once for an order, and its relay has two messages of an order. What the order's own indexes cost
/// is the order's.
fn message_of(order: &Bill) -> Bill {
    let share = |entry: &Entry| match entry.component.as_str() {
        "orders" | "approve-order" if !entry.target.starts_with("orders.") => 1.0,
        relay if relay.starts_with("orders-") => 0.5,
        _ => 0.0,
    };
    let shares = order.iter().map(|(entry, amount)| (entry.clone(), amount * share(entry)));
    shares.filter(|(_, amount)| *amount > 0.0).collect()
}

/// Runs all programs and reads the designs, and says what each costs, with so many orders placed at the same
/// moment. The designs are those of an order alone.
///
/// # Errors
///
/// When a program cannot be run, or its orders do not end as they should.
pub fn receipts(together: u32) -> Result<Vec<Receipt>> {
    let mut receipts = vec![
        Receipt::new("dual write", false, designs::dual_write()),
        Receipt::new("original", false, designs::original()),
    ];
    for program in PROGRAMS {
        let bill = of_an_order(program, together)?;
        let is_kept = |(entry, _): &(Entry, f64)| entry.target.ends_with("-sent");
        let keeps_nothing: Bill = bill.clone().into_iter().filter(|line| !is_kept(line)).collect();
        let keeps = keeps_nothing.len() < bill.len();
        receipts.push(Receipt::new(program.name, true, bill));
        if keeps {
            // Without the table of sent messages the relay makes the same calls, less the puts there.
            receipts.push(Receipt::new("final, sent off", true, keeps_nothing));
        }
    }
    Ok(receipts)
}

/// All of them in one table, with the prices.
pub fn summary(receipts: &[Receipt]) -> String {
    let mut text = format!(
        "{:<16}{:>8}{:>8}{:>6}{:>6}{:>13}{:>12}   {:>8}{:>12}\n",
        "", "writes", "reads", "SNS", "SQS", "invocations", "$/million", "writes", "$/million"
    );
    let _ = writeln!(text, "{:<16}{:>53}   {:>20}", "", "an approved order", "a message");
    for receipt in receipts {
        let [writes, reads, sns, sqs, invocations] = Unit::ALL.map(|unit| short(sum(&receipt.lines, unit)));
        let _ = writeln!(
            text,
            "{:<16}{writes:>8}{reads:>8}{sns:>6}{sqs:>6}{invocations:>13}{:>12.2}   {:>8}{:>12.2}",
            receipt.name,
            receipt.dollars,
            short(sum(&receipt.message, Unit::Writes)),
            receipt.message_dollars
        );
    }
    let _ = writeln!(text, "\nPrices of a million ({}):", scope());
    for unit in Unit::ALL {
        let price = price(unit);
        let _ = writeln!(text, "  {:<12} ${:.4}  {}", price.unit, price.dollars, price.source);
    }
    text
}

/// Why a line has its amount ("Amazon DynamoDB Developer Guide, Read and write operations"; "Amazon SNS
/// pricing"; "Amazon SQS pricing").
fn why(entry: &Entry) -> &'static str {
    let indexed = entry.target.contains('.');
    match (entry.unit, entry.operation.as_str()) {
        (Unit::Writes, _) if indexed => "an entry put, changed or taken out of an index: one unit a KB",
        (Unit::Writes, "TransactWriteItems") => "an item in a transaction: two units a KB",
        (Unit::Writes, _) => "an item: one unit a KB, deleted too",
        (Unit::Reads, "TransactGetItems") => "an item in a transaction: two units for 4 KB, there or not",
        (Unit::Reads, "TransactWriteItems") => "a transaction sent again: it is read, not written",
        (Unit::Reads, _) => "an item or a query: one unit for 4 KB, half of it if a late answer will do",
        (Unit::Sns, _) => "a request: 64 KB, a batch of ten is one",
        (Unit::Sqs, "ReceiveMessage") => "a poll that brought messages, up to ten",
        (Unit::Sqs, _) => "a request: a batch of ten is one",
        (Unit::Invocations, _) => "a batch of records; its own cost, without the calls that it makes",
    }
}
