//! Exercise 2: let the inbox forget after 90 days.
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;

use chapter_02::PROGRAM;
use fault_engine::{Plan, run_sabotaged};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const NINETY_DAYS: i64 = 90 * 24 * 60 * 60;

thread_local! {
    /// `CreatedAt` and `ExpiresAt` of each row, as DynamoDB is sent them.
    static ROWS: RefCell<Vec<(String, Option<String>)>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn each_row_expires_90_days_after_it_was_written() {
    let look = |operation: &str, body: &mut serde_json::Value| {
        if operation == "PutItem" && body["TableName"] == "inbox" {
            let created = body["Item"]["CreatedAt"]["S"].as_str().unwrap().to_owned();
            let expires = body["Item"]["ExpiresAt"]["N"].as_str().map(str::to_owned);
            ROWS.with_borrow_mut(|rows| rows.push((created, expires)));
        }
    };
    run_sabotaged(&PROGRAM, &Plan::none(), Some(look)).unwrap();
    let rows = ROWS.take();
    assert!(!rows.is_empty());
    for (created, expires) in rows {
        let expires = expires.unwrap_or_else(|| panic!("the row of {created} has no number ExpiresAt"));
        let created = OffsetDateTime::parse(&created, &Rfc3339).unwrap().unix_timestamp();
        assert_eq!(expires.parse::<i64>().unwrap() - created, NINETY_DAYS);
    }
}
