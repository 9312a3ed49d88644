//! `listing`: code from a file.

use crate::error::Error;
use crate::fences::fenced;
use crate::html::captioned;
use crate::repository::{Repository, path_and_anchor};
use crate::rustdoc::without_sections;

pub(crate) fn render(repository: &Repository, root: &str, arguments: &str) -> Result<String, Error> {
    if arguments.is_empty() || arguments.contains(char::is_whitespace) {
        let found = arguments.to_owned();
        return Err(Error::Arguments { directive: "listing", wanted: "PATH or PATH:ANCHOR", found });
    }
    let (path, anchor) = path_and_anchor(arguments)?;
    let code = without_sections(path, repository.region(path, anchor)?);
    Ok(captioned(root, path, repository.link(path, anchor)?, "", &fenced(language(path)?, &code)))
}

/// Rust is marked as not to be run: the book cannot, `cargo` does.
fn language(path: &str) -> Result<&'static str, Error> {
    let name = path.rsplit('/').next().unwrap_or(path);
    Ok(match name.rsplit_once('.').map_or(name, |(_, ending)| ending) {
        "rs" => "rust,ignore",
        // mdbook's highlighter knows no HCL; what it makes of TOML comes close.
        "toml" | "lock" | "tf" | "hcl" => "toml",
        "yml" | "yaml" => "yaml",
        "json" => "json",
        "py" => "python",
        "js" | "mjs" => "javascript",
        "css" => "css",
        "sh" => "sh",
        "md" => "markdown",
        "txt" | "snap" | "mmd" | "feature" | "Dockerfile" => "text",
        "patch" | "diff" => "diff",
        _ if path.starts_with("scripts/") => "sh",
        _ => return Err(Error::Language { path: path.to_owned() }),
    })
}
