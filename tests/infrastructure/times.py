"""Whether the times that are configured in many places fit each other: one list of inequalities, each with its reason.

Where a time is configured, there it is read: what the programs are built with is printed by `tests/times`, the rest comes from the applied
Terraform, the compose file and the Dockerfile. What AWS itself fixes stands in `OF_AWS` with its source.
"""

import json
import re
import subprocess
from typing import NamedTuple

from permissions import target_folder

MINUTE, HOUR, DAY = 60, 3600, 86400
# What Docker gives a container that says nothing.
DOCKER_STOP = 10
UNITS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY, "seconds": 1, "minutes": MINUTE, "hours": HOUR, "days": DAY}


class Time(NamedTuple):
    seconds: float
    source: str


class Rule(NamedTuple):
    # Names of times, or a number with its unit, added with + and multiplied by whole numbers, between <, <= and =.
    chain: str
    reason: str


OF_AWS = {
    "fargate_longest_stop": Time(120, "Amazon ECS API Reference, ContainerDefinition, stopTimeout"),
    "stream_keeps": Time(1 * DAY, "Amazon DynamoDB Developer Guide, Change data capture for DynamoDB Streams"),
    "sqs_longest_retention": Time(14 * DAY, "Amazon SQS API Reference, SetQueueAttributes"),
    "sqs_longest_poll": Time(20, "Amazon SQS API Reference, ReceiveMessage"),
    "sqs_longest_visibility": Time(12 * HOUR, "Amazon SQS API Reference, ChangeMessageVisibility"),
    "lambda_longest_run": Time(15 * MINUTE, "AWS Lambda Developer Guide, Configure Lambda function timeout"),
}

RULES = [
    # One call.
    Rule("connect < sqs_attempt", "a connection that cannot be made leaves time for the answer"),
    Rule("poll = sqs_longest_poll", "a shorter poll costs requests and brings nothing sooner"),
    Rule("poll = deployed_poll", "whoever else receives from the queue waits as long as the program"),
    Rule("poll < sqs_attempt", "a poll that finds nothing is an answer, not a time-out"),
    Rule("2 * sqs_attempt < sqs_call", "a lost attempt is tried again in full"),
    # A message in work.
    Rule("message_deadline < sqs_longest_visibility", "SQS hides a message no longer than that, however often it is extended"),
    Rule("5 * message_deadline < order_timeout", "a message that hangs in each of five receives has rung as a dead letter before its order is given up"),
    Rule("made_visibility = visibility", "development and deployment hide messages for the same time"),
    # Stopping.
    Rule("customers_grace = consumer_grace", "both services and their consumers have the same time to finish"),
    Rule("orders_grace = consumer_grace", "both services and their consumers have the same time to finish"),
    Rule("consumer_grace < ecs_stop <= fargate_longest_stop", "a task has ended by itself before ECS kills it"),
    Rule("consumer_grace < compose_stop", "a container has ended by itself before Docker kills it"),
    Rule("ecs_stop = compose_stop", "both kinds of container get the same time"),
    # Requests.
    Rule("deregistration < ecs_stop", "the load balancer has let go of a task before it is killed"),
    Rule("health_timeout < health_interval", "one check has ended before the next begins"),
    Rule("2 * health_interval + health_timeout < start", "a task that just started has passed two checks before ECS counts them"),
    Rule("2 * health_answer < container_health_timeout < container_health_interval", "the program says itself that it is not well: connect, then read"),
    # The relay.
    Rule("relay_run <= lambda_longest_run", "Lambda runs nothing longer"),
    Rule("10 * relay_run < record_age", "a record is given up because it failed often, not because it became old meanwhile"),
    Rule("iterator_age_alarm < record_age < stream_keeps", "somebody is told before records are given up, and they are given up before they are gone"),
    Rule("batch_window + 2 * relay_run <= sweep_age", "a batch that Lambda killed and gave again is still the stream's"),
    Rule("sweep_run < sweep_interval", "a sweep is over before the next one begins"),
    Rule("sweep_event_age <= sweep_interval", "a sweep that was missed is not made up for when the next one is due"),
    Rule("sweep_age + sweep_interval + sweep_run < order_timeout", "a message that the stream missed is sent before its order is given up"),
    Rule("2 * tail_sweep < order_timeout", "the same for the relay that reads the stream by itself: the age, then the pause"),
    # Messages that wait.
    Rule("waiting_alarm < order_timeout < queue", "somebody is told of a consumer that is down before orders are given up, and long before messages expire"),
    Rule("queue + 7 days <= dead_letters <= sqs_longest_retention", "SQS keeps a message's first time when it moves it: what waited long still leaves a week to look at it"),
    Rule("undelivered = dead_letters", "what SNS could not deliver is kept as long"),
    Rule("missed_sweeps = dead_letters", "sweeps that could not be started are kept as long"),
    Rule("made_queue = queue", "the horizon of the inbox is computed with the number that is deployed"),
    Rule("made_dead_letters = dead_letters", "the horizon of the inbox is computed with the number that is deployed"),
    Rule("stream_of_horizon = stream_keeps", "the horizon of the inbox begins with the stream"),
    Rule("2 * horizon <= inbox", "the inbox remembers a message on its longest way, and as long again for a person who redrives it"),
    Rule("dead_letters <= service_logs", "the log of a dead letter is there as long as it is"),
    Rule("relay_logs = service_logs", "one story is told by the logs of all three programs"),
    Rule("sweeper_logs = service_logs", "one story is told by the logs of all three programs"),
    Rule("dead_letters < inbox <= failure_bucket", "records that were given up are kept as long as the inbox would know their messages"),
]


