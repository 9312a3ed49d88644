"""The values that AWS would decide: made up, but of the right shape, and the same in every run."""

import hashlib
import json

import msgpack

ACCOUNT = "111122223333"
REGION = "us-east-1"

# How an ARN ends, after the account. Those that are not here get the service and the resource's name.
ARNS = {
    "aws_dynamodb_table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "aws_sqs_queue": "arn:aws:sqs:{region}:{account}:{name}",
    "aws_sns_topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws_lambda_function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "aws_iam_role": "arn:aws:iam::{account}:role/{name}",
    "aws_s3_bucket": "arn:aws:s3:::{name}",
    "aws_cloudwatch_log_group": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "aws_ecr_repository": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "aws_ecs_task_definition": "arn:aws:ecs:{region}:{account}:task-definition/{name}:{digest}",
    "aws_ecs_cluster": "arn:aws:ecs:{region}:{account}:cluster/{name}",
    "aws_lambda_alias": "arn:aws:lambda:{region}:{account}:function:{function}:{name}",
    "aws_cloudwatch_event_connection": "arn:aws:events:{region}:{account}:connection/{name}",
    "aws_cloudwatch_event_api_destination": "arn:aws:events:{region}:{account}:api-destination/{name}",
}
NAME_ATTRIBUTES = ("name", "function_name", "bucket", "bucket_prefix", "family")


def is_unknown(value):
    return isinstance(value, msgpack.ExtType)


def fill(block, value, make, path=()):
    """The value with make(path, type) in each place that AWS decides, in nested blocks too."""
    if value is None or is_unknown(value):
        return value
    value = dict(value)
    for name, attribute in block["attributes"].items():
        missing = attribute.get("computed") and value.get(name) is None
        if missing or is_unknown(value.get(name)):
            value[name] = make((*path, name), attribute["type"])
    for name, nested in block.get("block_types", {}).items():
        inner, inside = value.get(name), (*path, name)
        if isinstance(inner, list):
            value[name] = [fill(nested["block"], element, make, inside) for element in inner]
        elif isinstance(inner, dict) and nested["nesting_mode"] == "single":
            value[name] = fill(nested["block"], inner, make, inside)
    return value


def maker(kind, config):
    """What invents the values of one resource. The same configuration gets the same values."""
    config = config or {}
    digest = hashlib.sha256(json.dumps([kind, config], default=str, sort_keys=True).encode()).hexdigest()[:8]
    name = next((config[n] for n in NAME_ATTRIBUTES if isinstance(config.get(n), str)), digest)

    def text(attribute):
        if attribute == "arn":
            pattern = ARNS.get(kind, "arn:aws:" + kind.split("_")[1] + ":{region}:{account}:{name}")
            return pattern.format(region=REGION, account=ACCOUNT, name=name, digest=digest, function=config.get("function_name"))
        if attribute == "stream_arn":
            return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}/stream/2026-01-01T00:00:00.000"
        if kind == "aws_sqs_queue" and attribute in ("id", "url"):
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"
        if attribute == "repository_url":
            return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}"
        if attribute == "id" or attribute in NAME_ATTRIBUTES:
            return name
        if attribute.endswith("policy"):
            return ""
        return f"{attribute}-{digest}"

    def make(path, kind_of_value):
        if kind_of_value == "string":
            return text(path[-1])
        if kind_of_value in ("number", "bool"):
            return 0 if kind_of_value == "number" else False
        if kind_of_value[0] in ("list", "set"):
            return []
        if kind_of_value[0] == "map":
            return {}
        return {name: make((*path, name), inner) for name, inner in kind_of_value[1].items()}

    return make


def of_data_source(kind):
    """What AWS would tell about the account and the region."""
    return {
        "aws_caller_identity": {"account_id": ACCOUNT},
        "aws_partition": {"partition": "aws", "dns_suffix": "amazonaws.com"},
        "aws_region": {"region": REGION, "name": REGION, "id": REGION},
        "aws_availability_zones": {"names": [f"{REGION}{zone}" for zone in "abc"]},
    }.get(kind, {})
