//! The pages of source code.

use std::fs;

use book_preprocessor::sources;

use super::Fixture;

#[test]
fn a_caption_leads_to_a_line_that_the_page_of_the_file_has() {
    let code = "//! A file.\n\n// ANCHOR: a\nfn a() -> Vec<u8> {}\n// ANCHOR_END: a\n";
    let fixture = Fixture::new("sources", &[("chapters/x.rs", code)]);
    fixture.write("book/src/code/chapters/stale.rs.html", "old");
    let repository = fixture.repository();
    let text = "{{#listing chapters/x.rs:a}}\n\nSee [the file](code/chapters/x.rs).\n";
    let page = book_preprocessor::Page { path: "page.md", text }.render(&repository).unwrap();
    assert!(page.contains("<a href=\"code/chapters/x.rs.html#L4\">"), "{page}");
    assert!(page.contains("See [the file](code/chapters/x.rs.html)."), "{page}");
    sources::write(&repository).unwrap();
    let path = fixture.repository().root().join("book/src/code/chapters/x.rs.html");
    let source = fs::read_to_string(&path).unwrap();
    assert!(
        source.contains("<span id=\"L4\"><a href=\"#L4\">4</a>fn a() -&gt; Vec&lt;u8&gt; {}</span>"),
        "{source}"
    );
    assert!(!path.with_file_name("stale.rs.html").exists());
    // `mdbook serve` builds anew whenever a file is written.
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    sources::write(&repository).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
}
