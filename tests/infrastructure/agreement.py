"""Whether the applied system is the one that the Rust programs expect: names, keys, variables, limits.

Facts are read from the sources by pattern. A pattern that finds nothing fails its check, so a renamed constant cannot pass unseen.
"""

import json
import re

SERVICES = ("customers", "orders")
# How a program asks for a variable.
READ = r'\.(?:required|optional|maybe|parsed|within)\(\s*"(\w+)"'


class Sources:
    def __init__(self, final):
        self.final = final

    def text(self, path):
        """A source file without its unit tests."""
        return (self.final / path).read_text().split("#[cfg(test)]")[0]

    def one(self, path, pattern):
        found = re.findall(pattern, self.text(path), re.S)
        if len(found) != 1:
            raise LookupError(f"{path}: {len(found)} matches of {pattern}; the check must learn the new form")
        return found[0]


def of_type(system, kind):
    return [values for address, values in system.items() if f".{kind}." in f".{address}"]


def named(system, kind, name):
    return next((values for values in of_type(system, kind) if values.get("name") == name), {})


def differences(what, deployed, expected):
    return [] if deployed == expected else [f"{what}: Terraform has {deployed}, the programs have {expected}"]


def topics_and_queues(system, sources, prefix):
    problems = []
    topics, pairs = set(), set()
    for service in SERVICES:
        path = f"{service}/src/service.rs"
        constants = dict(re.findall(r'const (\w+_QUEUE): &str = "([^"]+)"', sources.text(path)))
        topics |= set(re.findall(r'"([^"]+)"', sources.one(path, r"const TOPICS: &\[&str\] =\s*&\[(.*?)\];")))
        listed = sources.one(path, r"const SUBSCRIPTIONS: &\[\(&str, &str\)\] =\s*&\[(.*?)\];")
        pairs |= {(topic, constants[queue]) for topic, queue in re.findall(r'\("([^"]+)", (\w+)\)', listed)}
    deployed = {topic["name"] for topic in of_type(system, "aws_sns_topic")} - {prefix + "alarms"}
    problems += differences("topics", deployed, {prefix + topic for topic in topics})
    subscriptions = {
        (subscription["topic_arn"].split(":")[-1], subscription["endpoint"].split(":")[-1])
        for subscription in of_type(system, "aws_sns_topic_subscription")
        if subscription["protocol"] == "sqs"
    }
    return problems + differences("subscriptions", subscriptions, {(prefix + t, prefix + q) for t, q in pairs})


def queue_settings(system, sources, prefix):
    broker = "transactional-messaging/src/provision/broker.rs"
    receives = int(sources.one(broker, r"const MAX_RECEIVES: u32 = (\d+);"))
    problems = []
    for queue in of_type(system, "aws_sqs_queue"):
        if queue["redrive_policy"]:
            redrive = json.loads(queue["redrive_policy"])
            problems += differences(f"receives of {queue['name']}", redrive["maxReceiveCount"], receives)
            target = redrive["deadLetterTargetArn"].split(":")[-1]
            problems += differences("dead-letter queue", target, queue["name"] + "--dlq")
    return problems


def tables(system, sources, prefix):
    rust = "transactional-messaging/src/provision/tables.rs"
    time_to_live = sources.one(rust, r'TimeToLiveSpecification::builder\(\)\.attribute_name\("(\w+)"\)')
    written = sources.one("transactional-messaging/src/relay/store.rs", r'insert\("(\w+)"\.to_owned\(\), AttributeValue::N')
    stream = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", sources.one(rust, r"StreamViewType::(\w+)")).upper()
    pending = r'DueIndex \{ name: "(\w+)", shard: "(\w+)", time: "(\w+)" \}'
    projection = sources.one(rust, r"ProjectionType::(\w+)").replace("KeysOnly", "KEYS_ONLY")
    indexes = {"customers": [], "orders": [[*sources.one("orders/src/store.rs", pending), projection]]}
    problems = differences("time to live of sent messages", time_to_live, written)
    for service in SERVICES:
        plain, inbox, outbox, sent = (
            named(system, "aws_dynamodb_table", "-".join([prefix + service, *part])) for part in ([], ["inbox"], ["outbox"], ["sent"])
        )
        keys = [(table.get("hash_key"), table.get("range_key")) for table in (plain, inbox, outbox, sent)]
        problems += differences(f"keys of {service}", keys, [("PK", None), ("PK", None), ("PK", "SK"), ("PK", "SK")])
        if problems:
            continue
        for table in (inbox, sent):
            problems += differences("time to live", table["ttl"][0]["attribute_name"], time_to_live)
        problems += differences("stream", outbox["stream_view_type"], stream)
        for table, wanted in ((plain, indexes[service]), (outbox, [])):
            found = [[i[n] for n in ("name", "hash_key", "range_key", "projection_type")] for i in table["global_secondary_index"]]
            problems += differences(f"indexes of {table['name']}", found, wanted)
    return problems


