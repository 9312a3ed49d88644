"""Compares what the programs really call with what their roles allow: a call that nothing allows is a mistake, and so is a permission that
nobody uses, unless `UNUSED` says why it must be there.

The calls are noted by two tests: the scenarios in production mode, and the fault laboratory, where recovery makes calls that nothing else
makes. Each line of their files is component, action, resource and count (tests/permissions). A component is what has a role of its own.

Statements are judged as IAM judges them: a deny wins, then an allow is needed; `*` and `?` match in actions and resources. Conditions are
not evaluated, and there are none in these policies: one is a mistake until this can judge it.
"""

import json
import os
import re
import subprocess
from typing import NamedTuple

import policies

# The files, and the command that makes each.
RECORDINGS = {
    "scenarios.tsv": ("cargo", "test", "-q", "--workspace", "--all-features", "--test", "in_process"),
    "faults.tsv": ("cargo", "test", "-q", "--workspace", "--all-features", "--test", "permissions"),
}

# What the calls follow from.
PROGRAMS = ("final", "tests/e2e", "tests/fault-engine", "tests/final-program", "tests/permissions")

ROLES = {
    r'module\.service\["(\w+)"\]\.aws_iam_role_policy\.task': "{}",
    r'module\.outbox\["(\w+)"\]\.aws_iam_role_policy\.relay': "{}-relay",
    r'module\.sweeper\["(\w+)"\]\.aws_iam_role_policy\.sweeper': "{}-sweeper",
    r'module\.sweeper\["(\w+)"\]\.aws_iam_role_policy\.schedule': "{}-schedule",
    r'module\.service\["(\w+)"\]\.aws_iam_role_policy\.execution': "{}-execution",
}

# Calls that AWS makes itself under these roles, which the embedded AWS does not make: component, action, reason. One that is not needed any
# more is a mistake too.
UNUSED = [
    (r".*-(relay|sweeper)", "logs:CreateLogStream", "Lambda writes what the program prints"),
    (r".*-(relay|sweeper)", "logs:PutLogEvents", "Lambda writes what the program prints"),
    (r".*-relay", "dynamodb:ListStreams", "Lambda asks for it when the mapping is made (AWS managed policy AWSLambdaDynamoDBExecutionRole)"),
    (r".*-relay", "s3:PutObject", "Lambda stores records that it gives up on; the simulated mapping hands them to the test"),
    (r".*-relay", "s3:ListBucket", "Lambda looks for the bucket before it stores there (Lambda guide, on-failure destinations)"),
    (r".*-schedule", "lambda:InvokeFunction", "EventBridge Scheduler starts the sweeper"),
    (r".*-schedule", "sqs:SendMessage", "EventBridge Scheduler keeps runs that it could not start"),
    (r".*-execution", "ecr:GetAuthorizationToken", "ECS pulls the image"),
    (r".*-execution", "ecr:BatchCheckLayerAvailability", "ECS pulls the image"),
    (r".*-execution", "ecr:BatchGetImage", "ECS pulls the image"),
    (r".*-execution", "ecr:GetDownloadUrlForLayer", "ECS pulls the image"),
    (r".*-execution", "logs:CreateLogStream", "ECS writes what the program prints"),
    (r".*-execution", "logs:PutLogEvents", "ECS writes what the program prints"),
]


class Call(NamedTuple):
    component: str
    action: str
    resource: str
    count: int


class Finding(NamedTuple):
    component: str
    calls: int
    needs: int
    allowed: int
    # Permissions that nobody used, with the reason if there is one.
    unused: dict
    problems: list


def recorded(repository):
    """The noted calls, made anew where the notes are missing or older than the programs. And what went wrong."""
    folder = target_folder(repository) / "tmp" / "calls"
    sources = [p for top in PROGRAMS for p in (repository / top).rglob("*") if p.suffix in (".rs", ".toml", ".feature")]
    newest = max(path.stat().st_mtime for path in sources)
    calls = []
    for name, command in RECORDINGS.items():
        file = folder / name
        if not file.exists() or file.stat().st_mtime < newest:
            print(f"      noting calls: {' '.join(command)}", flush=True)
            done = subprocess.run(command, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode != 0:
                return [], [done.stdout]
            if not file.exists():
                return [], [f"{' '.join(command)} wrote no {name}"]
        calls += [read(line) for line in file.read_text().splitlines()]
    return calls, [] if calls else ["no call was noted"]


def target_folder(repository):
    return repository / os.environ.get("CARGO_TARGET_DIR", "target")


def read(line):
    component, action, resource, count = line.split("\t")
    return Call(component, action, resource, int(count))


def component_of(address):
    for pattern, name in ROLES.items():
        if found := re.fullmatch(pattern, address):
            return name.format(found[1])
    return None


def deployed(arn, prefix, owner):
    """The same resource in the deployment: other account, and names with its prefix."""
    arn = re.sub(r":us-east-1:\d{12}:", f":{owner}:", arn, count=1)
    return re.sub(r"^((?:[^:]*:){5}(?:table/)?)", rf"\g<1>{prefix}", arn) if arn != "*" else arn


def matches(pattern, text, flags=0):
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, flags) is not None


