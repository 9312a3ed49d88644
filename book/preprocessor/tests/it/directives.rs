//! What a directive becomes.

use book_preprocessor::Page;

use super::Fixture;

const CODE: &str = "//! Orders.

mod orders {
    // ANCHOR: place
    /// Places an order.
    fn place() {
        // ANCHOR: store
        store();
        // ANCHOR_END: store
    }

    // ANCHOR_END: place
}
";

#[test]
fn a_listing_is_the_anchor_without_its_indentation_and_without_other_anchors() {
    let fixture = Fixture::new("listing", &[("chapters/01-naive/src/orders.rs", CODE)]);
    let page = fixture.page("Before\n\n{{#listing chapters/01-naive/src/orders.rs:place}}\n\nafter\n");
    let expected = "Before

<figure class=\"listing\">
<figcaption><a href=\"code/chapters/01-naive/src/orders.rs.html#L5\"><code>chapters/01-naive/src/orders.rs</code></a></figcaption>

```rust,ignore
/// Places an order.
fn place() {
    store();
}
```

</figure>

after
";
    assert_eq!(page, expected);
}

const DOCUMENTED: &str = "/// Sends it.
///
/// Once, or not at all.
///
/// # Errors
///
/// [`Error::Away`]
pub fn send() {
    /// # Panics
    ///
    /// Never.
    fn inner() {}
}
// # Errors of this kind are a comment.
";

#[test]
fn what_only_api_documentation_needs_is_in_no_listing_and_in_no_change() {
    let fixture = Fixture::new(
        "sections",
        &[
            ("chapters/01-a/src/x.rs", DOCUMENTED),
            (
                "chapters/02-b/src/x.rs",
                &DOCUMENTED.replace("Away`]", "Busy`]").replace("Sends it", "Sends one"),
            ),
            ("notes.txt", DOCUMENTED),
        ],
    );
    let page = fixture.page("{{#listing chapters/01-a/src/x.rs}}");
    let shown = "/// Sends it.
///
/// Once, or not at all.
pub fn send() {
    fn inner() {}
}
// # Errors of this kind are a comment.
";
    assert!(page.contains(&format!("```rust,ignore\n{shown}```")), "{page}");
    let page = fixture.page("{{#changes 01-a 02-b src/x.rs}}");
    assert!(page.contains("+/// Sends one.") && !page.contains("Busy"), "{page}");
    let page = fixture.page("{{#listing notes.txt}}");
    assert!(page.contains(DOCUMENTED), "what is no Rust stays: {page}");
}

#[test]
fn a_whole_file_of_any_language_is_a_listing() {
    let fixture = Fixture::new(
        "languages",
        &[
            (
                "terraform/queue.tf",
                "# ANCHOR: queue\nresource \"aws_sqs_queue\" \"q\" {}\n# ANCHOR_END: queue\n",
            ),
            ("compose.yml", "services: {}\n"),
            ("scripts/book", "#!/bin/sh\n"),
            ("Cargo.toml", "[package]\n"),
        ],
    );
    let queue = fixture.page("{{#listing terraform/queue.tf}}");
    assert!(queue.contains("```toml\nresource \"aws_sqs_queue\" \"q\" {}\n```"), "{queue}");
    assert!(fixture.page("{{#listing terraform/queue.tf:queue}}").contains("```toml\nresource"));
    assert!(fixture.page("{{#listing compose.yml}}").contains("```yaml\nservices"));
    assert!(fixture.page("{{#listing scripts/book}}").contains("```sh\n#!/bin/sh"));
    assert!(fixture.page("{{#listing Cargo.toml}}").contains("```toml\n[package]"));
}

#[test]
fn code_with_a_fence_in_it_stays_in_its_own() {
    let fixture = Fixture::new("fence", &[("a.rs", "//! ```\n//! run();\n//! ```\n")]);
    let page = fixture.page("{{#listing a.rs}}");
    assert!(page.contains("````rust,ignore\n//! ```\n//! run();\n//! ```\n````\n"), "{page}");
}

#[test]
fn changes_are_a_diff_with_lines_around_it() {
    let old: String = (1..=20).map(|line| format!("line {line}\n")).collect();
    let new = old.replace("line 2\n", "").replace("line 15\n", "line fifteen\n");
    let fixture =
        Fixture::new("changes", &[("chapters/01-a/src/x.rs", &old), ("chapters/02-b/src/x.rs", &new)]);
    let page = fixture.page("{{#changes 01-a 02-b src/x.rs}}");
    let expected = "```diff\n line 1\n-line 2\n line 3\n line 4\n line 5\n@@\n line 12\n line 13\n line 14\n-line 15\n\
                    +line fifteen\n line 16\n line 17\n line 18\n```\n";
    assert!(page.contains(expected), "{page}");
    assert!(page.contains("<a href=\"code/chapters/02-b/src/x.rs.html#L1\">"), "{page}");
}

#[test]
fn changes_of_an_anchor_leave_out_the_rest_of_the_file() {
    let file = |inside: &str, outside: &str| {
        format!("{outside}\n    // ANCHOR: a\n    {inside}\n    // ANCHOR_END: a\n")
    };
    let fixture = Fixture::new(
        "changes_of_an_anchor",
        &[
            ("chapters/01-a/src/x.rs", &file("publish();", "one")),
            ("chapters/02-b/src/x.rs", &file("store();", "two")),
        ],
    );
    let page = fixture.page("{{#changes 01-a 02-b src/x.rs:a}}");
    assert!(page.contains("```diff\n-publish();\n+store();\n```"), "{page}");
}

