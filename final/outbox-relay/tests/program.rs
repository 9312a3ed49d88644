//! The program itself, as a person types it.

#[test]
fn outside_lambda_it_says_in_one_line_what_to_type() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_outbox-relay"))
        .env_remove("AWS_LAMBDA_RUNTIME_API")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    assert!(said.contains("outbox-relay tail --table"), "{said}");
}