def container(task):
    return json.loads(task["container_definitions"])[0]


def told_after(alarm):
    """When an alarm rings at the latest: the threshold is a time, and then it must hold for some periods."""
    unit = 1000 if alarm["metric_name"] == "IteratorAge" else 1
    return alarm["threshold"] / unit + alarm["period"] * alarm["evaluation_periods"]


def rate(schedule):
    count, unit = re.fullmatch(r"rate\((\d+) (\w+)\)", schedule["schedule_expression"]).groups()
    return int(count) * UNITS[unit]


# Name, module and resource, and how the time is found in it.
OF_TERRAFORM = [
    ("queue", "subscription", "aws_sqs_queue.queue", lambda queue: queue["message_retention_seconds"]),
    ("dead_letters", "subscription", "aws_sqs_queue.dead_letters", lambda queue: queue["message_retention_seconds"]),
    ("undelivered", "subscription", "aws_sqs_queue.undelivered", lambda queue: queue["message_retention_seconds"]),
    ("missed_sweeps", "sweeper", "aws_sqs_queue.missed", lambda queue: queue["message_retention_seconds"]),
    ("visibility", "subscription", "aws_sqs_queue.queue", lambda queue: queue["visibility_timeout_seconds"]),
    ("deployed_poll", "subscription", "aws_sqs_queue.queue", lambda queue: queue["receive_wait_time_seconds"]),
    ("waiting_alarm", "subscription", 'aws_cloudwatch_metric_alarm.queue["waiting"]', told_after),
    ("relay_run", "outbox", "aws_lambda_function.relay", lambda function: function["timeout"]),
    ("record_age", "outbox", "aws_lambda_event_source_mapping.stream", lambda mapping: mapping["maximum_record_age_in_seconds"]),
    ("batch_window", "outbox", "aws_lambda_event_source_mapping.stream", lambda mapping: mapping["maximum_batching_window_in_seconds"]),
    ("iterator_age_alarm", "outbox", 'aws_cloudwatch_metric_alarm.relay["iterator-age"]', told_after),
    ("failure_bucket", "outbox", "aws_s3_bucket_lifecycle_configuration.failures", lambda rules: rules["rule"][0]["expiration"][0]["days"] * DAY),
    ("relay_logs", "outbox", "aws_cloudwatch_log_group.relay", lambda group: group["retention_in_days"] * DAY),
    ("sweep_run", "sweeper", "aws_lambda_function.sweeper", lambda function: function["timeout"]),
    ("sweep_interval", "sweeper", "aws_scheduler_schedule.sweep", rate),
    ("sweep_age", "sweeper", "aws_scheduler_schedule.sweep", lambda one: json.loads(one["target"][0]["input"])["sweep"]["older_than_seconds"]),
    ("sweep_event_age", "sweeper", "aws_scheduler_schedule.sweep", lambda one: one["target"][0]["retry_policy"][0]["maximum_event_age_in_seconds"]),
    ("sweeper_logs", "sweeper", "aws_cloudwatch_log_group.sweeper", lambda group: group["retention_in_days"] * DAY),
    ("ecs_stop", "service", "aws_ecs_task_definition.service", lambda task: container(task)["stopTimeout"]),
    ("start", "service", "aws_ecs_service.service", lambda service: service["health_check_grace_period_seconds"]),
    ("deregistration", "service", "aws_lb_target_group.service", lambda group: int(group["deregistration_delay"])),
    ("health_interval", "service", "aws_lb_target_group.service", lambda group: group["health_check"][0]["interval"]),
    ("health_timeout", "service", "aws_lb_target_group.service", lambda group: group["health_check"][0]["timeout"]),
    ("service_logs", "service", "aws_cloudwatch_log_group.service", lambda group: group["retention_in_days"] * DAY),
    ("balancer_idle", "alb", "aws_lb.main", lambda balancer: balancer["idle_timeout"]),
]


