//! Pieces of HTML.

use crate::escape::escape;
use crate::sources;

/// A fence with a caption above it that leads to the line of the file. `root` leads from the page to the
/// first page of the book.
pub(crate) fn captioned(root: &str, path: &str, line: usize, caption: &str, fence: &str) -> String {
    let caption = match caption {
        "" => String::new(),
        text => format!(" <span>{}</span>", escape(text)),
    };
    let (link, path) = (escape(&sources::link(root, path, line)), escape(path));
    format!(
        "<figure class=\"listing\">\n<figcaption><a href=\"{link}\"><code>{path}</code></a>{caption}</figcaption>\n\n{fence}\n</figure>\n"
    )
}
