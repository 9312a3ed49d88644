"""What AWS would refuse, as far as its own service models say so: unknown enum values, numbers out of range, malformed policies."""

import functools
import json
import re

import botocore.loaders

from values import is_unknown

# Which call makes a resource. Its members have the names of the arguments, in another spelling.
CALLS = {
    "aws_dynamodb_table": ("dynamodb", "CreateTable"),
    "aws_lambda_function": ("lambda", "CreateFunction"),
    "aws_lambda_event_source_mapping": ("lambda", "CreateEventSourceMapping"),
    "aws_scheduler_schedule": ("scheduler", "CreateSchedule"),
    "aws_cloudwatch_metric_alarm": ("cloudwatch", "PutMetricAlarm"),
    "aws_cloudwatch_log_group": ("logs", "CreateLogGroup"),
    "aws_ecs_service": ("ecs", "CreateService"),
    "aws_ecs_task_definition": ("ecs", "RegisterTaskDefinition"),
    "aws_lb": ("elbv2", "CreateLoadBalancer"),
    "aws_lb_target_group": ("elbv2", "CreateTargetGroup"),
    "aws_lb_listener": ("elbv2", "CreateListener"),
}
# The model has these elsewhere.
MOVED = {("aws_dynamodb_table", "stream_view_type"): ("StreamSpecification", "StreamViewType")}
# SQS takes its settings as text, so the model knows no limits; these are from "Amazon SQS API Reference, CreateQueue".
RANGES = {
    ("aws_sqs_queue", "visibility_timeout_seconds"): (0, 43_200),
    ("aws_sqs_queue", "message_retention_seconds"): (60, 1_209_600),
    ("aws_sqs_queue", "receive_wait_time_seconds"): (0, 20),
    # "AWS Lambda Developer Guide, Parameters for Amazon DynamoDB event source mappings"
    ("aws_lambda_event_source_mapping", "parallelization_factor"): (1, 10),
}
POLICY_ELEMENTS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


def problems(kind, block, config):
    """Pairs of path and complaint about the known values of one resource."""
    if not isinstance(config, dict):
        return
    yield from decided_by_aws(block, config, ())
    for (of, name), (low, high) in RANGES.items():
        if of == kind and isinstance(config.get(name), (int, float)) and not low <= config[name] <= high:
            yield (name,), f"{config[name]} is not between {low} and {high}"
    for name in ("policy", "assume_role_policy"):
        if isinstance(config.get(name), str):
            yield from (((name,), problem) for problem in in_policy(config[name]))
    if kind == "aws_dynamodb_table":
        yield from in_keys(config)
    if kind in CALLS:
        service, call = CALLS[kind]
        yield from in_block(kind, model(service), model(service)["operations"][call]["input"]["shape"], block, config, ())


def decided_by_aws(block, config, path):
    for name, attribute in block["attributes"].items():
        if attribute.get("computed") and not attribute.get("optional") and config.get(name) is not None:
            yield (*path, name), "is decided by AWS and cannot be set"
    for name, nested in block.get("block_types", {}).items():
        for element in config.get(name) or []:
            if isinstance(element, dict):
                yield from decided_by_aws(nested["block"], element, (*path, name))


def in_keys(config):
    """CreateTable wants every key attribute declared, and nothing but key attributes."""
    if not isinstance(config.get("attribute"), list) or any(is_unknown(a) for a in config["attribute"]):
        return
    declared = {attribute["name"] for attribute in config["attribute"]}
    used = {config.get("hash_key"), config.get("range_key")}
    for index in config.get("global_secondary_index") or []:
        used |= {index.get("hash_key"), index.get("range_key"), *(key["attribute_name"] for key in index.get("key_schema") or [])}
    used.discard(None)
    if not any(is_unknown(name) for name in declared | used) and declared != used:
        yield ("attribute",), f"declared are {sorted(declared)}, keys are {sorted(used)}"


def in_policy(text):
    try:
        policy = json.loads(text)
    except ValueError as error:
        yield f"no JSON: {error}"
        return
    for statement in policy.get("Statement", []):
        for unknown in set(statement) - POLICY_ELEMENTS:
            yield f"{unknown} is no element of a statement"
        if statement.get("Effect") not in ("Allow", "Deny"):
            yield f"Effect is {statement.get('Effect')}"
        actions = statement.get("Action", [])
        for action in [actions] if isinstance(actions, str) else actions:
            if not is_action(action):
                yield f"{action} is no action"


def is_action(action):
    if not re.fullmatch(r"[a-z0-9-]+:[A-Za-z]*\*?", action):
        return action == "*"
    service, name = action.split(":")
    # Elsewhere, actions are not named after calls one to one.
    services = {"dynamodb": ("dynamodb", "dynamodbstreams"), "sqs": ("sqs",), "sns": ("sns",)}.get(service, ())
    # Exist as actions, not as calls: of transactions, and of AWS Backup.
    known = {"ConditionCheckItem", "StartAwsBackupJob"}.union(*(model(of)["operations"] for of in services))
    return not services or "*" in name or name in known


@functools.cache
def model(service):
    return botocore.loaders.Loader().load_service_model(service, "service-2")


def member(of, shape, name):
    wanted = name.replace("_", "").lower()
    members = of["shapes"][shape].get("members", {}) if shape else {}
    return next((value["shape"] for key, value in members.items() if key.lower() == wanted), None)


def in_block(kind, of, shape, block, config, path):
    for name in block["attributes"]:
        value, inner = config.get(name), shape
        for step in MOVED.get((kind, name), (name,)):
            inner = member(of, inner, step)
        if value is not None and not is_unknown(value) and inner:
            yield from (((*path, name), problem) for problem in in_value(of, inner, value))
    for name, nested in block.get("block_types", {}).items():
        inner = member(of, shape, name) or member(of, shape, name + "s")
        while inner and of["shapes"][inner]["type"] == "list":
            inner = of["shapes"][inner]["member"]["shape"]
        if inner and of["shapes"][inner]["type"] == "structure" and isinstance(config.get(name), list):
            for element in config[name]:
                if isinstance(element, dict):
                    yield from in_block(kind, of, inner, nested["block"], element, (*path, name))


def in_value(of, shape, value):
    rule = of["shapes"][shape]
    if rule["type"] == "list" and isinstance(value, list):
        for element in value:
            yield from in_value(of, rule["member"]["shape"], element)
    elif rule["type"] == "string" and isinstance(value, str):
        if "enum" in rule and value not in rule["enum"]:
            yield f"{value!r} is none of {', '.join(rule['enum'])}"
        if "enum" not in rule and not rule.get("min", 0) <= len(value) <= rule.get("max", len(value)):
            yield f"{value!r} is not {rule.get('min', 0)} to {rule.get('max')} characters long"
    elif rule["type"] in ("integer", "long", "double") and isinstance(value, (int, float)):
        if not rule.get("min", value) <= value <= rule.get("max", value):
            yield f"{value} is not between {rule.get('min')} and {rule.get('max')}"
