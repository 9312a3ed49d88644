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
    let mut totals = (0, 0);
    for ((tables, change, event), count) in commits {
        totals = (totals.0 + count, totals.1 + if change && event { count } else { 0 });
        let _ = writeln!(text, "{count:>7}  {tables:<28}  {:<6}  {}", yes(change), yes(event));
    }
    let (all, told) = totals;
    let _ = writeln!(text, "\nOf {all} commits, {} have a no.", all - told);
    insta::assert_binary_snapshot!("own-stream.txt", text.into_bytes());
}

/// What the whole costs in a month, put together from the plan's costs at rest, which `terraform/README.md`
/// holds and a check compares, and from the receipt.
#[test]
fn what_a_month_costs_at_rest_and_with_so_many_orders_a_day() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = fs::read_to_string(root.join("terraform/README.md")).unwrap();
    let receipt = fs::read_to_string(root.join("tests/bench/tests/snapshots/receipt__summary.snap")).unwrap();
    let number = |text: &str| text.trim_matches(['*', '|', ' ', '$']).parse::<f64>().unwrap();
    let rest = number(readme.lines().find_map(|line| line.strip_prefix("| **together** | |")).unwrap());
    let order: Vec<_> =
        receipt.lines().find_map(|line| line.strip_prefix("final   ")).unwrap().split_whitespace().collect();
    let (writes, million) = (number(order[0]), number(order[5]));
    let price = receipt.lines().find_map(|line| line.trim().strip_prefix("write units")).unwrap();
    let price = number(price.split_whitespace().next().unwrap());

    let mut text = String::from("                 a month, in dollars            a million orders,\n");
    text += "orders a day     at rest      for the orders     both together\n";
    for (day, name) in [(1e3, "1,000"), (1e4, "10,000"), (1e5, "100,000"), (1e6, "1,000,000")] {
        let millions = day * MONTH / 1e6;
        let orders = millions * million;
        let _ = writeln!(text, "{name:>12}{rest:>12.2}{orders:>20.2}{:>18.2}", (rest + orders) / millions);
    }
    let even = (rest / million * 1e3 / MONTH).round();
    let _ = writeln!(text, "\nAs much for the orders as at rest: {even:.0},000 orders a day.");
    let _ = writeln!(text, "Of {million:.2} for a million orders, write units are {:.2}.", writes * price);
    insta::assert_binary_snapshot!("month.txt", text.into_bytes());
}

/// Days, on average.
const MONTH: f64 = 365.0 / 12.0;
