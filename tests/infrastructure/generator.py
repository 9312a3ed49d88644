"""Mistakes, made by a generator: every boolean flipped, every number times and divided by ten, every text exchanged with a sibling's, every
block, every resource and every "made after" removed. Each must turn a requirement red; what turns none red stands in `harmless.py`, with
the reason.

The mistakes are made in what was planned and applied, one at a time, and taken back: what a changed line of Terraform would lead to is
the same value in the same place. Of resources that one block of the configuration makes several times, one is changed.
"""

import json
import pathlib
import re
import sys
from typing import NamedTuple

import requirements

sys.path.append(str(pathlib.Path(__file__).parent / "standin"))
import rules as of_aws  # noqa: E402 # What AWS would not take at all.

SCHEMA = json.loads((pathlib.Path(__file__).parent / "standin" / "schema.json").read_text())["resource_schemas"]


class Tally:
    """What became of the mistakes."""

    def __init__(self, listed):
        self.listed, self.needed, self.seen = listed, set(), set()
        self.killed, self.lines, self.survivors = 0, [], {}
        self.by_check = {}

    def count(self, where, results):
        killed = listed = survived = 0
        for mistake, check in results:
            self.seen.add((mistake.place, mistake.what))
            reason = None if check else self.reason(mistake)
            killed, listed, survived = killed + bool(check), listed + bool(reason), survived + (not check and not reason)
            if check:
                self.by_check[check] = self.by_check.get(check, 0) + 1
            elif not reason:
                key = f"{mistake.place}: {mistake.what}"
                self.survivors[key] = self.survivors.get(key, 0) + 1
        self.lines.append(f"{where}: {killed + listed + survived} mistakes, {killed} killed, {survived} survived, {listed} listed")

    def reason(self, mistake):
        for place, what, reason in self.listed:
            if re.fullmatch(place, mistake.place) and re.fullmatch(what, mistake.what):
                self.needed.add(place)
                return reason
        return None

    def report(self, report):
        survived = [f"{what}{f' ({count} times)' if count > 1 else ''} turned nothing red: write a requirement, or list it in harmless.py" for what, count in self.survivors.items()]
        report.add("mistakes of the generator: each is killed, or listed with its reason", survived)
        for line in self.lines:
            print(f"        {line}", flush=True)
        for check, count in sorted(self.by_check.items(), key=lambda one: -one[1]):
            print(f"        {count:5} {check}", flush=True)
        report.add("mistakes of the generator: every reason is needed", [f"{place}: {why}" for place, _, why in self.listed if place not in self.needed])


class Mistake(NamedTuple):
    # Kind and path, such as aws_sqs_queue.queue.redrive_policy.maxReceiveCount.
    place: str
    what: str
    apply: object
    undo: object
    address: str = ""


def places(deployment):
    """One resource for each block of the configuration: the last of those that differ in their module's key only."""
    chosen = {}
    for one in deployment.everything:
        chosen[re.sub(r'(module\.\w+)\["[^"]*"\]', r"\1", one.address)] = one
    return list(chosen.values())


def mistakes(deployment):
    siblings = texts(deployment)
    for one in places(deployment):
        yield removed_resource(deployment, one)
        place = re.sub(r'\["[^"]*"\]|\[\d+\]', "", one.name)
        for change in in_block(SCHEMA[one.kind]["block"], one.values, place, siblings):
            yield change._replace(address=one.address)
    for address, after in deployment.made_after.items():
        for other in list(after):
            yield Mistake(f"{address} made after {other}", "removed", lambda l=after, o=other: l.remove(o), lambda l=after, o=other: l.append(o))


def unseen(deployment, seen):
    """Those in places that another example has not."""
    return (mistake for mistake in mistakes(deployment) if (mistake.place, mistake.what) not in seen)


def removed_resource(deployment, one):
    everything = deployment.everything
    return Mistake(re.sub(r'\["[^"]*"\]|\[\d+\]', "", one.name), "resource removed",
                   lambda: deployment.index([other for other in everything if other is not one]), lambda: deployment.index(everything), one.address)


def is_made_up(attribute, name, value):
    """Decided by AWS, or by what stands for it, and not by the configuration."""
    if not attribute.get("computed"):
        return False
    return not attribute.get("optional") or value in (0, False, "") or (isinstance(value, str) and re.fullmatch(rf"{name}-[0-9a-f]{{8}}|[0-9a-f]{{8}}", value)) or name == "id"


def in_block(schema, values, place, siblings):
    for name, attribute in schema["attributes"].items():
        value = values.get(name)
        if value is not None and (name != "bucket" or "bucket_prefix" not in values) and not is_made_up(attribute, name, value):
            yield from in_value(values, name, value, f"{place}.{name}", siblings)
    for name, nested in schema.get("block_types", {}).items():
        blocks = values.get(name)
        if name == "timeouts" or not isinstance(blocks, list):
            continue
        for number, inner in enumerate(blocks):
            yield removal(blocks, number, f"{place}.{name}")
            yield from in_block(nested["block"], inner, f"{place}.{name}", siblings)


