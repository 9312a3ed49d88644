//! Each mistake stops the build, and says where it is and what to do.

use book_preprocessor::{Error, Page};

use super::Fixture;

fn no_files(test: &str) -> Fixture {
    Fixture::new(&format!("mistake_{test}"), &[])
}

fn anchored(test: &str, text: &str) -> Error {
    Fixture::new(&format!("anchor_{test}"), &[("a.rs", text)]).mistake("{{#listing a.rs:one}}")
}

#[test]
fn a_missing_file() {
    assert!(
        matches!(no_files("file").mistake("{{#listing a.rs}}"), Error::File { path, .. } if path == "a.rs")
    );
    assert!(matches!(no_files("matrix").mistake("{{#matrix}}"), Error::File { .. }));
    let gone = Fixture::new("mistake_chapter", &[("chapters/01-a/src/x.rs", "1\n")]);
    assert!(matches!(gone.mistake("{{#changes 01-a 02-b src/x.rs}}"), Error::File { .. }));
}

#[test]
fn a_file_outside_of_the_repository() {
    assert_eq!(no_files("outside").mistake("{{#listing ../a.rs}}"), Error::Outside("../a.rs".into()));
    assert_eq!(no_files("absolute").mistake("{{#output /etc/hosts}}"), Error::Outside("/etc/hosts".into()));
}

#[test]
fn a_missing_anchor() {
    assert_eq!(
        anchored("missing", "fn a() {}\n"),
        Error::NoAnchor { path: "a.rs".into(), anchor: "one".into() }
    );
}

#[test]
fn an_anchor_that_is_not_closed() {
    let error = anchored("unclosed", "// ANCHOR: one\nfn a() {}\n");
    assert_eq!(error, Error::UnclosedAnchor { path: "a.rs".into(), anchor: "one".into() });
    let misspelt = anchored("misspelt", "// ANCHOR: one\nfn a() {}\n// ANCHOR_END: won\n");
    assert_eq!(misspelt, Error::UnopenedAnchor { path: "a.rs".into(), anchor: "won".into() });
}

#[test]
fn an_anchor_that_is_there_twice() {
    let twice = Error::DuplicateAnchor { path: "a.rs".into(), anchor: "one".into() };
    let once = "// ANCHOR: one\nfn a() {}\n// ANCHOR_END: one\n";
    assert_eq!(anchored("twice", &once.repeat(2)), twice);
    assert_eq!(anchored("nested", &format!("// ANCHOR: one\n{once}// ANCHOR_END: one\n")), twice);
}

#[test]
fn an_empty_anchor() {
    let empty = Error::Empty("a.rs:one".into());
    assert_eq!(anchored("empty", "// ANCHOR: one\n\n// ANCHOR_END: one\n"), empty);
    let nested = "// ANCHOR: one\n// ANCHOR: two\n// ANCHOR_END: two\n// ANCHOR_END: one\n";
    assert_eq!(anchored("empty_nested", nested), empty);
}

#[test]
fn an_empty_file() {
    let fixture = Fixture::new("mistake_empty", &[("a.snap.txt", "\n")]);
    assert_eq!(fixture.mistake("{{#output a.snap.txt}}"), Error::Empty("a.snap.txt".into()));
}

#[test]
fn a_range_of_lines() {
    let fixture = no_files("range");
    for range in ["a.rs:3", "a.rs:3:9", "a.rs::9", "a.rs:", "a.rs:one:3"] {
        assert_eq!(fixture.mistake(&format!("{{{{#listing {range}}}}}")), Error::LineRange(range.into()));
    }
    assert_eq!(fixture.mistake("{{#changes 01-a 02-b x.rs:3:9}}"), Error::LineRange("x.rs:3:9".into()));
}

#[test]
fn a_change_that_changes_nothing() {
    let same = "1\n// ANCHOR: one\n2\n// ANCHOR_END: one\n";
    let fixture = Fixture::new(
        "mistake_same",
        &[("chapters/01-a/x.rs", same), ("chapters/02-b/x.rs", &same.replace('1', "3"))],
    );
    assert_eq!(fixture.mistake("{{#changes 01-a 02-b x.rs:one}}"), Error::NoChange("x.rs:one".into()));
    assert_eq!(fixture.mistake("{{#changes 01-a 01-a x.rs}}"), Error::NoChange("x.rs".into()));
}

#[test]
fn a_directive_that_is_unknown() {
    for name in ["include", "rustdoc_include", "playground", "listings", "run"] {
        let mistake = no_files("unknown").mistake(&format!("{{{{#{name} a.rs}}}}"));
        assert_eq!(mistake, Error::UnknownDirective(name.into()));
    }
}

