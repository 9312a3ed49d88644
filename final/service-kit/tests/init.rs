//! `logging::init` for the whole process, in a process of its own: what it prints when it is started twice
//! and panics.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

use serde_json::Value;
use service_kit::{Mode, init_logging};

const CHILD: &str = "SERVICE_KIT_TEST_CHILD";

#[test]
fn a_process_logs_json_lines_only_even_when_it_panics() {
    if std::env::var_os(CHILD).is_some() {
        init_logging(Mode::Production);
        init_logging(Mode::Development);
        tracing::info!("started");
        panic!("canary");
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_process_logs_json_lines_only_even_when_it_panics", "--nocapture", "--quiet"])
        .env(CHILD, "1")
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    assert!(!child.status.success());
    let output = String::from_utf8(child.stdout).unwrap() + &String::from_utf8(child.stderr).unwrap();
    // The test harness adds lines of its own around them.
    let lines: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["started", "panicked"], "{output}");
    assert_eq!(lines[1]["level"], "error");
    assert!(lines[1]["place"].as_str().unwrap().contains("init.rs:"));
    assert!(!output.contains("canary"), "{output}");
}
