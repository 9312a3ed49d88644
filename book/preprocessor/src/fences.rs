//! Fences: which lines of a page are code.

/// Follows the fences of a page line by line.
#[derive(Debug, Default)]
pub struct Fences {
    open: Option<(char, usize)>,
}

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Outside of all fences.
    Prose,
    /// The first line of a fence, with what stands behind the signs.
    Open(&'a str),
    /// Inside.
    Code,
    /// The last line.
    Close,
}

impl Fences {
    /// What the next line is.
    pub fn next<'a>(&mut self, line: &'a str) -> Line<'a> {
        let line = line.trim_start_matches([' ', '>']);
        let sign = line.chars().next().filter(|sign| matches!(sign, '`' | '~'));
        let length = sign.map_or(0, |sign| line.len() - line.trim_start_matches(sign).len());
        match (self.open, sign) {
            (Some((open, least)), Some(sign)) if sign == open && length >= least && line.len() == length => {
                self.open = None;
                Line::Close
            }
            (Some(_), _) => Line::Code,
            (None, Some(sign)) if length >= 3 => {
                self.open = Some((sign, length));
                Line::Open(line[length..].trim())
            }
            (None, _) => Line::Prose,
        }
    }
}

/// A fence that the code in it cannot close.
pub(crate) fn fenced(language: &str, code: &str) -> String {
    let longest = code.split(|sign| sign != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", code.trim_end())
}
