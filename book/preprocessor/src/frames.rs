//! `frames`: rows of the outbox at several moments, one frame each. A file of frames has a line for each
//! thing:
//!
//! | line | meaning |
//! |---|---|
//! | `# TEXT` | a frame begins, and what happens in it |
//! | `row TITLE: TEXT` | a row that waits |
//! | `turn TITLE: TEXT`, `parked …`, `hidden …`, `gone …` | a row whose turn it is, that is parked, cannot be seen yet, was deleted |
//! | `- WHO: TEXT` | what somebody does |

use std::fmt::Write as _;

use crate::error::Error;
use crate::escape::escape;
use crate::repository::{PAGES, Repository};

const KINDS: [&str; 5] = ["row", "turn", "parked", "hidden", "gone"];

pub(crate) fn render(repository: &Repository, arguments: &str) -> Result<String, Error> {
    let wanted = "figures/NAME.frames alt=\"TEXT\"";
    let wrong = || Error::Arguments { directive: "frames", wanted, found: arguments.to_owned() };
    let (path, alt) = arguments.split_once(" alt=\"").ok_or(Error::NoAlt)?;
    let alt = alt.strip_suffix('"').filter(|alt| !alt.trim().is_empty()).ok_or_else(wrong)?;
    let path = format!("{PAGES}/{}", path.trim());
    let text = repository.read(&path)?;
    let mut html = format!("<figure class=\"frames\" role=\"group\" aria-label=\"{}\">\n<ol>\n", escape(alt));
    let mut is_open = false;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("%%")) {
        let unknown = || Error::File { path: path.clone(), reason: format!("no frame has a line {line:?}") };
        match line.split_once(' ').ok_or_else(unknown)? {
            ("#", title) => {
                html.push_str(if is_open { "</li>\n" } else { "" });
                is_open = true;
                let _ = writeln!(html, "<li><p>{}</p>", escape(title));
            }
            ("-", done) => {
                let (who, what) = done.split_once(": ").ok_or_else(unknown)?;
                let _ = writeln!(html, "<div class=\"done\"><b>{}</b> {}</div>", escape(who), escape(what));
            }
            (kind, row) if KINDS.contains(&kind) => {
                let (title, what) = row.split_once(": ").ok_or_else(unknown)?;
                let (title, what) = (escape(title), escape(what));
                let _ = writeln!(html, "<div class=\"row {kind}\"><b>{title}</b> <span>{what}</span></div>");
            }
            _ => return Err(unknown()),
        }
    }
    html.push_str("</li>\n</ol>\n</figure>\n");
    Ok(html)
}
