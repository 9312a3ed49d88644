//! The running table of the book: what each chapter's program costs beside those before it, put together from
//! what the stories and the receipt have stored. One section for each chapter, so that the table grows with
//! the book.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const CHAPTERS: [&str; 6] =
    ["01-naive", "02-inbox", "03-outbox", "04-unit-of-work", "05-streams-relay", "06-full"];

#[test]
fn what_each_chapter_costs_beside_those_before_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let receipt = fs::read_to_string(root.join("tests/bench/tests/snapshots/receipt__summary.snap")).unwrap();
    let rows: Vec<_> = CHAPTERS.iter().map(|chapter| row(&root, chapter, &receipt)).collect();
    let mut text = String::new();
    for shown in 1..=rows.len() {
        let title = format!("Costs up to chapter {shown}");
        let line = "-".repeat(title.len());
        let _ = write!(text, "{title}\n{line}\n\n");
        text += "            AWS calls   one approved order            calls of an\n";
        text += "            of the run  writes  reads  SNS  SQS       idle minute\n";
        text += &rows[..shown].concat();
        text.push('\n');
    }
    insta::assert_binary_snapshot!("costs.txt", text.into_bytes());
}

fn row(root: &Path, chapter: &str, receipt: &str) -> String {
    let story = root.join("chapters").join(chapter).join("tests/snapshots/story__story.snap.txt");
    let story = fs::read_to_string(story).unwrap();
    let calls = story.lines().find_map(|line| line.trim().strip_suffix(" AWS calls")).unwrap();
    let idle =
        |line: &str| Some(line.split_once("a minute costs ")?.1.trim_end_matches(" calls.").to_owned());
    let idle = story.lines().find_map(idle).unwrap();
    let name = format!("chapter-{}", &chapter[..2]);
    let units = receipt.lines().find(|line| line.starts_with(&name)).unwrap();
    let units: Vec<_> = units.split_whitespace().collect();
    let (writes, reads, sns, sqs) = (units[1], units[2], units[3], units[4]);
    format!("{name}  {calls:>10}  {writes:>6}  {reads:>5}  {sns:>3}  {sqs:>3}       {idle}\n")
}

/// Chapter 4 writes one transaction for each decision, so its tables say what a stream of the business tables
/// would tell and what not.
#[test]
fn what_the_streams_of_the_business_tables_would_not_say() {
    let sound = fault_engine::baseline(&fault_lab::programs::PROGRAMS[3]).unwrap();
    let mut commits = std::collections::BTreeMap::<_, usize>::new();
    for call in sound.calls.iter().filter(|call| call.site.operation == "TransactWriteItems") {
        let tables: Vec<_> = call.site.target.split(" + ").filter(|table| *table != "inbox").collect();
        let event = tables.iter().any(|table| table.ends_with("-outbox"));
        let change = tables.iter().any(|table| !table.ends_with("-outbox"));
        *commits.entry((tables.join(" + "), change, event)).or_default() += 1;
    }
    let mut text = String::from("commits  tables                        change  event\n");
    let yes = |is: bool| if is { "yes" } else { "no" };
    for ((tables, change, event), count) in commits {
        let _ = writeln!(text, "{count:>7}  {tables:<28}  {:<6}  {}", yes(change), yes(event));
    }
    insta::assert_binary_snapshot!("own-stream.txt", text.into_bytes());
}
