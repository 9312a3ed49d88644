"""What the poster says. Its sentences are in texts.toml; names come from the wiring of the services, the row and
the message from a run (the snapshots of the laboratory), times from Terraform."""

import json
import pathlib
import re
import tomllib

from .failing import fail

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXTS = ROOT / "book/poster/texts.toml"
WIRING = ROOT / "terraform/live/wiring"
SPECIMENS = ROOT / "tests/fault-lab/tests/it/snapshots"
# The rows of the poster: the name of each in texts.toml, and what stands beside it.
LABELS = {
    "example": "in this example",
    "looks": "what it looks like",
    "count_on": "what you may count on",
    "dies": "when a process dies here",
    "waits": "how long it can wait here",
    "rings": "what rings, what you type",
}


def texts():
    return tomllib.loads(TEXTS.read_text())


def seconds_of(name):
    """A time that Terraform sets, in words."""
    folder = ROOT / "terraform/modules/subscription"
    text = (folder / "main.tf").read_text() + (folder / "variables.tf").read_text()
    set_at = rf'^ *{name} *= (\d+)$|^variable "{name}" {{[^}}]*?default *= (\d+)$'
    found = re.search(set_at, text, re.MULTILINE)
    if not found:
        fail(f"{folder} does not set {name} any more; say here what took its place")
    seconds = int(found[1] or found[2])
    return f"{seconds // 86400} days" if seconds >= 86400 else f"{seconds} seconds"


def specimen(name):
    return json.loads((SPECIMENS / f"it__specimens__{name}.snap.json").read_text())


def message_of_the_run():
    """The row, the envelope in it, and who publishes and consumes it, by the wiring."""
    row, notification = specimen("outbox-row"), specimen("message")
    envelope = json.loads(row["Message"])
    if notification["Message"] != row["Message"]:
        fail("the row and the message in the queue are not of one message any more; take both from one run")
    wiring = {file.stem: json.loads(file.read_text()) for file in WIRING.glob("*.json")}
    publisher = next(name for name, one in wiring.items() if row["Topic"] in one["publishes"])
    consumer, queue = next(
        (name, one["queue"])
        for name, wired in wiring.items()
        for one in wired["consumes"]
        if one["topic"] == row["Topic"]
    )
    return row, envelope, publisher, consumer, queue


def short(text):
    """An id without the zeros between its ends."""
    return re.sub(r"0{8}-0000-0000-0000-0{8}(\d+)", r"…\1", text)


def columns():
    """Name, kind and texts of each place."""
    row, envelope, publisher, consumer, queue = message_of_the_run()
    names = {
        "publisher": publisher,
        "consumer": consumer,
        "queue": queue,
        "topic": row["Topic"],
        "kind": envelope["type"],
        "source": envelope["source"],
        "id": short(envelope["id"]),
        "subject": short(envelope["subject"]),
        "key": short(row["PK"]),
        "sequence": row["SK"],
        "total": envelope["data"]["order_total"],
        "visible": seconds_of("visibility_timeout_seconds"),
        "waits": seconds_of("queue_retention"),
        "dead": seconds_of("dead_letter_retention"),
    }
    for place in texts()["place"]:
        yield place["name"], place["kind"], *(place[key].format_map(names) for key in LABELS)
