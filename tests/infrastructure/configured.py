"""Where each time is configured, and what it is there.

The programs' own are printed by `tests/times`, the rest comes from the applied Terraform, the compose file
and the Dockerfile. What AWS itself fixes stands in `OF_AWS` with its source.
"""

import json
import os
import re
import subprocess
from typing import NamedTuple

import facts
from deployment import only
from permissions import target_folder

MINUTE, HOUR, DAY = 60, 3600, 86400
# What Docker gives a container that says nothing.
DOCKER_STOP = 10
UNITS = {
    "s": 1,
    "m": MINUTE,
    "h": HOUR,
    "d": DAY,
    "seconds": 1,
    "minute": MINUTE,
    "minutes": MINUTE,
    "hours": HOUR,
    "days": DAY,
}


class Time(NamedTuple):
    seconds: float
    source: str


# What is counted and not measured.
COUNTS = {"retries", "receives", "visibility_factor"}

OF_AWS = {
    "fargate_longest_stop": Time(120, "Amazon ECS API Reference, ContainerDefinition, stopTimeout"),
    "stream_keeps": Time(
        1 * DAY, "Amazon DynamoDB Developer Guide, Change data capture for DynamoDB Streams"
    ),
    "sqs_longest_retention": Time(14 * DAY, "Amazon SQS API Reference, SetQueueAttributes"),
    "sqs_longest_poll": Time(20, "Amazon SQS API Reference, ReceiveMessage"),
    "sqs_longest_visibility": Time(12 * HOUR, "Amazon SQS API Reference, ChangeMessageVisibility"),
    "lambda_longest_run": Time(15 * MINUTE, "AWS Lambda Developer Guide, Configure Lambda function timeout"),
}


def container(task):
    return task["container_definitions"][0]


def told_after(alarm):
    """When an alarm rings at the latest: the threshold is a time, and then it must hold for some periods."""
    unit = 1000 if alarm["metric_name"] == "IteratorAge" else 1
    return alarm["threshold"] / unit + alarm["period"] * alarm["evaluation_periods"]


def rings_after(alarm):
    return alarm["period"] * alarm["evaluation_periods"]


def scales_at(policy):
    return policy["target_tracking_scaling_policy_configuration"][0]["target_value"]


def variable(task, name):
    return only([one["value"] for one in container(task)["environment"] if one["name"] == name], name)


def rate(schedule):
    count, unit = re.fullmatch(r"rate\((\d+) (\w+)\)", schedule["schedule_expression"]).groups()
    return int(count) * UNITS[unit]


# A queue is read by a process, which extends the time for which it hides a message, or by a function, which cannot.
OF_PROCESSES, OF_FUNCTIONS = "aws_sqs_queue.queue, of processes", "aws_sqs_queue.queue, of functions"

