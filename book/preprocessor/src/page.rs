//! One page: its directives replaced by what they name.

use crate::error::{Error, Located};
use crate::fences::{Fences, Line};
use crate::repository::Repository;
use crate::{
    bar, bars, changes, directive, figure, flow, frames, layers, listing, matrix, numbers, output, promise,
    runs,
};

/// A page of the book.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Its file, relative to `book/src`.
    pub path: &'a str,
    /// Its Markdown.
    pub text: &'a str,
}

impl Page<'_> {
    /// The Markdown with all directives replaced.
    ///
    /// # Errors
    ///
    /// All mistakes of the page.
    pub fn render(&self, repository: &Repository) -> Result<String, Vec<Located>> {
        let (mut fences, mut errors, mut rendered) = (Fences::default(), Vec::new(), String::new());
        for (number, line) in self.text.lines().enumerate() {
            match self.line(repository, fences.next(line), line) {
                Ok(text) => rendered.push_str(&text),
                Err(error) => {
                    errors.push(Located { page: self.path.to_owned(), line: number + 1, error });
                }
            }
        }
        if errors.is_empty() { Ok(rendered) } else { Err(errors) }
    }

    fn line(&self, repository: &Repository, kind: Line<'_>, line: &str) -> Result<String, Error> {
        if matches!(kind, Line::Open(info) if info.split([',', ' ']).next() == Some("mermaid")) {
            return Err(Error::MermaidFence);
        }
        let Some(found) = directive::find(line)? else {
            let line = match kind {
                Line::Prose => source_links(repository, &numbers::checked(repository, line)?)?,
                _ => line.to_owned(),
            };
            return Ok(format!("{}\n", line.replace(r"\{{#", "{{#")));
        };
        if kind != Line::Prose {
            return Err(Error::InFence);
        }
        let root = "../".repeat(self.path.matches('/').count());
        let text = match found.name {
            "listing" => listing::render(repository, &root, found.arguments)?,
            "changes" => changes::render(repository, &root, found.arguments)?,
            "output" => output::render(repository, &root, found.arguments)?,
            "matrix" => matrix::render(repository, &root, found.arguments)?,
            "promise" => promise::render(repository, &root, found.arguments)?,
            "runs" => runs::render(repository, &root, found.arguments)?,
            "flow" => flow::render(repository, found.arguments)?,
            "frames" => frames::render(repository, found.arguments)?,
            "bar" => bar::render(repository, found.arguments)?,
            "bars" => bars::render(repository, &root, found.arguments)?,
            "layers" => layers::render(repository, found.arguments)?,
            "figure" => figure::render(repository, &root, found.arguments)?,
            unknown => return Err(Error::UnknownDirective(unknown.to_owned())),
        };
        Ok(text.lines().flat_map(|line| [found.prefix, line, "\n"]).collect())
    }
}

/// A link to `code/PATH` leads to the page of the file.
fn source_links(repository: &Repository, line: &str) -> Result<String, Error> {
    let mut parts = line.split("](code/");
    let mut linked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (path, rest) = part.split_once(')').unwrap_or((part, ""));
        repository.link(path, None)?;
        linked.push_str(&format!("](code/{path}.html){rest}"));
    }
    Ok(linked)
}
