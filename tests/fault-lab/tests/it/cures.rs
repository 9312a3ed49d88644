//! The table in `final/README.md` names tests that exist.

use std::path::Path;

#[test]
fn the_tests_that_hold_the_cures_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../final");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let named = readme.split('`').filter_map(|code| code.split_once("::"));
    let mut found = 0;
    for (file, function) in named {
        let source =
            std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(source.contains(&format!("fn {function}(")), "{file} has no test {function}");
        found += 1;
    }
    assert!(found >= 14, "only {found} tests are named");
}
