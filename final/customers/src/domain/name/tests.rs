//! Names that people have, names that nobody can see, and what holds of any text.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

#[test]
fn names_that_people_have_are_accepted() {
    let names = [
        "Ada",
        "O’Brien-Müller, Jr.",
        "山田\u{3000}太郎",
        "Jose\u{301}",
        "می\u{200C}خواهم",
        "ക്\u{200D}ഷ",
        "അവന\u{D4D}\u{200D}",
        "👨\u{200D}👩\u{200D}👧",
        "❤\u{FE0F}\u{200D}🔥 & Co.",
        "葛\u{E0100}飾区",
        "7",
        "X Æ A-12",
        &"é".repeat(MAX_NAME_CHARS),
    ];
    let documented = Regex::new(NAME_PATTERN).unwrap();
    for name in names {
        assert_eq!(Name::new(name).as_ref().map(Name::as_str), Ok(name), "{name:?}");
        assert!(documented.is_match(name), "{name:?}: the document refuses it");
    }
}

#[test]
fn a_name_with_nothing_to_see_is_refused() {
    let empty = [
        "",
        " ",
        "\u{A0}",
        "\u{3000}\u{2003}",
        "\u{200B}",
        "\u{200C}",
        "\u{200D}\u{200D}",
        "\u{FEFF}",
        "\u{AD}",
    ];
    let blank_looking = [
        "\u{3164}",
        "\u{115F}\u{1160}",
        "\u{FFA0}",
        "\u{2800}",
        "\u{1D159}",
        "\u{301}",
        "\u{34F}",
        "\u{FE0F}",
        "\u{FFFC}",
    ];
    for name in empty.iter().chain(&blank_looking) {
        assert_eq!(Name::new(*name), Err(NotAName), "{name:?}");
    }
}

#[test]
fn a_character_that_hides_turns_or_breaks_the_line_is_refused_anywhere() {
    let controls = ['\0', '\n', '\t', '\u{7F}', '\u{85}', '\u{2028}', '\u{2029}'];
    let formats = [
        '\u{202A}',
        '\u{202E}',
        '\u{2066}',
        '\u{2069}',
        '\u{200E}',
        '\u{200B}',
        '\u{FEFF}',
        '\u{E0041}',
        '\u{3164}',
    ];
    let others = ['\u{E000}', '\u{FFFE}', '\u{FDD0}', '\u{10FFFF}', '\u{378}'];
    for bad in controls.into_iter().chain(formats).chain(others) {
        for name in [format!("{bad}Ada"), format!("A{bad}da"), format!("Ada{bad}"), format!("Ada {bad} B")] {
            assert_eq!(Name::new(&name), Err(NotAName), "{name:?}");
        }
    }
}

#[test]
fn blanks_stand_between_words_and_joiners_within_them() {
    for bad in [
        " Ada",
        "Ada ",
        "Ada\u{3000}",
        "\u{200D}Ada",
        "Ada\u{200D}",
        "A\u{200D}\u{200C}da",
        "Ada \u{301}",
        "A \u{200D}da",
    ] {
        assert_eq!(Name::new(bad), Err(NotAName), "{bad:?}");
    }
    assert_eq!(Name::new("x".repeat(MAX_NAME_CHARS + 1)), Err(NotAName));
}

proptest! {
    /// Whatever is accepted is seen from its first character to its last.
    #[test]
    fn a_name_has_no_blank_at_its_ends_and_no_control_character(text in "\\PC{0,12}|.{0,12}|[A ́\u{200D}\u{202E}\u{3164}]{0,6}") {
        if let Ok(Name(name)) = Name::new(text.clone()) {
            prop_assert!(Regex::new(NAME_PATTERN).unwrap().is_match(&name), "the document refuses it");
            prop_assert_eq!(&name, &text, "nothing is changed");
            prop_assert_eq!(name.trim(), &*name);
            let hidden = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202E}' | '\u{3164}');
            prop_assert!(!name.chars().any(hidden));
            let joined = name.starts_with('\u{200D}');
            prop_assert!(!joined);
        }
    }

    #[test]
    fn words_of_letters_are_names(words in prop::collection::vec("[\\p{L}&&[^\u{115F}\u{1160}\u{3164}\u{FFA0}]]{1,9}", 1..9)) {
        prop_assert!(Name::new(words.join(" ")).is_ok());
    }
}
