"""Compares what the programs really call with what their roles allow: a call that nothing allows is a mistake, and so is a permission that
nobody uses, unless `UNUSED` says why it must be there.

The calls are noted by tests: the scenarios in production mode, the fault laboratory, where recovery makes calls that nothing else makes,
and the same of the function that consumes. Each line of their files is component, action, resource and count (tests/permissions). A component is what has a role of its own.

Statements are judged as IAM judges them: a deny wins, then an allow is needed; `*` and `?` match in actions and resources. Conditions are
evaluated in one form only, that the sender of a mail is this address; another is a mistake until this can judge it.
"""

import os
import re
import subprocess
from typing import NamedTuple

import policies

# The files, and the command that makes each.
RECORDINGS = {
    "scenarios.tsv": ("cargo", "test", "-q", "--workspace", "--all-features", "--test", "in_process"),
    "faults.tsv": ("cargo", "test", "-q", "--workspace", "--all-features", "--test", "permissions"),
    "function.tsv": ("cargo", "test", "-q", "--workspace", "--all-features", "--test", "permissions"),
}

# What the calls follow from.
PROGRAMS = ("final", "tests/aws-fault-lab", "tests/e2e", "tests/fault-engine", "tests/final-program", "tests/permissions")

ROLES = {
    r'module\.service\["(\w+)"\]\.aws_iam_role_policy\.task': "{}",
    r'module\.outbox\["(\w+)"\]\.aws_iam_role_policy\.relay': "{}-relay",
    r'module\.sweeper\["(\w+)"\]\.aws_iam_role_policy\.sweeper': "{}-sweeper",
    r'module\.sweeper\["(\w+)"\]\.aws_iam_role_policy\.schedule': "{}-schedule",
    r'module\.service\["(\w+)"\]\.aws_iam_role_policy\.execution': "{}-execution",
    r'module\.consumer\["(\w+)"\]\.aws_iam_role_policy\.consumer': "{}",
    r'module\.consumer\["(\w+)"\]\.aws_iam_role_policy\.schedule': "{}-schedule",
    r'aws_iam_role_policy\.(canary)\["\w+"\]': "{}",
    r"aws_iam_role_policy\.(backups)\[0\]": "{}",
}

# Calls that AWS makes itself under these roles, which the embedded AWS does not make: component, action, reason. One that is not allowed is a
# mistake too.
UNUSED = [
    (r".*-(relay|sweeper)|notifications", "logs:CreateLogStream", "Lambda writes what the program prints"),
    (r".*-(relay|sweeper)|notifications", "logs:PutLogEvents", "Lambda writes what the program prints"),
    (r".*-sweeper", "dynamodb:Query", "the sweeper reads a subject again when another relay was faster between two of its calls; no test hits that moment"),
    (r".*-relay", "dynamodb:ListStreams", "Lambda asks for it when the mapping is made (AWS managed policy AWSLambdaDynamoDBExecutionRole)"),
    (r".*-relay", "s3:PutObject", "Lambda stores records that it gives up on; the simulated mapping hands them to the test"),
    (r".*-relay", "s3:ListBucket", "Lambda looks for the bucket before it stores there (Lambda guide, on-failure destinations)"),
    (r".*-schedule", "lambda:InvokeFunction", "EventBridge Scheduler starts the sweeper, and the function that looks for what is due"),
    (r".*-schedule", "sqs:SendMessage", "EventBridge Scheduler keeps runs that it could not start"),
    (r"notifications", "ses:SendEmail", "SES asks for the address where that was verified, and else for its domain; the embedded one knows addresses"),
    (r".*-execution", "ecr:GetAuthorizationToken", "ECS pulls the image"),
    (r".*-execution", "ecr:BatchCheckLayerAvailability", "ECS pulls the image"),
    (r".*-execution", "ecr:BatchGetImage", "ECS pulls the image"),
    (r".*-execution", "ecr:GetDownloadUrlForLayer", "ECS pulls the image"),
    (r".*-execution", "logs:CreateLogStream", "ECS writes what the program prints"),
    (r".*-execution", "logs:PutLogEvents", "ECS writes what the program prints"),
]


BACKING_UP = (
    "dynamodb:DescribeTable", "dynamodb:CreateBackup", "dynamodb:StartAwsBackupJob", "dynamodb:ListTagsOfResource", "dynamodb:DescribeBackup",
    "dynamodb:DeleteBackup", "backup:DescribeBackupVault", "backup:CopyIntoBackupVault",
)

# The same for what is off unless it is set: neither service sends messages for later, so no test of theirs makes these calls. They are those
# of `Schedule` and `Mover` (final/transactional-messaging/src/scheduled.rs).
UNUSED_SETTINGS = [
    (r"orders", "dynamodb:DeleteItem", "a service that sends messages for later cancels them"),
    (r"orders", "dynamodb:PutItem", "a service that sends messages for later stores them"),
    (r".*-sweeper", "dynamodb:Query", "the sweeper looks which messages for later are due"),
    (r".*-sweeper", "dynamodb:GetItem", "the sweeper reads a message that is due"),
    (r".*-sweeper", "dynamodb:DeleteItem", "the sweeper moves a message that is due out of the table"),
    (r".*-sweeper", "dynamodb:PutItem", "the sweeper moves a message that is due into the outbox"),
    (r"canary", "events:InvokeApiDestination", "EventBridge places the order"),
    *(("backups", action, "AWS Backup copies tables (AWS managed policy AWSBackupServiceRolePolicyForBackup, version 30 of February 2026)") for action in BACKING_UP),
]
# What is there only where something was set.
OF_SETTINGS = {"dynamodb:PutItem", "events:InvokeApiDestination", *BACKING_UP}


