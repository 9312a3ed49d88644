"""The poster: a column for each place that a message passes, a row for each question."""

from .content import LABELS, columns, texts
from .drawing import COLOURS, Drawing
from .failing import fail

PAGE = (1600, 1131)  # A3, lying
LEFT, TOP, GAP, LABEL = 24, 92, 10, 104
# The largest type in which everything fits is taken.
SIZES = [15, 14, 13, 12, 11]


def style_of(row, size):
    """Names, rows and commands as they are typed, a little smaller."""
    return {"size": size - 2, "family": "monospace"} if row in (0, 1, 5) else {"size": size}


def fitting(all_columns, width, room):
    """The type, and the height of each row."""
    for size in SIZES:
        heights = [
            max(
                Drawing().paragraph(0, 0, width - 16, column[2 + row], **style_of(row, size))
                for column in all_columns
            )
            + 14
            for row in range(len(LABELS))
        ]
        if sum(heights) + GAP * len(heights) <= room:
            return size, heights
    fail("the texts are too long for the paper")


def column_at(drawing, number, x, width, column, rows):
    """A place: its name, and its texts in boxes. Each row is the type, the top and the height of its box."""
    drawing.add(
        f'<rect x="{x:.0f}" y="{TOP}" width="{width:.0f}" height="46" rx="8" fill="{COLOURS["ink"]}"/>'
    )
    drawing.add(
        f'<text x="{x + width / 2:.0f}" y="{TOP + 29}" font-size="17" font-weight="bold" font-family="sans-serif" fill="{COLOURS["paper"]}" text-anchor="middle">{number + 1}  {column[0]}</text>'
    )
    if number:
        drawing.add(
            f'<path d="M{x - GAP - 1:.0f} {TOP + 17} l{GAP} 6 l-{GAP} 6 z" fill="{COLOURS["accent"]}"/>'
        )
    for row, (size, y, height) in enumerate(rows):
        drawing.add(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" rx="6" fill="{COLOURS[column[1]]}"/>'
        )
        drawing.paragraph(x + 8, y + 7, width - 16, column[2 + row], **style_of(row, size))


def rows_of(all_columns, width):
    """The type, the top and the height of each row; what is left of the paper is shared among them."""
    room = PAGE[1] - TOP - 56 - 64
    size, heights = fitting(all_columns, width, room)
    stretch = (room - sum(heights) - GAP * len(heights)) / len(heights)
    rows, y = [], TOP + 56
    for height in heights:
        rows.append((size, y, height + stretch))
        y += height + stretch + GAP
    return rows


def draw():
    drawing, all_columns, said = Drawing(), list(columns()), texts()
    width = (PAGE[0] - 2 * LEFT - LABEL - GAP * len(all_columns)) / len(all_columns)
    drawing.text(LEFT, 44, said["title"], 32, weight="bold")
    drawing.text(LEFT, 70, said["below"], 14, colour="quiet")
    rows = rows_of(all_columns, width)
    for number, column in enumerate(all_columns):
        x = LEFT + LABEL + GAP + number * (width + GAP)
        column_at(drawing, number, x, width, column, rows)
    for label, (_, y, _) in zip(LABELS.values(), rows):
        drawing.paragraph(LEFT, y + 7, LABEL, label, 14, weight="bold", colour="accent")
    drawing.text(LEFT, PAGE[1] - 32, said["end"], 15, weight="bold")
    drawing.text(LEFT, PAGE[1] - 12, said["sources"], 11, colour="quiet")
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {PAGE[0]} {PAGE[1]}" width="{PAGE[0]}" height="{PAGE[1]}" role="img" aria-label="{said["title"]}">'
    paper = f'<rect width="{PAGE[0]}" height="{PAGE[1]}" fill="{COLOURS["paper"]}"/>'
    return "\n".join([head, paper, *drawing.parts, "</svg>", ""])