const STORY: &str = "Chapter 1\n=========\n\nOpening.\n\nAll is well\n-----------\n\n  75 calls\n\n\
                     A crash: in between\n-------------------\n\n  > PutItem\n\nWhat is left\n------------\n\nMuch.\n";

#[test]
fn an_output_is_a_snapshot_or_the_section_under_a_heading() {
    let fixture = Fixture::new("output", &[("story.snap.txt", STORY)]);
    let page = fixture.page("{{#output story.snap.txt:A crash: in between}}");
    assert!(page.contains("```text\nA crash: in between\n-------------------\n\n  > PutItem\n```"), "{page}");
    assert!(!page.contains("75 calls") && !page.contains("Much"), "{page}");
    let all = fixture.page("{{#output story.snap.txt}}");
    assert!(all.contains("Opening.") && all.contains("Much."), "{all}");
    assert_eq!(all, fixture.page("{{#output story.snap.txt:Chapter 1}}"));
}

#[test]
fn a_figure_says_what_is_to_be_seen() {
    let fixture =
        Fixture::new("figure", &[("book/src/figures/a.mmd", "sequenceDiagram\n\n    a->>b: <put>\n")]);
    let page = fixture.page("{{#figure figures/a.mmd alt=\"a puts \"it\" into b\"}}");
    let expected = "<figure class=\"diagram\">\n<pre class=\"mermaid\" role=\"img\" aria-label=\"a puts &quot;it&quot; into b\">\
                    sequenceDiagram\n    a-&gt;&gt;b: &lt;put&gt;</pre>\n</figure>\n";
    assert_eq!(page, expected);
    assert_eq!(page, fixture.page("{{#figure book/src/figures/a.mmd alt=\"a puts \"it\" into b\"}}"));
}

#[test]
fn a_figure_names_mermaid_where_it_is_installed() {
    let diagram = ("book/src/figures/a.mmd", "graph TD\n");
    let fixture = Fixture::new("mermaid", &[diagram, ("book/src/assets/mermaid.min.js", "x")]);
    let text = "{{#figure figures/a.mmd alt=\"one\"}}\n";
    let page = Page { path: "deep/er/page.md", text }.render(&fixture.repository()).unwrap();
    assert!(page.contains("data-mermaid=\"../../assets/mermaid.min.js\""), "{page}");
    let without = Fixture::new("no_mermaid", &[diagram]).page(text);
    assert!(!without.contains("data-mermaid"), "{without}");
}

const MATRIX: &str =
    "                        chapter-01           chapter-02           final                  runs
crash-before            L12 D3 O1 S14 M1000  ok                   ok                      300
stream-reorder          -                    O2                   ok                       20
runs                    150                  140                  30                      320

In how many runs there was damage: L lost.
ok: in none. -: the program makes no call that this fault can strike.
";

fn matrix() -> Fixture {
    Fixture::new("matrix", &[("tests/fault-lab/tests/it/snapshots/it__matrix__matrix.snap.txt", MATRIX)])
}

#[test]
fn the_matrix_marks_damage_by_text_and_by_class() {
    let page = matrix().page("{{#matrix}}");
    assert!(page.contains(
        "<th scope=\"col\">chapter 01</th><th scope=\"col\">chapter 02</th><th scope=\"col\">final</th></tr>"
    ));
    assert!(page.contains(
        "<th scope=\"row\">crash-before</th><td class=\"damage\"><abbr title=\"lost: 12 runs\">L12</abbr>"
    ));
    assert!(
        page.contains("<abbr title=\"money: 1000 runs\">M1000</abbr></td><td class=\"ok\">ok</td>"),
        "{page}"
    );
    assert!(page.contains("<span aria-label=\"cannot strike\">-</span>"));
    assert!(page.contains("<td class=\"count\">140</td>"));
    assert!(page.contains("In how many runs there was damage: L lost. ok: in none."));
    assert!(!page.contains("\n\n"), "a blank line would end the table: {page}");
}

#[test]
fn the_matrix_grows_chapter_by_chapter() {
    let page = matrix().page("{{#matrix 01}}");
    assert!(page.contains("chapter 01") && !page.contains("chapter 02") && !page.contains("final"), "{page}");
    assert!(page.contains("<tr><th scope=\"row\">crash-before</th><td class=\"damage\">"), "{page}");
    assert_eq!(page.matches("<td").count(), 3);
}

#[test]
fn a_directive_in_a_list_or_a_quotation_stays_there() {
    let fixture = Fixture::new("prefix", &[("a.toml", "[a]\n")]);
    let page = fixture.page("> {{#listing a.toml}}");
    assert!(page.lines().all(|line| line.starts_with("> ")), "{page}");
}

#[test]
fn a_directive_with_a_backslash_is_shown() {
    let fixture = Fixture::new("escape", &[]);
    assert_eq!(fixture.page("Write `\\{{#listing a}}`.\n"), "Write `{{#listing a}}`.\n");
}

#[test]
fn a_number_is_shown_without_its_source() {
    let fixture = Fixture::new("number", &[("a.txt", "x  1\norders  1,000  7\n")]);
    let page = fixture.page("**Seven**<!--= a.txt: orders #2 --> of 1000<!--= a.txt: orders -->\n");
    assert_eq!(page, "**Seven** of 1000\n");
}
