//! A customer's name: what a person sees is what is kept.

use std::sync::LazyLock;

use regex::Regex;

/// The longest name, in Unicode code points.
pub const MAX_NAME_CHARS: usize = 200;

/// What a program can know of a name without the tables of Unicode, as a regular expression: no blanks at the
/// ends, no line breaks, no controls, nothing invisible that is commonly met. It is what the OpenAPI document
/// says; every name follows it.
///
/// It cannot say all. Which characters are format, private or unassigned depends on Unicode's version, and
/// validators know no categories.
pub const NAME_PATTERN: &str = concat!(
    r"^[^ \u00A0\u1680\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\u0000-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160",
    r"\u2800\u3164\uE000-\uF8FF\uFDD0-\uFDEF\uFEFF\uFFA0\uFFF9-\uFFFF]",
    r"(?:[^\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u0000-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160",
    r"\u2800\u3164\uE000-\uF8FF\uFDD0-\uFDEF\uFEFF\uFFA0\uFFF9-\uFFFF]*",
    r"[^ \u00A0\u1680\u2000-\u200B\u200E\u200F\u2028-\u202F\u205F-\u206F\u3000\u0000-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160",
    r"\u2800\u3164\uE000-\uF8FF\uFDD0-\uFDEF\uFEFF\uFFA0\uFFF9-\uFFFF])?$",
);

/// The whole rule: words with blanks between them.
///
/// - A word begins with a letter, a digit, a punctuation mark or a symbol, so there is something to see, and
///   no mark without a letter. The fillers of Hangul, the empty Braille pattern, the null note head and the
///   replacement characters are such by their category, and look like nothing.
/// - Nothing of the category Other: no control or format characters (so none that turns the direction of what
///   follows), nothing that is private or unassigned.
/// - Of line separators and blanks, only blanks within the line, and only between words. At the ends they are
///   refused, not cut off: a name that is read is the name that was sent.
/// - The two joiners are needed to write Persian, the languages of India, and many emoji. Each stands alone
///   within a word, or after the mark that ends it (as in older spellings of Malayalam).
const WORDS: &str = concat!(
    r"^[^\p{C}\p{Z}\p{M}\u115F\u1160\u2800\u3164\uFFA0\uFFFC\uFFFD\u{1D159}]",
    r"(?:[\u200C\u200D]?[^\p{C}\p{Z}\u115F\u1160\u2800\u3164\uFFA0\uFFFC\uFFFD\u{1D159}])*(?:\p{M}[\u200C\u200D])?",
    r"(?:\p{Zs}+[^\p{C}\p{Z}\p{M}\u115F\u1160\u2800\u3164\uFFA0\uFFFC\uFFFD\u{1D159}]",
    r"(?:[\u200C\u200D]?[^\p{C}\p{Z}\u115F\u1160\u2800\u3164\uFFA0\uFFFC\uFFFD\u{1D159}])*(?:\p{M}[\u200C\u200D])?)*$",
);

#[expect(clippy::expect_used, reason = "a constant, which every test of this module compiles")]
static RULE: LazyLock<Regex> = LazyLock::new(|| Regex::new(WORDS).expect("a regular expression"));

/// A customer's name: 1 to [`MAX_NAME_CHARS`] visible characters, with blanks between words only; more
/// exactly, see the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

/// A text is no [`Name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a name has 1 to {MAX_NAME_CHARS} visible characters, with blanks only between them; no control, format, private or unassigned \
     characters"
)]
pub struct NotAName;

impl Name {
    /// A name.
    ///
    /// # Errors
    ///
    /// [`NotAName`] when the text is empty, too long, or holds what cannot be seen.
    pub fn new(text: impl Into<String>) -> Result<Self, NotAName> {
        let text = text.into();
        // The length first, so that the expression never sees a long text.
        let fits = text.chars().count() <= MAX_NAME_CHARS && RULE.is_match(&text);
        if fits { Ok(Self(text)) } else { Err(NotAName) }
    }

    /// A name as it was stored. It is not checked: it followed the rules of its day, and a customer must stay
    /// readable when they change.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests;
