"""Pieces of the drawing: text in lines that fit, and the colours."""

import html
import textwrap

# What a letter takes of its size, so that lines can be broken without a browser: a little more than in common fonts.
LETTER = 0.58
COLOURS = {
    "paper": "#ffffff",
    "ink": "#1b2733",
    "quiet": "#5b6875",
    "line": "#c9d1d9",
    "stored": "#e3eefa",
    "moving": "#f4efe2",
    "accent": "#b3431f",
}


class Drawing:
    def __init__(self):
        self.parts = []

    def add(self, part):
        self.parts.append(part)

    def text(self, x, y, text, size, *, colour="ink", weight="normal", family="sans-serif"):
        self.add(
            f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" fill="{COLOURS[colour]}" font-weight="{weight}" font-family="{family}" xml:space="preserve">{html.escape(text)}</text>'
        )

    def paragraph(self, x, y, width, text, size, **style):
        """Wrapped into the width; the height that it took."""
        letters = int(width / (size * LETTER * (1.1 if style.get("family") == "monospace" else 0.95)))
        lines = [
            part
            for line in text.split("\n")
            for part in textwrap.wrap(line, letters, drop_whitespace=True, replace_whitespace=False) or [""]
        ]
        for number, line in enumerate(lines):
            self.text(x, y + size + number * size * 1.32, line, size, **style)
        return len(lines) * size * 1.32 + size * 0.4
