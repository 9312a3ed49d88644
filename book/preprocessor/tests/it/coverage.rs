//! What no page shows is named.

use book_preprocessor::coverage::complaints;

use super::Fixture;

const ANCHOR: &str = "// ANCHOR: one\n1\n// ANCHOR_END: one\n";

fn complete(test: &str) -> Fixture {
    Fixture::new(
        &format!("coverage_{test}"),
        &[
            ("book/src/SUMMARY.md", "# Summary\n\n[Preface](./preface.md)\n- [One](01-a.md)\n"),
            ("book/src/preface.md", "{{#figure figures/f.mmd alt=\"f\"}}\n"),
            (
                "book/src/01-a.md",
                "{{#listing chapters/01-a/x.rs:one}}\n\n{{#output chapters/01-a/s.snap.txt}}\n",
            ),
            ("book/src/figures/f.mmd", "graph TD\n"),
            ("chapters/01-a/Cargo.toml", "[package]\n"),
            ("chapters/01-a/x.rs", ANCHOR),
            ("chapters/01-a/s.snap.txt", "out\n"),
            ("final/a/src/lib.rs", "//! a\n"),
        ],
    )
}

fn told(fixture: &Fixture) -> Vec<String> {
    complaints(&fixture.repository()).unwrap()
}

#[test]
fn a_complete_book_has_nothing_to_complain_of() {
    assert_eq!(told(&complete("complete")), Vec::<String>::new());
}

#[test]
fn anchors_that_no_page_shows() {
    let fixture = complete("anchors");
    fixture.write("final/a/src/lib.rs", ANCHOR);
    fixture.write("chapters/01-a/x.rs", &ANCHOR.replace("1\n", "// ANCHOR: two\n1\n// ANCHOR_END: two\n"));
    let expected = [
        "no page shows the anchor chapters/01-a/x.rs:two",
        "no page shows the anchor final/a/src/lib.rs:one",
    ];
    assert_eq!(told(&fixture), expected);
}

#[test]
fn snapshots_and_figures_that_no_page_shows() {
    let fixture = complete("snapshots");
    fixture.write("chapters/01-a/t.snap.txt", "out\n");
    fixture.write("tests/fault-lab/tests/it/snapshots/crash.snap.mmd", "graph TD\n");
    fixture.write("book/src/figures/g.mmd", "graph TD\n");
    let unused = [
        "chapters/01-a/t.snap.txt",
        "tests/fault-lab/tests/it/snapshots/crash.snap.mmd",
        "book/src/figures/g.mmd",
    ];
    assert_eq!(told(&fixture), unused.map(|path| format!("no page shows {path}")));
}

#[test]
fn chapters_and_pages_that_the_summary_lacks() {
    let fixture = complete("summary");
    fixture.write("chapters/02-b/Cargo.toml", "[package]\n");
    fixture.write("book/src/forgotten.md", "# Forgotten\n");
    let expected = ["SUMMARY.md does not list forgotten.md", "SUMMARY.md lists no page for chapters/02-b"];
    assert_eq!(told(&fixture), expected);
}

#[test]
fn mistakes_in_pages_and_anchors() {
    let fixture = complete("mistakes");
    fixture.write("book/src/preface.md", "{{#figure figures/f.mmd}}\n{{#figure figures/f.mmd alt=\"f\"}}\n");
    fixture.write("final/a/src/lib.rs", "// ANCHOR: one\n");
    let told = told(&fixture);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("book/src/preface.md:1: a figure needs a text"), "{told:?}");
    assert_eq!(told[1], "final/a/src/lib.rs opens the anchor \"one\" and does not close it");
}

#[test]
fn dollars_without_a_source_and_numbers_that_have_moved_beside_the_book() {
    let fixture = complete("numbers");
    fixture.write("a.txt", "orders  26  13\n");
    fixture.write(
        "README.md",
        "An order has 26<!--= a.txt: orders --> units.\n\nIt reads 12<!--= a.txt: orders -->.\n",
    );
    fixture.write(
        "book/src/preface.md",
        "{{#figure figures/f.mmd alt=\"f\"}}\n\nIt costs $26<!--= a.txt: orders --> or $3.\n",
    );
    let expected = [
        "book/src/preface.md:3: $3. has no source: put `<!--= PATH: LINE -->` behind it",
        "README.md:3: \"12\" is not in the line \"orders\" of a.txt, which has \"26 13\": read the sentence again, and put the number right",
    ];
    assert_eq!(told(&fixture), expected);
}