# Name, module and resource, and how the time is found in it.
OF_TERRAFORM = [
    ("inbox", "service", "aws_ecs_task_definition.service", lambda task: int(variable(task, "INBOX_RETENTION_DAYS")) * DAY),
    ("scale_age", "service", "aws_appautoscaling_policy.queues", scales_at),
    ("no_healthy_alarm", "service", 'aws_cloudwatch_metric_alarm.service["no-healthy-task"]', rings_after),
    ("not_running_alarm", "sweeper", 'aws_cloudwatch_metric_alarm.sweeper["not-running"]', rings_after),
    ("old_messages_alarm", "sweeper", 'aws_cloudwatch_metric_alarm.sweeper["old-pending-messages"]', rings_after),
    ("queue", "subscription", "aws_sqs_queue.queue", lambda queue: queue["message_retention_seconds"]),
    (
        "dead_letters",
        "subscription",
        "aws_sqs_queue.dead_letters",
        lambda queue: queue["message_retention_seconds"],
    ),
    (
        "undelivered",
        "subscription",
        "aws_sqs_queue.undelivered",
        lambda queue: queue["message_retention_seconds"],
    ),
    ("missed_sweeps", "sweeper", "aws_sqs_queue.missed", lambda queue: queue["message_retention_seconds"]),
    (
        "receives",
        "subscription",
        "aws_sqs_queue.queue",
        lambda queue: queue["redrive_policy"]["maxReceiveCount"],
    ),
    ("visibility", "subscription", OF_PROCESSES, lambda queue: queue["visibility_timeout_seconds"]),
    ("function_visibility", "subscription", OF_FUNCTIONS, lambda queue: queue["visibility_timeout_seconds"]),
    (
        "deployed_poll",
        "subscription",
        "aws_sqs_queue.queue",
        lambda queue: queue["receive_wait_time_seconds"],
    ),
    ("waiting_alarm", "subscription", 'aws_cloudwatch_metric_alarm.queue["waiting"]', told_after),
    ("relay_run", "outbox", "aws_lambda_function.relay", lambda function: function["timeout"]),
    (
        "record_age",
        "outbox",
        "aws_lambda_event_source_mapping.stream",
        lambda mapping: mapping["maximum_record_age_in_seconds"],
    ),
    (
        "retries",
        "outbox",
        "aws_lambda_event_source_mapping.stream",
        lambda mapping: mapping["maximum_retry_attempts"],
    ),
    (
        "batch_window",
        "outbox",
        "aws_lambda_event_source_mapping.stream",
        lambda mapping: mapping["maximum_batching_window_in_seconds"],
    ),
    ("iterator_age_alarm", "outbox", 'aws_cloudwatch_metric_alarm.relay["iterator-age"]', told_after),
    (
        "failure_bucket",
        "outbox",
        "module.failures.aws_s3_bucket_lifecycle_configuration.bucket",
        lambda rules: rules["rule"][0]["expiration"][0]["days"] * DAY,
    ),
    (
        "sent",
        "outbox",
        "aws_lambda_function.relay",
        lambda function: int(function["environment"][0]["variables"]["SENT_RETENTION_DAYS"]) * DAY,
    ),
    (
        "relay_logs",
        "outbox",
        "aws_cloudwatch_log_group.relay",
        lambda group: group["retention_in_days"] * DAY,
    ),
    ("sweep_run", "sweeper", "aws_lambda_function.sweeper", lambda function: function["timeout"]),
    ("sweep_interval", "sweeper", "aws_scheduler_schedule.sweep", rate),
    (
        "sweep_age",
        "sweeper",
        "aws_scheduler_schedule.sweep",
        lambda one: one["target"][0]["input"]["sweep"]["older_than_seconds"],
    ),
    (
        "sweep_event_age",
        "sweeper",
        "aws_scheduler_schedule.sweep",
        lambda one: one["target"][0]["retry_policy"][0]["maximum_event_age_in_seconds"],
    ),
    (
        "sweeper_logs",
        "sweeper",
        "aws_cloudwatch_log_group.sweeper",
        lambda group: group["retention_in_days"] * DAY,
    ),
    ("function_run", "consumer", "aws_lambda_function.consumer", lambda function: function["timeout"]),
    ("due_interval", "consumer", "aws_scheduler_schedule.due", rate),
    (
        "due_event_age",
        "consumer",
        "aws_scheduler_schedule.due",
        lambda one: one["target"][0]["retry_policy"][0]["maximum_event_age_in_seconds"],
    ),
    ("missed_due", "consumer", "aws_sqs_queue.missed", lambda queue: queue["message_retention_seconds"]),
    ("idle_function_alarm", "consumer", 'aws_cloudwatch_metric_alarm.consumer["not-running"]', rings_after),
    ("not_taken_alarm", "consumer", 'aws_cloudwatch_metric_alarm.consumer["mails-not-taken"]', rings_after),
    (
        "function_logs",
        "consumer",
        "aws_cloudwatch_log_group.consumer",
        lambda group: group["retention_in_days"] * DAY,
    ),
    ("ecs_stop", "service", "aws_ecs_task_definition.service", lambda task: container(task)["stopTimeout"]),
    (
        "start",
        "service",
        "aws_ecs_service.service",
        lambda service: service["health_check_grace_period_seconds"],
    ),
    (
        "deregistration",
        "service",
        "aws_lb_target_group.service",
        lambda group: int(group["deregistration_delay"]),
    ),
    (
        "health_interval",
        "service",
        "aws_lb_target_group.service",
        lambda group: group["health_check"][0]["interval"],
    ),
    (
        "health_timeout",
        "service",
        "aws_lb_target_group.service",
        lambda group: group["health_check"][0]["timeout"],
    ),
    (
        "service_logs",
        "service",
        "aws_cloudwatch_log_group.service",
        lambda group: group["retention_in_days"] * DAY,
    ),
    ("balancer_idle", "alb", "aws_lb.main", lambda balancer: balancer["idle_timeout"]),
]


