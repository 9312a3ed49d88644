"""What the document can only say in words: which characters of a name can be seen.

Python has tables of Unicode, JSON Schema has not. A name that the pattern lets through and the words forbid is
not sent. Everything else is, so that a name which both allow and the service refuses is found. What the words
forbid is refused by the tests of `final/customers/src/domain/name`.
"""

import re
import unicodedata

import schemathesis

JOINERS = "\u200c\u200d"
# Characters that look like nothing, or stand for another, whatever their category says.
BLANK_LOOKING = "\u115f\u1160\u2800\u3164\uffa0\ufffc\ufffd\U0001d159"


def is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZ" and character not in BLANK_LOOKING


def is_word(word: str) -> bool:
    if not word or not is_visible(word[0]) or unicodedata.category(word[0])[0] == "M":
        return False
    for before, character, after in zip(" " + word, word, word[1:] + " "):
        if character in JOINERS:
            inside = is_visible(before) and is_visible(after)
            if not inside and not (after == " " and unicodedata.category(before)[0] == "M"):
                return False
        elif not is_visible(character):
            return False
    return True


def follows_the_words(name: str) -> bool:
    blanks = "".join(chr(code) for code in range(0x3001) if unicodedata.category(chr(code)) == "Zs")
    return all(is_word(word) for word in re.split(f"[{blanks}]+", name))


@schemathesis.hook
def filter_body(context, body):
    if not isinstance(body, dict):
        return True
    # In Python `$` also stands before a line break at the end; in the pattern of a JSON Schema it does not.
    if isinstance(body.get("email"), str) and body["email"].endswith("\n"):
        return False
    if not isinstance(body.get("name"), str):
        return True
    return follows_the_words(body["name"])