# Who sends mails at a desk (final/notifications/src/settings.rs).
SENDER = "identity/shop@example.com"


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


def deployed(arn, deployment, owner):
    """The same resource in the deployment: other account, names with its prefix, the suffix of FIFO topics and queues, the end of restored
    tables."""
    if arn == "*":
        return arn
    suffix = ".fifo" if deployment.variables["fifo"] and arn.split(":")[2] in ("sns", "sqs") else ""
    arn = re.sub(r":us-east-1:\d{12}:", f":{owner}:", arn, count=1) + suffix
    if table := re.fullmatch(r"(arn:aws:dynamodb:.*:table/)([a-z]+)(-[a-z]+)?(/.*)?", arn):
        return f"{table[1]}{deployment.table(table[2], table[3] or '')}{table[4] or ''}"
    return re.sub(r"^((?:[^:]*:){5})", rf"\g<1>{deployment.environment}-", arn)


def matches(pattern, text, flags=0):
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, flags) is not None


def holds(condition, resource):
    """Whether a condition lets this call pass. Of a mail, the resource that was noted is its sender's identity."""
    return condition is None or condition == only_from(resource.rpartition(":identity/")[2])


def only_from(address):
    return {"StringEquals": {"ses:FromAddress": address}}


def covers(statement, action, resource):
    return holds(statement.get("Condition"), resource) and any(matches(a, action, re.IGNORECASE) for a in policies.listed(statement["Action"])) and any(
        matches(r, resource) for r in policies.listed(statement["Resource"])
    )


def allows(statements, action, resource):
    effects = {statement["Effect"] for statement in statements if covers(statement, action, resource)}
    return "Allow" in effects and "Deny" not in effects


def reason(component, action, resource):
    listed = UNUSED_SETTINGS if is_of_a_setting(action, resource) else UNUSED
    return next((why for who, what, why in listed if re.fullmatch(who, component) and what == action), None)


def is_of_a_setting(action, resource):
    """Whether the permission is there only because something was set: messages for later, the canary, or backups."""
    return "-scheduled" in resource or action in OF_SETTINGS


def needed(deployment, components):
    """Pairs of component and action that must be there though no call was noted."""
    later = deployment.variables["scheduled"]
    yield from ((name, what, False) for who, what, _ in UNUSED for name in components if re.fullmatch(who, name))
    for who, what, _ in UNUSED_SETTINGS:
        yield from ((name, what, True) for name in components if re.fullmatch(who, name) and (name in ("canary", "backups") or name.split("-")[0] in later))


def compare(deployment, calls):
    """A finding for each component, and one without a name for what belongs to none."""
    system = deployment.system()
    by_component, owners, strangers = {}, set(), []
    for address, values in system.items():
        if ".aws_iam_role_policy." not in f".{address}":
            continue
        component = component_of(address)
        if component is None:
            strangers.append(f"{address} is the role of no component that is known here")
            continue
        by_component[component] = values["policy"]["Statement"]
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
        judge(name, statements, [translate(call, deployment, owner, streams) for call in calls if call.component == name])
        for name, statements in sorted(by_component.items())
    ]
    used = {
        (name, action, is_of_a_setting(action, resource))
        for name, statements in by_component.items()
        for one in statements
        for action in policies.listed(one["Action"])
        for resource in policies.listed(one["Resource"])
    }
    strangers += [f"{name} must be allowed {what}, which AWS does in its name, and is not" for name, what, set_on in needed(deployment, by_component) if (name, what, set_on) not in used]
    return findings + ([Finding("", 0, 0, 0, {}, strangers)] if strangers else [])


def translate(call, deployment, owner, streams):
    """A stream has a label of its own in each AWS, and mails go in the name of another sender."""
    if call.resource.endswith(f":{SENDER}"):
        return call._replace(resource=f"arn:aws:ses:{owner}:identity/{deployment.variables['mail_from']}")
    resource = deployed(call.resource, deployment, owner)
    table, _, label = resource.partition("/stream/")
    return call._replace(resource=streams.get(table, resource) if label and label != "*" else resource)


def judge(component, statements, calls):
    problems, unused = [], {}
    for s in statements:
        senders = [one.rpartition("/")[2] for one in policies.listed(s["Resource"])]
        if "Condition" in s and s["Condition"] not in [only_from(sender) for sender in senders]:
            problems.append(f"{component}: {s.get('Sid')} has a condition, which is not judged here")
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
                unused[action, resource] = why = reason(component, action, resource)
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


def report(report, example, deployment, calls):
    for finding in compare(deployment, calls):
        if not finding.component:
            report.add(f"permissions: roles and reasons, {example}", finding.problems)
            continue
        kept = len(finding.unused)
        name = (
            f"permissions, {example}: {finding.component}: {finding.needs} seen in {finding.calls} calls, {finding.allowed} allowed, {kept} unused"
        )
        report.add(name, finding.problems)
        for why, actions in by_reason(finding.unused).items():
            print(f"        {', '.join(actions)}: {why}", flush=True)


def by_reason(unused):
    reasons = {}
    for (action, _), why in unused.items():
        if why is not None and action not in reasons.setdefault(why, []):
            reasons[why].append(action)
    return reasons
