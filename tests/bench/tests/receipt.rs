//! The receipt, to the last unit. A change of it is a change of what everybody pays: look at the lines before
//! you accept it.
#![allow(clippy::unwrap_used)]

use bench::receipt::{receipts, summary};

#[test]
fn every_design_costs_what_its_receipt_says() {
    let receipts = receipts(1).unwrap();
    let lines: String = receipts.iter().map(|receipt| receipt.lines() + "\n").collect();
    insta::assert_snapshot!("receipt", lines);
    // The book shows it.
    insta::assert_snapshot!("summary", summary(&receipts));
}