def variables(system, sources, prefix):
    """Every variable that is set is read, and every required one is set."""
    base = sources.text("service-kit/src/settings/base.rs")
    service_settings = base + sources.text("service-kit/src/settings/service.rs")
    relay_settings = base + sources.text("outbox-relay/src/settings.rs")
    programs = []
    for service in SERVICES:
        own = sources.one(f"{service}/src/service.rs", r'const TABLE_VARIABLE: &str = "(\w+)"')
        task = next(t for t in of_type(system, "aws_ecs_task_definition") if t["family"] == f"{prefix}service-{service}")
        (container,) = json.loads(task["container_definitions"])
        programs.append((service, {v["name"]: v["value"] for v in container["environment"]}, service_settings + f'.required("{own}", '))
    for function in of_type(system, "aws_lambda_function"):
        given = {**function["environment"][0]["variables"], "AWS_REGION": "set by Lambda"}
        programs.append((function["function_name"], given, relay_settings))
    problems = []
    for name, given, settings in programs:
        read = set(re.findall(READ, settings))
        required = set(re.findall(r'\.required\(\s*"(\w+)"', settings))
        problems += [f"{name}: {variable} is set and never read" for variable in set(given) - read]
        problems += [f"{name}: {variable} is required and not set" for variable in required - set(given)]
    return problems


# Events that ring by another alarm than the one on error lines, and that are left out of it: who logs them, and which alarm that is.
RING_ELSEWHERE = {
    "subject_parked": ("relay", "parked"),
    "message_moved_to_dead_letter_queue": ("service", "dead-letters"),
}


def log_events(system, sources, prefix):
    """Log lines that alarms count are written by the programs under these names, and every error rings."""
    level = sources.one("service-kit/src/logging/json_lines.rs", r'line\.put\("level", metadata\.level\(\)\.as_str\(\)\.to_ascii_(\w+)case\(\)\);')
    written = events(sources.final)
    problems = [f"{event} is no identifier, so no filter finds it" for event in written if not re.fullmatch(r"[a-z0-9_]+", event)]
    by_group = {}
    for one in of_type(system, "aws_cloudwatch_log_metric_filter"):
        by_group.setdefault(one["log_group_name"], []).append(one["pattern"])
        problems += [f"no program logs {event}, which {one['name']} counts" for event in event_names(one["pattern"]) if event not in written]
    alarms = [alarm["alarm_name"].split("--")[-1] for alarm in of_type(system, "aws_cloudwatch_metric_alarm")]
    for group in of_type(system, "aws_cloudwatch_log_group"):
        patterns = by_group.get(group["name"], [])
        on_errors = [pattern for pattern in patterns if f'$.level = "{"error" if level == "lower" else "ERROR"}"' in pattern]
        if len(on_errors) != 1:
            problems.append(f"{group['name']}: {len(on_errors)} filters count its error lines, so an error rings nowhere or twice")
        for event in {event for pattern in on_errors for event in event_names(pattern)}:
            if RING_ELSEWHERE.get(event, ("", ""))[1] not in alarms:
                problems.append(f"{group['name']}: {event} is left out of the error lines and has no alarm of its own")
    for event, (_, alarm) in RING_ELSEWHERE.items():
        problems += [f"{event} is said to ring as {alarm} and is no error that a program logs"] if "error" not in written.get(event, ()) else []
    return problems + unwatched_metrics(system)


def unwatched_metrics(system):
    """Each counted line reaches an alarm, and each alarm of ours has somebody who counts for it."""
    counted = {(m["namespace"], m["name"]) for one in of_type(system, "aws_cloudwatch_log_metric_filter") for m in one["metric_transformation"]}
    watched = {(a["namespace"], a["metric_name"]) for a in of_type(system, "aws_cloudwatch_metric_alarm") if not a["namespace"].startswith("AWS/")}
    return differences("metrics of log lines (counted, and watched by an alarm)", counted, watched)


def event_names(pattern):
    return re.findall(r'\$\.event !?= "([^"]+)"', pattern)


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
                found.setdefault(name[1], set()).add(call[1])
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


def rows_of_subjects(system, sources, prefix):
    subject = sources.one("transactional-messaging/src/outbox/row.rs", r'const SUBJECT: &str = "([^"]+)"')
    expected = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"PK": {"S": [{"prefix": subject}]}}}}
    problems = []
    for mapping in of_type(system, "aws_lambda_event_source_mapping"):
        patterns = [json.loads(one["pattern"]) for one in mapping["filter_criteria"][0]["filter"]]
        problems += differences("stream filter", patterns, [expected])
    return problems


CHECKS = {
    "agreement with the programs: topics and queues": topics_and_queues,
    "agreement with the programs: receives, dead-letter queues": queue_settings,
    "agreement with the programs: tables, index, stream, time to live": tables,
    "agreement with the programs: environment variables": variables,
    "agreement with the programs: log events behind alarms": log_events,
    "agreement with the programs: stream filter": rows_of_subjects,
}


def run(check, system, final, prefix):
    try:
        return check(system, Sources(final), prefix)
    except LookupError as missing:
        return [str(missing)]