#[test]
fn a_directive_in_the_wrong_place() {
    let fixture = no_files("place");
    assert_eq!(fixture.mistake("See {{#matrix}}"), Error::NotAlone("See".into()));
    assert_eq!(fixture.mistake("{{#matrix}}."), Error::NotAlone(".".into()));
    assert_eq!(fixture.mistake("{{#matrix"), Error::Unclosed);
    assert_eq!(fixture.mistake("```rust\n{{#listing a.rs}}\n```\n"), Error::InFence);
}

#[test]
fn arguments_that_are_missing() {
    let fixture = no_files("arguments");
    for text in
        ["{{#listing}}", "{{#listing a.rs b}}", "{{#changes 01-a x.rs}}", "{{#output}}", "{{#figure}}"]
    {
        assert!(matches!(fixture.mistake(text), Error::Arguments { .. }), "{text}");
    }
}

#[test]
fn a_heading_that_is_missing_or_has_nothing_below() {
    let fixture = Fixture::new("mistake_heading", &[("a.snap.txt", "One\n---\n\n1\n\nTwo\n---\n\n")]);
    let missing = fixture.mistake("{{#output a.snap.txt:Three}}");
    assert_eq!(missing.to_string(), "a.snap.txt has no heading \"Three\": it has One, Two");
    assert_eq!(fixture.mistake("{{#output a.snap.txt:Two}}"), Error::Empty("a.snap.txt:Two".into()));
}

#[test]
fn a_figure_without_a_text() {
    let fixture = Fixture::new("mistake_alt", &[("book/src/figures/a.mmd", "graph TD\n")]);
    for text in
        ["{{#figure figures/a.mmd}}", "{{#figure figures/a.mmd alt=\" \"}}", "{{#figure figures/a.mmd A}}"]
    {
        assert_eq!(fixture.mistake(text), Error::NoAlt, "{text}");
    }
    assert_eq!(fixture.mistake("```mermaid\ngraph TD\n```\n"), Error::MermaidFence);
    assert!(matches!(fixture.mistake("{{#figure figures/b.mmd alt=\"b\"}}"), Error::File { .. }));
}

#[test]
fn a_matrix_that_is_none_or_lacks_the_column() {
    let path = "tests/fault-lab/tests/it/snapshots/it__matrix__matrix.snap.txt";
    let fixture = Fixture::new("mistake_matrix", &[(path, "fault  chapter-01  runs\n")]);
    assert!(matches!(fixture.mistake("{{#matrix}}"), Error::Matrix { .. }));
    fixture.write(path, "    chapter-01  runs\ncrash  ok\n");
    assert!(matches!(fixture.mistake("{{#matrix}}"), Error::Matrix { .. }));
    fixture.write(path, "    chapter-01  runs\ncrash  ok  3\n");
    let mistake = fixture.mistake("{{#matrix 01 09}}");
    assert!(matches!(&mistake, Error::NoColumn { column, .. } if column == "09"), "{mistake:?}");
}

#[test]
fn all_mistakes_of_a_page_are_told_with_their_lines() {
    let text = "# Title\n\n{{#listing a.rs}}\n\n{{#nonsense}}\n";
    let page = Page { path: "01-naive.md", text };
    let mistakes = page.render(&no_files("lines").repository()).unwrap_err();
    let told: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    assert!(told[0].starts_with("book/src/01-naive.md:3: cannot read a.rs: "), "{told:?}");
    assert!(told[1].starts_with("book/src/01-naive.md:5: there is no directive \"nonsense\""), "{told:?}");
}

#[test]
fn a_number_that_its_source_does_not_have() {
    let fixture = Fixture::new("mistake_number", &[("a.txt", "orders  26  13\n")]);
    let number = |number: &str, line: &str| Error::Number {
        number: number.into(),
        path: "a.txt".into(),
        line: line.into(),
        found: "26 13".into(),
    };
    assert_eq!(fixture.mistake("27<!--= a.txt: orders -->"), number("27", "orders"));
    assert_eq!(fixture.mistake("26<!--= a.txt: orders #2 -->"), number("26", "orders #2"));
    let no_line = Error::NoLine { path: "a.txt".into(), line: "order".into() };
    assert_eq!(fixture.mistake("26<!--= a.txt: order -->"), no_line);
    assert!(matches!(fixture.mistake("26<!--= b.txt: orders -->"), Error::File { .. }));
    assert!(matches!(fixture.mistake("26<!--= a.txt -->"), Error::Unsourced(_)));
}