def same(name, values, source, problems):
    """The one value that all places have."""
    if len(set(values)) == 1:
        return {name: Time(values[0], source)}
    problems.append(f"{name}: {source} has {sorted(set(values)) or 'nothing'}; it must be one number")
    return {}


def of_terraform(system, problems):
    times = {}
    for name, module, resource, read in OF_TERRAFORM:
        pattern = rf'module\.{module}(\["[\w-]+"\])?\.{re.escape(resource)}'
        values = [read(values) for address, values in system.items() if re.fullmatch(pattern, address)]
        times |= same(name, values, f"terraform/modules/{module}, {resource}", problems)
    return times


def of_containers(containers, problems):
    """Of the containers that run our programs."""
    programs = [service for service in containers.composed().values() if "build" in service]
    stops = [span(service["stop_grace_period"]) if "stop_grace_period" in service else DOCKER_STOP for service in programs]
    times = same("compose_stop", stops, "docker-compose.yml", problems)
    for name, option in {"container_health_interval": "interval", "container_health_timeout": "timeout"}.items():
        found = re.findall(rf"^HEALTHCHECK .*--{option}=(\w+)", containers.dockerfile, re.M)
        times |= same(name, [span(text) for text in found], "Dockerfile", problems)
    return times


def span(text):
    """Seconds of 45s or 1m30s."""
    return sum(int(count) * UNITS[unit] for count, unit in re.findall(r"(\d+)([smh])", text))


def of_programs(repository):
    """What the programs are built with. The command has the features of the whole workspace, so that nothing is compiled twice."""
    build = ["cargo", "build", "-q", "--workspace", "--bin", "times"]
    done = subprocess.run(build, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise LookupError(done.stdout)
    printed = subprocess.check_output([target_folder(repository) / "debug" / "times"], text=True)
    return {one["name"]: Time(one["seconds"], one["file"]) for one in json.loads(printed)}


def collected(system, containers, programs):
    problems = [f"{time.source} is no file" for time in programs.values() if not (containers.repository / time.source).is_file()]
    return {**OF_AWS, **programs, **of_terraform(system, problems), **of_containers(containers, problems)}, problems


def shown(seconds):
    for unit in "dhm":
        if seconds >= UNITS[unit] and seconds % UNITS[unit] == 0:
            return f"{seconds / UNITS[unit]:g} {unit if unit != 'm' else 'min'}"
    return f"{seconds:g} s"


def names_in(rule):
    return [name for name in re.findall(r"[a-z]\w*", rule.chain) if name not in UNITS]


def value(expression, times):
    total = 0
    for term in expression.split("+"):
        if literal := re.fullmatch(r"(\d+) (\w+)", term.strip()):
            total += int(literal[1]) * UNITS[literal[2]]
            continue
        factor, _, name = term.rpartition("*")
        total += int(factor or 1) * times[name.strip()].seconds
    return total


def holds(rule, times):
    parts = [part.strip() for part in re.split(r"(<=|<|=)", rule.chain)]
    judge = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, "=": lambda a, b: a == b}
    return all(judge[sign](value(a, times), value(b, times)) for a, sign, b in zip(parts[::2], parts[1::2], parts[2::2]))


def told(rule, times):
    """The chain with its numbers and where each is configured."""
    return re.sub(r"[a-z]\w*", lambda name: f"{name[0]} {shown(times[name[0]].seconds)}" if name[0] in times else name[0], rule.chain)


def sources(rule, times):
    return "; ".join(f"{name} from {times[name].source}" for name in dict.fromkeys(names_in(rule)))


def broken(times):
    return [rule for rule in RULES if not holds(rule, times)]


def complaints(times):
    unknown = {name for rule in RULES for name in names_in(rule)} - set(times)
    if unknown:
        return [f"no such time: {', '.join(sorted(unknown))}"]
    return [f"{told(rule, times)} is not so, but {rule.reason} ({sources(rule, times)})" for rule in broken(times)]


def unbound(times):
    """Times that may be changed without any rule turning red: none, once to nothing and once to a hundred times as much."""
    problems = []
    for name, time in times.items():
        changed = [{**times, name: time._replace(seconds=seconds)} for seconds in (0, 100 * time.seconds + 1000)]
        if not any(name in names_in(rule) for one in changed for rule in broken(one)):
            problems.append(f"{name} ({time.source}) may be anything: no rule turns red")
    return problems


