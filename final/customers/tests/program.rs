//! The program itself, not its library. Cargo builds a package's program for the integration tests of that
//! package, and the end-to-end tests run it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

#[test]
fn without_settings_it_ends_and_names_all_that_are_missing() {
    let output = Command::new(env!("CARGO_BIN_EXE_customers")).env_clear().output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{error}");
    for name in [
        "ENVIRONMENT",
        "AWS_REGION",
        "DYNAMODB_CUSTOMERS_TABLE_NAME",
        "DYNAMODB_INBOX_TABLE_NAME",
        "DYNAMODB_OUTBOX_TABLE_NAME",
    ] {
        assert!(error.contains(name), "{name} is not in: {error}");
    }
}

#[test]
fn a_health_check_fails_while_nobody_listens() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_customers"));
    let tables = ["DYNAMODB_CUSTOMERS_TABLE_NAME", "DYNAMODB_INBOX_TABLE_NAME", "DYNAMODB_OUTBOX_TABLE_NAME"];
    let base = [("ENVIRONMENT", "autotest"), ("AWS_REGION", "us-east-1"), ("PORT", "1")];
    program.env_clear().envs(base).envs(tables.map(|name| (name, "t"))).arg("--health");
    let output = program.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("not healthy"), "{error}");
}

#[test]
fn an_argument_that_it_does_not_know_starts_no_second_service() {
    for argument in ["--helth", "health"] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_customers"));
        let output = program.env_clear().arg(argument).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(argument), "{error}");
    }
}
