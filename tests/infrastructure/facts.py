"""What the programs say of themselves in their sources and cannot be asked for: variables, log events, indexes, paths.

What they publish and consume is asked for: terraform/live/wiring. Facts are looked for in whole crates, so that a file may be renamed; a
pattern that finds nothing fails its check, so that a renamed constant cannot pass unseen.
"""

import json
import pathlib
import re

# Who says its wiring is a service.
WIRING = pathlib.Path(__file__).parents[2] / "terraform/live/wiring"
SAID = {file.stem: json.loads(file.read_text()) for file in WIRING.glob("*.json")}
SERVICES = tuple(sorted(SAID))
# One that only consumes is deployed as a function behind its queues.
FUNCTIONS = tuple(name for name in SERVICES if not SAID[name]["publishes"])
TASKS = tuple(name for name in SERVICES if SAID[name]["publishes"])
QUEUES_OF_FUNCTIONS = {one["queue"] for name in FUNCTIONS for one in SAID[name]["consumes"]}
# Variables that a program knows, and those without which it does not start.
READ = r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|AUTH|HOST|PORT|ENVIRONMENT|RELEASE)"'
REQUIRED = r'\.required\(\s*"(\w+)"'
# Asked for only when AUTH is jwt.
OF_TOKENS = {"JWT_ISSUER", "JWT_AUDIENCE"}
# Read by those only that keep an outbox and answer requests.
OF_TASKS = re.compile("DYNAMODB_OUTBOX_TABLE_NAME|AUTH|JWT_.*")
# Read by the libraries and not by the programs' settings.
READ_ELSEWHERE = {"RUST_LOG"}


class Sources:
    def __init__(self, final):
        self.final = final
        self._texts = {}

    def text(self, *crates):
        """The sources of these crates, without unit tests. A crate that does not exist has none."""
        for crate in crates:
            if crate not in self._texts:
                files = sorted((self.final / crate / "src").rglob("*.rs"))
                texts = [path.read_text().split("#[cfg(test)]")[0] for path in files]
                self._texts[crate] = re.sub(r"^\s*//.*", "", "\n".join(texts), flags=re.M)
        return "\n".join(self._texts[crate] for crate in crates)

    def one(self, crate, pattern):
        found = set(re.findall(pattern, self.text(crate), re.S))
        if len(found) != 1:
            raise LookupError(f"{crate}: {len(found)} matches of {pattern}; facts.py must learn the new form")
        return found.pop()


def gathered(final):
    sources = Sources(final)
    due = r'DueIndex =\s+DueIndex \{ name: "(\w+)", shard: "(\w+)", time: "(\w+)" \}'
    library = "transactional-messaging"
    return {
        "time_to_live": sources.one(library, r'TimeToLiveSpecification::builder\(\)\.attribute_name\("(\w+)"\)'),
        "receives": int(sources.one(library, r"const MAX_RECEIVES: u32 = (\d+);")),
        "subjects": sources.one(library, r'const SUBJECT: &str = "([^"]+)"'),
        "indexes": {name: sources.one(name, due) for name in ("orders", *FUNCTIONS)} | {"scheduled": sources.one(library, due)},
        "variables": {name: of_service(sources, name) for name in SERVICES} | {"relay": of_relay(sources)},
        "paths": {name: sorted(set(re.findall(r'path = "(/[^"]+)"', sources.text(name)))) for name in SERVICES},
        "events": events(final),
    }


def of_service(sources, name):
    """Variables that are read, and those that are required."""
    text = sources.text("service-kit", "service", name)
    own = {sources.one(name, r'const TABLE_VARIABLE: &str = "(\w+)"')}
    read, required = set(re.findall(READ, text)), set(re.findall(REQUIRED, text)) - OF_TOKENS
    if name in FUNCTIONS:
        read, required = ({one for one in names if not OF_TASKS.fullmatch(one)} for names in (read, required))
    return read | own | READ_ELSEWHERE, required | own


def of_relay(sources):
    every = set(re.findall(READ, sources.text("service-kit", "service", "outbox-relay")))
    return every | READ_ELSEWHERE, set(re.findall(REQUIRED, sources.text("outbox-relay"))) | {"ENVIRONMENT", "AWS_REGION"}


def events(final):
    """The events of the programs that are deployed, each with the levels at which it is logged."""
    found, unread = {}, []
    for path in final.glob("*/src/**/*.rs"):
        # The shop is for a desk, and an outage is told under the name that its owner gives it.
        if path.is_relative_to(final / "shop") or path == final / "waiting/src/outage.rs":
            continue
        text = path.read_text().split("#[cfg(test)]")[0]
        for name in re.findall(r'\bOutage::new\(\s*"(\w+)"', text):
            found.setdefault(name, set()).add("warn")
        for call in re.finditer(r"\b(error|warn|info)!\(", text):
            name = re.search(r'(?:^|,)\s*"([^"]*)",?\s*$', within(text, call.end()))
            if name is None:
                unread.append(f"{path.name}: {text[call.start():call.end() + 80]}")
            else:
                # What every service logs under its own name is one event for each.
                for service in SERVICES if "{name}" in name[1] else ("",):
                    found.setdefault(name[1].replace("{name}", service), set()).add(call[1])
    if unread:
        raise LookupError(f"log calls whose event cannot be read: {unread}")
    return found


def within(text, start):
    """What stands between a bracket that was opened before `start` and the one that closes it."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return text[start:place]
    return ""
