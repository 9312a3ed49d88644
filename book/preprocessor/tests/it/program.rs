//! The program as mdbook calls it.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use super::Fixture;

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_book-preprocessor"))
}

fn preprocess(fixture: &Fixture, text: &str) -> Output {
    let chapter = json!({ "name": "One", "content": text, "number": null, "sub_items": [], "path": "01-a.md",
        "source_path": "01-a.md", "parent_names": [] });
    let root = fixture.repository().root().join("book");
    let context = json!({ "root": root, "config": {}, "renderer": "html", "mdbook_version": "0.5.4" });
    let input = json!([context, { "items": [{ "Chapter": chapter }] }]).to_string();
    let (stdin, stdout) = (Stdio::piped(), Stdio::piped());
    let mut child = program().stdin(stdin).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_book_goes_in_and_comes_out_with_its_code() {
    let fixture = Fixture::new("program_good", &[("a.toml", "[a]\n")]);
    let output = preprocess(&fixture, "{{#listing a.toml}}");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let book: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let content = book["items"][0]["Chapter"]["content"].as_str().unwrap();
    assert!(content.contains("```toml\n[a]\n```"), "{content}");
}

#[test]
fn a_mistake_stops_the_build_and_nothing_comes_out() {
    let fixture = Fixture::new("program_bad", &[]);
    let output = preprocess(&fixture, "{{#listing a.toml}}");
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.starts_with("book/src/01-a.md:1: cannot read a.toml"), "{told}");
}

#[test]
fn it_supports_html_and_nothing_else() {
    assert!(program().args(["supports", "html"]).status().unwrap().success());
    assert!(!program().args(["supports", "markdown"]).status().unwrap().success());
}
