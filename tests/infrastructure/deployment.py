"""One planned and applied example of the deployment, as the requirements look at it: resources with every name known, what is made after
what, the variables it was made with, and what the services say of themselves."""

import json
import re
from typing import NamedTuple


class Missing(LookupError):
    """What a requirement asked for is not there, which is a complaint and no crash."""


class Values(dict):
    """What is known of one thing, which can say what it lacks."""

    def __init__(self, values, label):
        super().__init__(values)
        self.label = label

    def __missing__(self, name):
        raise Missing(f"{self.label} has no {name}")


class Resource(NamedTuple):
    address: str
    kind: str
    # Within its module: type, name and key.
    name: str
    values: Values


class Deployment:
    def __init__(self, plan, state, facts, wiring):
        self.variables = {name: one.get("value") for name, one in plan["variables"].items()}
        self.made_after = made_after(plan["configuration"]["root_module"])
        self.facts, self.wiring = facts, wiring
        # Who publishes runs as tasks, with an outbox and a relay; who only consumes is a function.
        self.publishers = [name for name, said in wiring.items() if said["publishes"]]
        self.functions = [name for name, said in wiring.items() if not said["publishes"]]
        self.environment = self.variables["environment"]
        self.region = self.variables["region"]
        self.index([resource for resource in resources(state["values"]["root_module"])])

    def index(self, everything):
        self.everything = everything
        self._by_kind, self._by_module = {}, {}
        for one in everything:
            self._by_kind.setdefault(one.kind, []).append(one)
            for module, key in re.findall(r'module\.([\w-]+)(?:\["([\w-]+)"\])?\.', one.address)[:1]:
                parts = self._by_module.setdefault(module, {}).setdefault(key, Values({}, f"module.{module} {key}".strip()))
                parts[one.name] = one.values

    def of(self, kind):
        return [one.values for one in self._by_kind.get(kind, [])]

    def only(self, kind):
        return only(self.of(kind), kind)

    def all_of(self, kind):
        return self._by_kind.get(kind, [])

    def module(self, name):
        """By the module's key, or "" where it has none: what is in it, by type, name and key."""
        return Values(self._by_module.get(name, {}), f"module {name}")

    def named(self, kind, **wanted):
        """The one resource with these values, or nothing."""
        found = [values for values in self.of(kind) if all(values.get(name) == value for name, value in wanted.items())]
        return only(found, f"{kind} with {wanted}")

    def table(self, service, part=""):
        """The table of sent messages cannot be restored."""
        end = None if part == "-sent" else self.variables["restored_tables"].get(service)
        return f"{self.environment}-{service}{part}" + (f"-{end}" if end else "")

    def topic(self, name):
        return f"{self.environment}-{name}" + (".fifo" if self.variables["fifo"] else "")

    queue = topic

    def dead_letters(self, name, kind="dlq"):
        return f"{self.environment}-{name}--{kind}" + (".fifo" if self.variables["fifo"] else "")

    def arn(self, kind, name):
        return next((values["arn"] for values in self.of(kind) if values.get("name") == name), None)

    def system(self):
        return {one.address: one.values for one in self.everything}


def only(found, what):
    """The one thing that was found."""
    found = list(found)
    if len(found) != 1:
        raise Missing(f"{what}: {len(found)} were found, and one was wanted")
    return found[0]


def resources(module):
    for one in module.get("resources", []):
        if one["mode"] == "managed":
            name = one["address"].rsplit(f"{one['type']}.", 1)[1]
            yield Resource(one["address"], one["type"], f"{one['type']}.{name}", read(one["values"], one["address"]))
    for child in module.get("child_modules", []):
        yield from resources(child)


def read(value, label):
    """Values with what they lack; documents that a resource holds as text, such as policies, as what they say."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return read(json.loads(value), label)
        except ValueError:
            return value
    if isinstance(value, dict):
        return Values({name: read(inner, f"{label}.{name}") for name, inner in value.items()}, label)
    return [read(inner, label) for inner in value] if isinstance(value, list) else value


def made_after(module, path=""):
    """By address without keys: what is named in depends_on."""
    found = {}
    for one in module.get("resources", []):
        found[path + one["address"]] = list(one.get("depends_on", []))
    for name, output in module.get("outputs", {}).items():
        found[f"{path}output.{name}"] = list(output.get("depends_on", []))
    for name, call in module.get("module_calls", {}).items():
        found[f"{path}module.{name}"] = list(call.get("depends_on", []))
        found |= made_after(call["module"], f"{path}module.{name}.")
    return found
