//! Pieces of HTML.

/// The text as it may stand in an element or in an attribute.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A fence with a caption above it that leads to the file. `root` leads from the page to the first page of the book.
pub(crate) fn captioned(root: &str, path: &str, caption: &str, fence: &str) -> String {
    let caption = match caption {
        "" => String::new(),
        text => format!(" <span>{}</span>", escape(text)),
    };
    let (link, path) = (escape(&format!("{root}code/{path}")), escape(path));
    format!(
        "<figure class=\"listing\">\n<figcaption><a href=\"{link}\"><code>{path}</code></a>{caption}</figcaption>\n\n{fence}\n</figure>\n"
    )
}