def same(name, values, source, problems):
    """The one value that all places have."""
    if len(set(values)) == 1:
        return {name: Time(values[0], source)}
    problems.append(f"{name}: {source} has {sorted(set(values)) or 'nothing'}; it must be one number")
    return {}


def is_meant(resource, key):
    """Whether a queue is one of those that are meant; other resources all are."""
    if resource in (OF_PROCESSES, OF_FUNCTIONS):
        return (key in facts.QUEUES_OF_FUNCTIONS) == (resource == OF_FUNCTIONS)
    return True


def of_terraform(system, problems):
    times = {}
    for name, module, resource, read in OF_TERRAFORM:
        pattern = rf'module\.{module}(?:\["([\w-]+)"\])?\.{re.escape(resource.split(", ")[0])}'
        found = [(re.fullmatch(pattern, address), values) for address, values in system.items()]
        values = [read(values) for key, values in found if key and is_meant(resource, key[1])]
        times |= same(name, values, f"terraform/modules/{module}, {resource}", problems)
    orders = [values for address, values in system.items() if address.startswith('module.service["orders"].aws_ecs_task_definition.')]
    given = [int(variable(task, "ORDER_TIMEOUT_SECONDS")) for task in orders]
    return times | same("order_timeout", given, "terraform/live, order_timeout_seconds", problems)


def of_containers(containers, problems):
    """Of the containers that run our programs."""
    programs = [service for service in containers.composed().values() if "build" in service]
    stops = [
        span(service["stop_grace_period"]) if "stop_grace_period" in service else DOCKER_STOP
        for service in programs
    ]
    times = same("compose_stop", stops, "docker-compose.yml", problems)
    for name, option in {
        "container_health_interval": "interval",
        "container_health_timeout": "timeout",
    }.items():
        found = re.findall(rf"^HEALTHCHECK .*--{option}=(\w+)", containers.dockerfile, re.M)
        times |= same(name, [span(text) for text in found], "Dockerfile", problems)
    return times


def span(text):
    """Seconds of 45s or 1m30s."""
    return sum(int(count) * UNITS[unit] for count, unit in re.findall(r"(\d+)([smh])", text))


def of_programs(repository):
    """What the programs are built with.

    Where scripts/test has built all programs, nothing is built: another selection of packages would have other
    features, and compile everything again.
    """
    build = ["cargo", "build", "-q", "--workspace", "--all-features", "--bin", "times"]
    if "PROGRAMS_ARE_BUILT" not in os.environ:
        done = subprocess.run(build, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise LookupError(done.stdout)
    printed = subprocess.check_output([target_folder(repository) / "debug" / "times"], text=True)
    # What the deployment sets itself is the default of the program at a desk.
    settable = {"inbox": "default_inbox", "order_timeout": "default_order_timeout"}
    return {settable.get(one["name"], one["name"]): Time(one["seconds"], one["file"]) for one in json.loads(printed)}


def of_payloads(repository, problems):
    """The module is not part of the system that is applied, so its numbers are read as they are written."""
    file = "terraform/modules/payload-bucket/variables.tf"
    text = (repository / file).read_text()
    default = re.findall(r'"retention_days" \{.*?default\s*= (\d+)', text, re.S)
    least = re.findall(r"var\.retention_days >= (\d+)", text)
    times = {
        name: [int(days) * DAY for days in found]
        for name, found in {"payloads": default, "payloads_least": least}.items()
    }
    return {k: v for name, found in times.items() for k, v in same(name, found, file, problems).items()}


def collected(system, containers, programs):
    problems = [
        f"{time.source} is no file"
        for time in programs.values()
        if not (containers.repository / time.source).is_file()
    ]
    deployed = (
        of_terraform(system, problems)
        | of_containers(containers, problems)
        | of_payloads(containers.repository, problems)
    )
    return {**OF_AWS, **programs, **deployed}, problems


def with_containers(times, containers):
    """The same with what the containers say now."""
    problems = []
    return {**times, **of_containers(containers, problems)}, problems