def covers(statement, action, resource):
    return any(matches(a, action, re.IGNORECASE) for a in policies.listed(statement["Action"])) and any(
        matches(r, resource) for r in policies.listed(statement["Resource"])
    )


def allows(statements, action, resource):
    effects = {statement["Effect"] for statement in statements if covers(statement, action, resource)}
    return "Allow" in effects and "Deny" not in effects


def reason(component, action):
    return next((why for who, what, why in UNUSED if re.fullmatch(who, component) and what == action), None)


def compare(system, calls, prefix):
    """A finding for each component, and one without a name for what belongs to none."""
    by_component, owners, strangers = {}, set(), []
    for address, values in system.items():
        if ".aws_iam_role_policy." not in f".{address}":
            continue
        component = component_of(address)
        if component is None:
            strangers.append(f"{address} is the role of no component that is known here")
            continue
        by_component[component] = json.loads(values["policy"])["Statement"]
    for statements in by_component.values():
        for statement in statements:
            owners |= {":".join(r.split(":")[3:5]) for r in policies.listed(statement["Resource"]) if ":dynamodb:" in r}
    if len(owners) != 1:
        return [Finding("", 0, 0, 0, {}, [f"tables of several accounts or regions: {owners}"])]
    (owner,) = owners
    known = {call.component for call in calls}
    strangers += [f"{name} makes calls and has no role" for name in sorted(known - set(by_component))]
    streams = {values["arn"]: values["stream_arn"] for values in system.values() if values.get("stream_arn")}
    findings = [
        judge(name, statements, [translate(call, prefix, owner, streams) for call in calls if call.component == name])
        for name, statements in sorted(by_component.items())
    ]
    used = {(finding.component, action) for finding in findings for action, _ in finding.unused}
    for who, what, _ in UNUSED:
        if not any(re.fullmatch(who, name) and what == action for name, action in used):
            strangers.append(f"the reason for {what} of {who} is not needed any more")
    return findings + ([Finding("", 0, 0, 0, {}, strangers)] if strangers else [])


def translate(call, prefix, owner, streams):
    """A stream has a label of its own in each AWS."""
    resource = deployed(call.resource, prefix, owner)
    table, _, label = resource.partition("/stream/")
    return call._replace(resource=streams.get(table, resource) if label and label != "*" else resource)


def judge(component, statements, calls):
    problems, unused = [], {}
    problems += [f"{component}: {s['Sid']} has a condition, which is not judged here" for s in statements if "Condition" in s]
    refused = {call for call in calls if not allows(statements, call.action, call.resource)}
    problems += [f"{component} calls {call.action} on {call.resource}, which nothing allows" for call in sorted(refused)]
    for statement in statements:
        if statement["Effect"] != "Allow":
            continue
        for action in policies.listed(statement["Action"]):
            for resource in policies.listed(statement["Resource"]):
                one = {"Action": action, "Resource": resource}
                if any(covers(one, call.action, call.resource) for call in calls):
                    continue
                unused[action, resource] = why = reason(component, action)
                if why is None:
                    problems.append(f"{component} may {action} on {resource}, and never does")
    total = sum(call.count for call in calls)
    return Finding(component, total, len(calls), len(calls) - len(refused), unused, problems)


def merged(calls):
    """One entry for each component, action and resource."""
    counts = {}
    for call in calls:
        counts[call[:3]] = counts.get(call[:3], 0) + call.count
    return [Call(*key, count) for key, count in counts.items()]


def report(report, system, repository, prefix):
    calls, problems = recorded(repository)
    if not report.add("permissions: calls were noted", problems):
        return []
    calls = merged(calls)
    for finding in compare(system, calls, prefix):
        if not finding.component:
            report.add("permissions: roles and reasons", finding.problems)
            continue
        kept = len(finding.unused)
        name = (
            f"permissions of {finding.component}: {finding.needs} seen in {finding.calls} calls, {finding.allowed} allowed, {kept} unused"
        )
        report.add(name, finding.problems)
        for why, actions in by_reason(finding.unused).items():
            print(f"        {', '.join(actions)}: {why}", flush=True)
    return calls


def by_reason(unused):
    reasons = {}
    for (action, _), why in unused.items():
        if why is not None and action not in reasons.setdefault(why, []):
            reasons[why].append(action)
    return reasons
