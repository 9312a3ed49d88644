//! Single files.

/// The longest line of a comment: two files stand beside each other on a screen.
const COLUMNS: usize = 110;

/// A complaint for each thing that no file of Rust may have or lack: it opens with what it is, borrows no
/// other file, and has no wider comment than a page. Rows of a table, links and code cannot be broken.
pub fn of_rust(file: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if !text.starts_with("//!") {
        wrong.push(format!("{file} does not open with //! and what it is"));
    }
    let borrows = |line: &&str| {
        let attribute: String = line.split_whitespace().collect();
        attribute.starts_with("#[path=")
    };
    let mut is_code = false;
    let is_wide = |line: &&str| {
        let text = line.trim_start();
        let said = text.trim_start_matches(['/', '!']).trim_start();
        is_code ^= said.starts_with("```");
        let can_be_broken = !is_code && !said.starts_with(['|', '[']);
        text.starts_with("//") && can_be_broken && line.chars().count() > COLUMNS
    };
    let wide = text.lines().filter(is_wide).map(str::trim);
    wrong.extend(wide.map(|line| format!("{file} has a comment of more than {COLUMNS} columns: {line}")));
    wrong.extend(text.lines().filter(borrows).map(|line| format!("{file} borrows a file: {}", line.trim())));
    wrong
}
