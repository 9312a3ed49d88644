//! The program itself, not its library. Cargo builds a package's program for the integration tests of that
//! package, and the end-to-end tests run it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

#[test]
fn without_settings_it_ends_and_names_all_that_are_missing() {
    let output = Command::new(env!("CARGO_BIN_EXE_orders")).env_clear().output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{error}");
    for name in [
        "ENVIRONMENT",
        "AWS_REGION",
        "DYNAMODB_ORDERS_TABLE_NAME",
        "DYNAMODB_INBOX_TABLE_NAME",
        "DYNAMODB_OUTBOX_TABLE_NAME",
    ] {
        assert!(error.contains(name), "{name} is not in: {error}");
    }
}

#[test]
fn a_health_check_fails_while_nobody_listens() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_orders"));
    let tables = ["DYNAMODB_ORDERS_TABLE_NAME", "DYNAMODB_INBOX_TABLE_NAME", "DYNAMODB_OUTBOX_TABLE_NAME"];
    let base = [("ENVIRONMENT", "autotest"), ("AWS_REGION", "us-east-1"), ("PORT", "1")];
    program.env_clear().envs(base).envs(tables.map(|name| (name, "t"))).arg("--health");
    let output = program.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("not healthy"), "{error}");
}

#[test]
fn an_argument_that_it_does_not_know_starts_no_second_service() {
    for argument in ["--helth", "health"] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_orders"));
        let output = program.env_clear().arg(argument).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(argument), "{error}");
    }
}

/// The endpoint stands where no setting of ours is read: in the file that `AWS_CONFIG_FILE` names.
#[test]
fn in_production_nothing_is_sent_to_an_endpoint_of_the_configuration_file() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("aws-config");
    let endpoint = format!("[default]\nendpoint_url = http://{}\n", listener.local_addr().unwrap());
    std::fs::write(&file, endpoint).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_orders"));
    let tables = ["DYNAMODB_ORDERS_TABLE_NAME", "DYNAMODB_INBOX_TABLE_NAME", "DYNAMODB_OUTBOX_TABLE_NAME"];
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let base = [("ENVIRONMENT", "production"), ("AUTH", "off"), ("AWS_REGION", "us-east-1"), ("PORT", &port)];
    let keys = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];
    program.env_clear().envs(base).envs(keys).envs(tables.map(|name| (name, "t")));
    let mut program =
        program.env("AWS_CONFIG_FILE", &file).stderr(std::process::Stdio::piped()).spawn().unwrap();
    // It would wait for an answer as long as it takes.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while program.try_wait().unwrap().is_none() && std::time::Instant::now() < end {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    program.kill().unwrap();
    let output = program.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("nothing was sent"), "{error}");
    assert!(listener.accept().is_err(), "somebody connected");
}
