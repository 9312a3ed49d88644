"""Tables that can be brought back: which a service has, what they are called when they come back, and what is
the matter with one that came back."""

import datetime
import re
from typing import NamedTuple

from .shell import fail

# The modules of terraform/live that make tables, by the service that is their key. The table of sent messages
# cannot be restored, and has no recovery.
OWNED = re.compile(r'module\.(?:aggregates|inbox|outbox)\["(\w+)"\]\.')
# What the name of a table ends in that came back, such as -20261129t080000z.
END = re.compile(r"-\d{8}t\d{6}z$")


class Table(NamedTuple):
    """A table of a service, as Terraform's state has it."""

    service: str
    address: str
    name: str

    def restored(self, end):
        """The name of the same table as it was at a moment. A table that came back before has one such end,
        and not two."""
        return f"{END.sub('', self.name)}-{end}"


def restorable(resources):
    """Tables of the state that DynamoDB can bring back."""
    for one in resources:
        owner = OWNED.match(one["address"])
        if one["type"] == "aws_dynamodb_table" and owner and enabled(one["values"].get("point_in_time_recovery")):
            yield Table(owner[1], one["address"], one["values"]["name"])


def enabled(blocks):
    return any(block.get("enabled") for block in blocks or [])


def moment(text):
    """A moment as somebody types it. DynamoDB knows seconds; without a time zone nobody knows which one it is."""
    try:
        at = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or at.microsecond:
        fail(f"{text} is no moment; write it with seconds and time zone, such as 2026-11-29T08:00:00Z")
    return at.astimezone(datetime.UTC)


def told(value):
    """A moment as the AWS command line tells it: version 1 in seconds, version 2 as text."""
    if isinstance(value, (int, float)):
        return datetime.datetime.fromtimestamp(value, datetime.UTC)
    return datetime.datetime.fromisoformat(value).astimezone(datetime.UTC)


def end_of(at):
    return at.strftime("%Y%m%dt%H%M%Sz")


def written(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def described(aws, name):
    """What DynamoDB says of a table; None where there is none."""
    answer = aws.find("dynamodb", "describe-table", "--table-name", name)
    return answer and answer["Table"]


def window(aws, name):
    """The first and the last moment that a table can be brought back to; None when it cannot."""
    answer = aws.call("dynamodb", "describe-continuous-backups", "--table-name", name)
    recovery = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        return None
    return told(recovery["EarliestRestorableDateTime"]), told(recovery["LatestRestorableDateTime"])


def shape(table):
    """What a table and what came back of it must have in common: keys, indexes, how it is paid, encryption."""
    indexes = {
        one["IndexName"]: (one["KeySchema"], one["Projection"]["ProjectionType"])
        for one in table.get("GlobalSecondaryIndexes", [])
    }
    return {
        "keys": table["KeySchema"],
        "attributes": sorted((one["AttributeName"], one["AttributeType"]) for one in table["AttributeDefinitions"]),
        "indexes": indexes,
        "billing": table.get("BillingModeSummary", {}).get("BillingMode"),
        "encryption": table.get("SSEDescription", {}).get("SSEType"),
    }


def foreign(found, source, at):
    """Why a table that has the name of a restored one is not the one that is meant, or None."""
    summary = found.get("RestoreSummary")
    if summary is None:
        return "it was not restored from anything"
    if not summary["SourceTableArn"].endswith(f":table/{source}"):
        return f"it was restored from {summary['SourceTableArn'].rsplit('/', 1)[1]}"
    if told(summary["RestoreDateTime"]) != at:
        return f"it was restored to {written(told(summary['RestoreDateTime']))}"
    return None


def is_there(found):
    """Whether a table that is being restored is there: until then it cannot be read."""
    indexes = found.get("GlobalSecondaryIndexes", [])
    is_active = found["TableStatus"] == "ACTIVE" and all(one["IndexStatus"] == "ACTIVE" for one in indexes)
    return is_active and not found.get("RestoreSummary", {}).get("RestoreInProgress")


def differences(table, source):
    """What of a restored table is not as it is of its source."""
    wanted, found = shape(source), shape(table)
    return [f"{what} are {found[what]}, and were {wanted[what]}" for what in wanted if found[what] != wanted[what]]


def lacking(aws, name, values):
    """What a restored table has not got of what Terraform says of it: a restore carries over no stream, no time
    to live, no recovery and no protection."""
    table = described(aws, name)
    if table is None:
        return ["it is not there"]
    stream = table.get("StreamSpecification", {})
    answer = aws.call("dynamodb", "describe-time-to-live", "--table-name", name)["TimeToLiveDescription"]
    expires = answer.get("AttributeName") if answer["TimeToLiveStatus"] in ("ENABLED", "ENABLING") else None
    found = {
        "stream": stream.get("StreamViewType") if stream.get("StreamEnabled") else None,
        "time to live": expires,
        "recovery": window(aws, name) is not None,
        "deletion protection": table.get("DeletionProtectionEnabled", False),
    }
    wanted = {
        "stream": values["stream_view_type"] if values["stream_enabled"] else None,
        "time to live": next((one["attribute_name"] for one in values["ttl"] if one["enabled"]), None),
        "recovery": enabled(values["point_in_time_recovery"]),
        "deletion protection": values["deletion_protection_enabled"] or False,
    }
    return [f"{what} is {found[what]}, and must be {wanted[what]}" for what in wanted if found[what] != wanted[what]]
