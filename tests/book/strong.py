"""Words that claim more than a run can show, in the pages of the book and in README.md: each place where one stands is
in strong.txt, with what shows it, or why it claims nothing. A test that is named there exists.
Usage: strong.py, from the root of the repository."""

import pathlib
import re
import subprocess
import sys

STRONG = re.compile(
    r"\b(always|longest|the only|only way|impossible|prove[sd]?|proof|guaranteed|the best|no matter|under no|in no case"
    r"|nothing (?:is|was|gets) (?:lost|doubled)|nothing happens twice|never los\w+|loses? nothing|cannot (?:fail|be lost|lose))\b",
    re.IGNORECASE,
)
KEPT = pathlib.Path("tests/book/strong.txt")


def prose(text):
    """The text without fences, directives, code and comments, each sentence on a line."""
    text = re.sub(r"^(```+)[^\n]*\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^\{\{#.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"`[^`\n]*`|<code>.*?</code>|<!--.*?-->", "", text)
    return re.sub(r"\s+", " ", text)


def found():
    for page in [*sorted(pathlib.Path("book/src").glob("*.md")), pathlib.Path("README.md")]:
        text = prose(page.read_text())
        for place in STRONG.finditer(text):
            yield page.stem, text[max(0, place.start() - 70) : place.end() + 50]


def kept():
    for line in KEPT.read_text().splitlines():
        if line and not line.startswith("#"):
            page, words, why = (part.strip() for part in line.split("|"))
            yield page, words, why


def is_test(name):
    return subprocess.run(["git", "grep", "-qw", f"fn {name}", "--", "*.rs"]).returncode == 0


def main():
    lines, places, wrong = list(kept()), list(found()), []
    for page, around in places:
        if not any(page == kept_page and words in around for kept_page, words, _ in lines):
            wrong.append(f"{page}: who shows it? …{around}…")
    for page, words, why in lines:
        if not any(page == found_page and words in around for found_page, around in places):
            wrong.append(f"{KEPT} has words that {page} does not: {words}")
        if why.startswith("test ") and not is_test(why.removeprefix("test ")):
            wrong.append(f"{KEPT}: there is no {why}")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{len(places)} strong words, {len(wrong)} of them wrong")
    sys.exit(1 if wrong else 0)


main()
