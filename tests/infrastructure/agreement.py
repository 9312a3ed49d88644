"""Whether the applied system is the one that the Rust programs expect: names, keys, variables, limits.

Facts are read from the sources by pattern. A pattern that finds nothing fails its check, so a renamed constant cannot pass unseen.
"""

import json
import math
import re

SERVICES = ("customers", "orders")


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

    def seconds(self, path, name):
        return product(self.one(path, rf"const {name}: [\w:]+ = (?:Duration::from_secs\()?([\d *]+)\)?;"))


def product(text):
    return math.prod(int(factor) for factor in text.split("*"))


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
    receives, retention = sources.seconds(broker, "MAX_RECEIVES"), sources.seconds(broker, "RETENTION_S")
    problems = []
    for queue in of_type(system, "aws_sqs_queue"):
        problems += differences(f"retention of {queue['name']}", queue["message_retention_seconds"], retention)
        if queue["redrive_policy"]:
            redrive = json.loads(queue["redrive_policy"])
            problems += differences(f"receives of {queue['name']}", redrive["maxReceiveCount"], receives)
            target = redrive["deadLetterTargetArn"].split(":")[-1]
            problems += differences("dead-letter queue", target, queue["name"] + "--dlq")
    return problems


def tables(system, sources, prefix):
    rust = "transactional-messaging/src/provision/tables.rs"
    time_to_live = sources.one(rust, r'TimeToLiveSpecification::builder\(\)\.attribute_name\("(\w+)"\)')
    stream = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", sources.one(rust, r"StreamViewType::(\w+)")).upper()
    index = [
        sources.one("transactional-messaging/src/outbox/row.rs", r'const PENDING_INDEX: &str = "(\w+)"'),
        sources.one(rust, r'key\("(\w+)", KeyType::Hash\)\?\)\s*\.key_schema\(key\("\w+", KeyType::Range'),
        sources.one(rust, r'key\("(?!PK|SK)(\w+)", KeyType::Range\)'),
        sources.one(rust, r"ProjectionType::(\w+)").replace("KeysOnly", "KEYS_ONLY"),
    ]
    problems = []
    for service in SERVICES:
        inbox, outbox = (named(system, "aws_dynamodb_table", f"{prefix}{service}-{part}") for part in ("inbox", "outbox"))
        plain = named(system, "aws_dynamodb_table", prefix + service)
        keys = [(table.get("hash_key"), table.get("range_key")) for table in (plain, inbox, outbox)]
        problems += differences(f"keys of {service}", keys, [("PK", None), ("PK", None), ("PK", "SK")])
        if problems:
            continue
        for table in (inbox, outbox):
            problems += differences("time to live", table["ttl"][0]["attribute_name"], time_to_live)
        problems += differences("stream", outbox["stream_view_type"], stream)
        deployed = [[i[n] for n in ("name", "hash_key", "range_key", "projection_type")] for i in outbox["global_secondary_index"]]
        problems += differences("index", deployed, [index])
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
        read = set(re.findall(r'\.(?:required|optional|maybe|parsed)\(\s*"(\w+)"', settings))
        required = set(re.findall(r'\.required\(\s*"(\w+)"', settings))
        problems += [f"{name}: {variable} is set and never read" for variable in set(given) - read]
        problems += [f"{name}: {variable} is required and not set" for variable in required - set(given)]
    return problems


def times(system, sources, prefix):
    problems = []
    longest_call = sources.seconds("service-kit/src/aws.rs", "OPERATION_TIMEOUT")
    for function in of_type(system, "aws_lambda_function"):
        if function["timeout"] <= longest_call:
            problems.append(f"{function['function_name']} is killed after {function['timeout']} s, one AWS call may take {longest_call} s")
    for service in SERVICES:
        grace = sources.seconds(f"{service}/src/service.rs", "GRACE")
        for task in of_type(system, "aws_ecs_task_definition"):
            (container,) = json.loads(task["container_definitions"])
            if container["name"] == service and container["stopTimeout"] < grace + 10:
                problems.append(f"{service} is killed after {container['stopTimeout']} s and needs {grace} s and some to stop")
    return problems


def log_events(system, sources, prefix):
    """Log lines that alarms count must be written by the programs under these names."""
    rust = "\n".join(path.read_text() for path in sources.final.glob("transactional-messaging/src/relay/*.rs"))
    filters = of_type(system, "aws_cloudwatch_log_metric_filter")
    events = {re.fullmatch(r'\{ \$\.event = "(\w+)" \}', one["pattern"])[1] for one in filters}
    missing = [f"no program logs {event}" for event in events if f'"{event}"' not in rust]
    return missing + differences("number of log filters", len(filters), 2 * len(SERVICES))


def head_rows(system, sources, prefix):
    head = sources.one("transactional-messaging/src/outbox/row.rs", r'const HEAD: &str = "([^"]+)"')
    expected = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"SK": {"S": [{"anything-but": [head]}]}}}}
    problems = []
    for mapping in of_type(system, "aws_lambda_event_source_mapping"):
        patterns = [json.loads(one["pattern"]) for one in mapping["filter_criteria"][0]["filter"]]
        problems += differences("stream filter", patterns, [expected])
    return problems


CHECKS = {
    "agreement with the programs: topics and queues": topics_and_queues,
    "agreement with the programs: receives, retention, dead-letter queues": queue_settings,
    "agreement with the programs: tables, index, stream, time to live": tables,
    "agreement with the programs: environment variables": variables,
    "agreement with the programs: time limits": times,
    "agreement with the programs: log events behind alarms": log_events,
    "agreement with the programs: stream filter": head_rows,
}


def run(check, system, final, prefix):
    try:
        return check(system, Sources(final), prefix)
    except LookupError as missing:
        return [str(missing)]