def in_value(container, key, value, place, siblings):
    if isinstance(value, bool):
        yield change(container, key, not value, place, "flipped")
    elif isinstance(value, (int, float)) or (isinstance(value, str) and value.isdigit()):
        kind = type(value)
        number = float(value)
        for factor, what in ((10, "times ten"), (0.1, "divided by ten")):
            other = number * factor if number else (1 if factor > 1 else None)
            if other is not None:
                # A share stays one; of what is counted there is no part.
                yield change(container, key, kind(other) if kind is float else kind(int(other)), place, what)
    elif isinstance(value, str):
        other = sibling(siblings, place, container, key, value)
        yield change(container, key, other, place, "exchanged")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield removal(value, number, place)
            yield from in_value(value, number, inner, place, siblings)
    elif isinstance(value, dict):
        for name, inner in list(value.items()):
            yield Mistake(f"{place}.{name}", "removed", lambda v=value, n=name: v.pop(n), lambda v=value, n=name, i=inner: v.__setitem__(n, i))
            yield from in_value(value, name, inner, f"{place}.{name}", siblings)


def sibling(siblings, place, container, key, value):
    """What stands in the same place of another resource, or else beside it in the same one, or else nothing that anybody knows."""
    others = sorted(siblings.get(place.split(".")[0] + ":" + place.split(".", 2)[-1], set()) - {value})
    beside = container.values() if isinstance(container, dict) else container
    others = others or sorted(other for other in beside if isinstance(other, str) and other and other != value)
    return others[0] if others else value + "-other"


def change(container, key, other, place, what):
    old = container[key]
    return Mistake(place, what, lambda: container.__setitem__(key, other), lambda: container.__setitem__(key, old))


def removal(blocks, number, place):
    inner = blocks[number]
    return Mistake(place, "removed", lambda: blocks.pop(number), lambda: blocks.insert(number, inner))


def texts(deployment):
    """All texts of a kind of resource by path, to exchange them."""
    found = {}

    def walk(kind, path, value):
        if isinstance(value, str):
            found.setdefault(f"{kind}:{path}", set()).add(value)
        for name, inner in value.items() if isinstance(value, dict) else ():
            walk(kind, f"{path}.{name}" if path else name, inner)
        for inner in value if isinstance(value, list) else ():
            walk(kind, path, inner)

    for one in deployment.everything:
        walk(one.kind, "", one.values)
    return found


def refused(deployment, mistake):
    """Whether AWS itself would not take it, by its own words: the stand-in's."""
    for one in deployment.everything:
        if one.address == mistake.address:
            return any(True for _ in aws_words(one))
    return False


def aws_words(one):
    if one.kind in of_aws.CALLS:
        service, call = of_aws.CALLS[one.kind]
        shape = of_aws.model(service)["operations"][call]["input"]["shape"]
        yield from of_aws.in_block(one.kind, of_aws.model(service), shape, SCHEMA[one.kind]["block"], one.values, ())
    for (kind, name), (low, high) in of_aws.RANGES.items():
        if kind == one.kind and isinstance(one.values.get(name), (int, float)) and not low <= one.values[name] <= high:
            yield name


def judged(deployment, checks, made=mistakes):
    """Each mistake with the name of a check that it turned red, or none. What the last mistake of its kind turned red is asked first: it
    mostly sees this one, too."""
    last = {}
    for mistake in made(deployment):
        kind = mistake.place.split(".")[0]
        mistake.apply()
        try:
            found = red(deployment, mistake, sorted(checks, key=lambda check: check[0] != last.get(kind)))
        finally:
            mistake.undo()
        last[kind] = found or last.get(kind)
        yield mistake, found


def red(deployment, mistake, checks):
    """A check that crashed has found nothing."""
    for name, check in checks:
        complaints = requirements.check(lambda _, c=check: c(deployment, mistake), deployment)
        if complaints and not all(complaint.startswith("crashed: ") for complaint in complaints):
            return name
    return "AWS would refuse it" if mistake.address and refused(deployment, mistake) else None


def checks_of_requirements():
    return [(text, lambda d, _, f=function: f(d)) for text, function in requirements.RULES]


# Of compose and Dockerfile


def mistakes_of_containers(containers):
    composed = containers.composed()
    siblings = {}
    for name, service in list(composed.items()):
        yield Mistake(f"compose.{name}", "removed", lambda n=name: composed.pop(n), lambda n=name, s=service: composed.__setitem__(n, s))
        for key, value in [(key, value) for key, value in service.items() if value is not None]:
            yield Mistake(f"compose.{name}.{key}", "removed", lambda s=service, k=key: s.pop(k), lambda s=service, k=key, v=value: s.__setitem__(k, v))
            yield from in_value(service, key, value, f"compose.{name}.{key}", siblings)
    yield from mistakes_of_dockerfile(containers)


def mistakes_of_dockerfile(containers):
    """Every line left out, every number times and divided by ten."""
    whole = containers.dockerfile
    lines = whole.split("\n")

    def planted(place, what, changed):
        return Mistake(place, what, lambda: containers.of_dockerfile("\n".join(changed)), lambda: containers.of_dockerfile(whole))

    for number, line in enumerate(lines):
        if not line.strip() or line.strip().startswith("#"):
            continue
        place = f"Dockerfile: {line.strip()[:60]}"
        yield planted(place, "removed", lines[:number] + lines[number + 1:])
        for found in re.finditer(r"\d+", line):
            for other, what in ((int(found[0]) * 10, "times ten"), (int(found[0]) // 10, "divided by ten")):
                changed = line[: found.start()] + str(other) + line[found.end():]
                if other != int(found[0]):
                    yield planted(place, what, lines[:number] + [changed] + lines[number + 1:])
