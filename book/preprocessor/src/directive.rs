//! What stands between `{{#` and `}}`.

use crate::error::Error;

/// A directive of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive<'a> {
    /// What stands before it: nothing, or the marks of a list or a quotation, which each line of the result
    /// repeats.
    pub prefix: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The rest.
    pub arguments: &'a str,
}

/// The directive in a line of a page, if there is one. `\{{#` is none.
///
/// # Errors
///
/// [`Error::Unclosed`], [`Error::NotAlone`]
pub fn find(line: &str) -> Result<Option<Directive<'_>>, Error> {
    let Some(start) = start(line) else { return Ok(None) };
    let (prefix, rest) = (&line[..start], &line[start + 3..]);
    let (inside, behind) = rest.split_once("}}").ok_or(Error::Unclosed)?;
    for beside in [prefix.trim_matches([' ', '>']), behind.trim()] {
        if !beside.is_empty() {
            return Err(Error::NotAlone(beside.to_owned()));
        }
    }
    let (name, arguments) = inside.trim().split_once(char::is_whitespace).unwrap_or((inside.trim(), ""));
    Ok(Some(Directive { prefix, name, arguments: arguments.trim() }))
}

fn start(line: &str) -> Option<usize> {
    line.match_indices("{{#").map(|(at, _)| at).find(|at| !line[..*at].ends_with('\\'))
}
