//! Lines of Rust that only API documentation needs, which a page leaves out: who calls a function from
//! another crate reads what its `# Errors` are in the documentation, and who reads the listing sees them in
//! the code below.

/// The code of a file without the sections of its doc comments (`# Errors` and the like). Their first
/// sentences stay. What is no Rust stays as it is.
pub(crate) fn without_sections(path: &str, code: String) -> String {
    if !path.ends_with(".rs") {
        return code;
    }
    let (mut kept, mut is_left_out) = (Vec::<&str>::new(), false);
    for line in code.lines() {
        let comment = line.trim_start().strip_prefix("///");
        is_left_out = match comment {
            Some(text) => is_left_out || text.starts_with(" # "),
            None => false,
        };
        if comment.is_none() && kept.last().is_some_and(|line| is_blank(line)) {
            kept.pop();
        }
        if !is_left_out {
            kept.push(line);
        }
    }
    kept.into_iter().flat_map(|line| [line, "\n"]).collect()
}

/// A line of a doc comment with nothing in it: at the end of one it only parted it from the section.
fn is_blank(line: &str) -> bool {
    line.trim() == "///"
}