# Other numbers for all of them at once, to see that they are read from where they are configured: file, text, changed text, name, seconds.
PLANTED = [
    ("terraform/modules/subscription/main.tf", "queue_retention       = 604800", "queue_retention       = 345600", "queue", 4 * DAY),
    ("terraform/modules/subscription/main.tf", "dead_letter_retention = 1209600", "dead_letter_retention = 864000", "dead_letters", 10 * DAY),
    ("terraform/modules/subscription/main.tf", "visibility_timeout_seconds = 30", "visibility_timeout_seconds = 31", "visibility", 31),
    ("terraform/modules/subscription/main.tf", "receive_wait_time_seconds  = 20", "receive_wait_time_seconds  = 1", "deployed_poll", 1),
    ("terraform/modules/subscription/variables.tf", "default     = 600", "default     = 4000", "waiting_alarm", 4300),
    ("terraform/modules/outbox/variables.tf", "default     = 120", "default     = 200", "relay_run", 200),
    ("terraform/modules/outbox/variables.tf", "default     = 21600", "default     = 1800", "record_age", 1800),
    ("terraform/modules/outbox/main.tf", "maximum_batching_window_in_seconds = 0", "maximum_batching_window_in_seconds = 9", "batch_window", 9),
    ("terraform/modules/outbox/variables.tf", "default     = 600", "default     = 1500", "iterator_age_alarm", 2100),
    ("terraform/modules/outbox/variables.tf", "default     = 90", "default     = 14", "failure_bucket", 14 * DAY),
    ("terraform/live/variables.tf", "default     = 30", "default     = 7", "service_logs", 7 * DAY),
    ("terraform/modules/sweeper/variables.tf", "default     = 5", "default     = 15", "sweep_interval", 900),
    ("terraform/modules/sweeper/variables.tf", "default     = 300", "default     = 200", "sweep_age", 200),
    ("terraform/modules/sweeper/main.tf", "timeout = local.interval - 30", "timeout = local.interval", "sweep_run", 900),
    ("terraform/modules/sweeper/main.tf", "_age_in_seconds = local.interval", "_age_in_seconds = 86400", "sweep_event_age", 86400),
    ("terraform/modules/sweeper/main.tf", "message_retention_seconds = 1209600", "message_retention_seconds = 60", "missed_sweeps", 60),
    ("terraform/modules/service/variables.tf", "default     = 45", "default     = 30", "ecs_stop", 30),
    ("terraform/modules/service/main.tf", "grace_period_seconds  = 60", "grace_period_seconds  = 20", "start", 20),
    ("terraform/modules/service/traffic.tf", "deregistration_delay = 15", "deregistration_delay = 300", "deregistration", 300),
    ("terraform/modules/service/traffic.tf", "interval            = 10", "interval            = 5", "health_interval", 5),
    ("terraform/modules/service/traffic.tf", "timeout             = 5", "timeout             = 6", "health_timeout", 6),
    ("terraform/modules/alb/variables.tf", "default     = 60", "default     = 11", "balancer_idle", 11),
    ("docker-compose.yml", "  stop_grace_period: 45s\n", "", "compose_stop", 10),
    ("Dockerfile", "--interval=10s", "--interval=7s", "container_health_interval", 7),
    ("Dockerfile", "--timeout=8s", "--timeout=5s", "container_health_timeout", 5),
]


def plant(root):
    """Changes the numbers in a copy; what the copy does not hold is told."""
    problems = []
    for path, old, new, _, _ in PLANTED:
        file = root / path
        text = file.read_text()
        if old not in text:
            problems.append(f"{path} does not hold the text to change any more: {old}; adapt times.py")
        file.write_text(text.replace(old, new))
    return problems


def unread(times):
    """Planted numbers that were not read."""
    return [f"{name} is {times[name].seconds} s, planted were {seconds} s in {path}" for path, _, _, name, seconds in PLANTED if times[name].seconds != seconds]


def report(report, system, containers):
    """Prints every time with its source, and every chain with its numbers."""
    try:
        times, problems = collected(system, containers, of_programs(containers.repository))
    except LookupError as unreadable:
        report.add("times: read from where they are configured", [str(unreadable)])
        return
    if not report.add(f"times: {len(times)} read from where they are configured", problems):
        return
    for name, time in times.items():
        print(f"        {name} {shown(time.seconds)}: {time.source}", flush=True)
    report.add(f"times: {len(RULES)} rules hold", complaints(times))
    for rule in RULES:
        print(f"        {told(rule, times)}: {rule.reason}", flush=True)
    report.add("times: each of them, changed, turns a rule red", unbound(times))
