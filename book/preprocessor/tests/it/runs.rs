//! Page one's strip, the cells that open, and the places where runs are shown.

use book_preprocessor::Error;

use super::Fixture;

const MATRIX: &str = "                        chapter-01           final                  runs
crash-before            L12                  ok                      300
stream-reorder          -                    ok                       20
outage                  ok                   ok                       20
runs                    150                  30                      320

ok: in none.
";

const RUNS: &str = "x = {\"rows\":{\n\"crash-before\":[\n[0]\n]}};\n";

fn fixture(name: &str, matrix: &str) -> Fixture {
    Fixture::new(
        name,
        &[
            ("tests/fault-lab/tests/it/snapshots/it__matrix__matrix.snap.txt", matrix),
            (
                "book/src/SUMMARY.md",
                "- [Put, then publish](01-naive.md)\n- [The system](complete-system.md)\n",
            ),
            ("book/src/runs/chapter-01.snap.js", RUNS),
            ("book/src/runs/final.snap.js", "x = {\"rows\":{}};\n"),
        ],
    )
}

#[test]
fn the_strip_says_damage_by_shape_and_leads_to_the_run() {
    let page = fixture("promise", MATRIX).page("{{#promise}}");
    let wanted = "<td class=\"bad\"><a href=\"runs.html#chapter-01/crash-before\" aria-label=\"chapter-01, a crash? damage\">";
    assert!(page.contains(wanted), "{page}");
    assert!(page.contains("<a href=\"01-naive.html\">Put, then publish</a>"), "{page}");
    assert_eq!(page.matches("<td class=\"good\">").count(), 4, "{page}");
    assert_eq!(
        page.matches("aria-label=\"chapter-01, shuffled or bad? cannot happen\"").count(),
        1,
        "{page}"
    );
}

#[test]
fn a_fault_that_no_question_asks_for_stops_the_build() {
    let matrix = MATRIX.replace("outage  ", "flood   ");
    let mistake = fixture("promise_new", &matrix).mistake("{{#promise}}");
    assert!(mistake.to_string().contains("flood"), "{mistake}");
}

#[test]
fn a_cell_opens_where_its_runs_are_stored() {
    let page = fixture("cells", MATRIX).page("{{#matrix}}");
    assert!(page.contains("<td class=\"damage\"><a href=\"runs.html#chapter-01/crash-before\">"), "{page}");
    assert_eq!(page.matches("runs.html#").count(), 1, "{page}");
}

#[test]
fn the_page_of_all_runs_has_an_anchor_for_each_cell() {
    let fixture = fixture("all_runs", MATRIX);
    let page = fixture.page("{{#runs}}");
    assert!(page.contains("<span id=\"chapter-01/crash-before\"></span>"), "{page}");
    assert!(page.contains("data-programs=\"chapter-01 final\""), "{page}");
    let one = fixture.page("{{#runs 01 crash-before}}");
    assert!(one.contains("data-program=\"chapter-01\" data-fault=\"crash-before\">"), "{one}");
    assert!(matches!(fixture.mistake("{{#runs final crash-before}}"), Error::NoRuns { .. }));
}
