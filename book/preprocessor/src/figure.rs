//! `figure`: a Mermaid diagram. The text of the diagram stands in the page; the theme's script draws it where
//! Mermaid is at hand, and without it the text is read as it is.

use crate::error::Error;
use crate::escape::escape;
use crate::repository::{PAGES, Repository};

/// Where `scripts/book` puts Mermaid, from the first page of the book.
const MERMAID: &str = "assets/mermaid.min.js";

pub(crate) fn render(repository: &Repository, root: &str, arguments: &str) -> Result<String, Error> {
    let wrong =
        || Error::Arguments { directive: "figure", wanted: "PATH alt=\"TEXT\"", found: arguments.to_owned() };
    let (path, rest) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
    if path.is_empty() {
        return Err(wrong());
    }
    let alt = rest.trim().strip_prefix("alt=\"").ok_or(Error::NoAlt)?;
    let alt = alt.strip_suffix('"').ok_or_else(wrong)?.trim();
    if alt.is_empty() {
        return Err(Error::NoAlt);
    }
    let path = if path.starts_with("figures/") { format!("{PAGES}/{path}") } else { path.to_owned() };
    // A blank line would end the HTML in the page.
    let diagram = repository.region(&path, None)?;
    let diagram: Vec<_> = diagram.lines().filter(|line| !line.trim().is_empty()).collect();
    let (alt, diagram) = (escape(alt), escape(&diagram.join("\n")));
    let is_there = repository.root().join(PAGES).join(MERMAID).exists();
    let script = if is_there { format!(" data-mermaid=\"{root}{MERMAID}\"") } else { String::new() };
    Ok(format!(
        "<figure class=\"diagram\">\n<pre class=\"mermaid\" role=\"img\" aria-label=\"{alt}\"{script}>{diagram}</pre>\n</figure>\n"
    ))
}
