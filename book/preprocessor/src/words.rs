//! How long a page is, and how long it takes to read.

use crate::fences::{Fences, Line};

/// Words of prose that are read in a minute.
const WORDS_A_MINUTE: usize = 200;
/// Lines of code or output that are read in a minute.
const LINES_A_MINUTE: usize = 30;
/// As many words are read in the time for which one looks at a drawing or a table of the laboratory.
const WORDS_A_DRAWING: usize = 60;
/// How many minutes a page may take.
pub const MOST_MINUTES: usize = 25;

/// The length of a page, with all its directives replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Length {
    /// Words outside of fences.
    pub words: usize,
    /// Lines in fences that are not blank.
    pub lines: usize,
}

impl Length {
    /// Counts.
    pub fn of(markdown: &str) -> Self {
        let (mut fences, mut length) = (Fences::default(), Self::default());
        let (mut is_tag, mut is_drawing) = (false, false);
        for line in markdown.lines() {
            if line.starts_with("<figure ") && !line.contains("\"listing\"") {
                is_drawing = true;
                length.words += WORDS_A_DRAWING;
            }
            match fences.next(line) {
                _ if is_drawing => is_drawing = line != "</figure>",
                Line::Prose => length.words += words(line, &mut is_tag),
                Line::Code if !line.trim().is_empty() => length.lines += 1,
                Line::Code | Line::Open(_) | Line::Close => {}
            }
        }
        length
    }

    /// Minutes to read it, rounded up.
    pub fn minutes(self) -> usize {
        let parts = self.words * LINES_A_MINUTE + self.lines * WORDS_A_MINUTE;
        parts.div_ceil(WORDS_A_MINUTE * LINES_A_MINUTE)
    }
}

/// Words with a letter or a digit, outside of HTML tags.
fn words(line: &str, is_tag: &mut bool) -> usize {
    let mut text = String::new();
    for sign in line.chars() {
        match sign {
            '<' => *is_tag = true,
            '>' if *is_tag => {
                *is_tag = false;
                text.push(' ');
            }
            sign if !*is_tag => text.push(sign),
            _ => {}
        }
    }
    // A `<` that is no tag, as in prose about numbers, ends with its line at the latest unless a tag goes on.
    *is_tag = *is_tag && line.trim_start().starts_with('<');
    text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

#[cfg(test)]
mod tests {
    use super::Length;

    #[test]
    fn prose_is_counted_in_words_and_code_in_lines() {
        let page = "# One two\n\n- three *four* - five\n\n<td class=\"a\">six</td>\n\n```rust\nfn a() {}\n\nb\n```\n";
        assert_eq!(Length::of(page), Length { words: 6, lines: 2 });
    }

    #[test]
    fn a_drawing_is_looked_at_however_many_words_are_in_it() {
        let page = "one\n\n<figure class=\"flow\">\n<text>two</text> <text>three</text>\n</figure>\n\nfour\n";
        assert_eq!(Length::of(page), Length { words: 62, lines: 0 });
    }

    #[test]
    fn minutes_are_rounded_up() {
        assert_eq!(Length { words: 400, lines: 0 }.minutes(), 2);
        assert_eq!(Length { words: 401, lines: 0 }.minutes(), 3);
        assert_eq!(Length { words: 200, lines: 60 }.minutes(), 3);
    }
}
