//! One page: its directives replaced by what they name.

use crate::error::{Error, Located};
use crate::fences::{Fences, Line};
use crate::repository::Repository;
use crate::{changes, directive, figure, listing, matrix, output};

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
        let mut figures = 0;
        for (number, line) in self.text.lines().enumerate() {
            match self.line(repository, fences.next(line), line, &mut figures) {
                Ok(text) => rendered.push_str(&text),
                Err(error) => {
                    errors.push(Located { page: self.path.to_owned(), line: number + 1, error });
                }
            }
        }
        if errors.is_empty() { Ok(rendered) } else { Err(errors) }
    }

    fn line(
        &self,
        repository: &Repository,
        kind: Line<'_>,
        line: &str,
        figures: &mut usize,
    ) -> Result<String, Error> {
        if matches!(kind, Line::Open(info) if info.split([',', ' ']).next() == Some("mermaid")) {
            return Err(Error::MermaidFence);
        }
        let Some(found) = directive::find(line)? else {
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
            "figure" => {
                *figures += 1;
                figure::render(repository, &root, found.arguments, *figures == 1)?
            }
            unknown => return Err(Error::UnknownDirective(unknown.to_owned())),
        };
        Ok(text.lines().flat_map(|line| [found.prefix, line, "\n"]).collect())
    }
}
