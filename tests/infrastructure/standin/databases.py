"""The tables of the stand-in for AWS, and how DynamoDB restores one: in a file that the stand-in for the provider keeps too."""

import json
import os
import pathlib
import sys

# Within these two every table can be restored; a clock would make a test depend on the day.
EARLIEST, LATEST = "2026-11-01T00:00:00+00:00", "2026-11-29T12:00:00+00:00"
# What a restore does not carry over ("Amazon DynamoDB API Reference, RestoreTableToPointInTime").
LEFT_BEHIND = {
    "stream_enabled": False,
    "stream_view_type": "",
    "stream_arn": "",
    "stream_label": "",
    "ttl": [],
    "point_in_time_recovery": [],
    "deletion_protection_enabled": False,
    "tags": None,
    "tags_all": {},
}
# After so many looks a table is restored.
LOOKS = 2


class Tables:
    def __init__(self):
        self.file = pathlib.Path(os.environ["STAND_IN_TABLES"])
        self.all = json.loads(self.file.read_text()) if self.file.exists() else {}

    def save(self):
        self.file.write_text(json.dumps(self.all))

    def named(self, name):
        if name not in self.all:
            sys.exit(f"An error occurred (ResourceNotFoundException): Requested resource not found: Table: {name}")
        return self.all[name]


def answer(call, given, note):
    tables = Tables()
    name = given.get("TableName") or given["SourceTableName"]
    table = tables.named(name)
    if call == "describe-table":
        return {"Table": described(tables, name, table)}
    if call == "describe-continuous-backups":
        return {"ContinuousBackupsDescription": recovery(table["attributes"])}
    if call == "describe-time-to-live":
        ttl = [one for one in table["attributes"]["ttl"] if one["enabled"]]
        said = {"TimeToLiveStatus": "ENABLED", "AttributeName": ttl[0]["attribute_name"]} if ttl else {"TimeToLiveStatus": "DISABLED"}
        return {"TimeToLiveDescription": said}
    if call == "scan":
        return {"Count": 7, "ScannedCount": 7}
    if call == "restore-table-to-point-in-time":
        return restored(tables, given, note)
    sys.exit(f"aws: the stand-in does not know dynamodb {call}")


def recovery(attributes):
    if not any(one["enabled"] for one in attributes["point_in_time_recovery"]):
        return {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"}}
    window = {"EarliestRestorableDateTime": EARLIEST, "LatestRestorableDateTime": LATEST}
    return {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED", **window}}


def restored(tables, given, note):
    source, target = tables.named(given["SourceTableName"])["attributes"], given["TargetTableName"]
    if target in tables.all:
        sys.exit(f"An error occurred (TableAlreadyExistsException): Table already exists: {target}")
    if target in note("refused"):
        sys.exit("An error occurred (LimitExceededException): Too many restores at once")
    arn = source["arn"].rsplit("/", 1)[0] + "/" + target
    attributes = {**source, **LEFT_BEHIND, "name": target, "id": target, "arn": arn}
    if target in note("damaged"):
        attributes["global_secondary_index"] = []
    summary = {"SourceTableArn": source["arn"], "RestoreDateTime": given["RestoreDateTime"]}
    tables.all[target] = {"attributes": attributes, "restored": summary, "looks": 0}
    tables.save()
    return {"TableDescription": {"TableName": target}}


def described(tables, name, table):
    """As DynamoDB tells it. Each look brings a restore further."""
    summary, is_there = table.get("restored"), True
    if summary:
        table["looks"] += 1
        tables.save()
        is_there = table["looks"] > LOOKS
        summary = {**summary, "RestoreInProgress": not is_there}
    attributes = table["attributes"]
    keys = [("HASH", attributes["hash_key"]), ("RANGE", attributes["range_key"])]
    indexes = [
        {
            "IndexName": one["name"],
            "KeySchema": [{"AttributeName": key["attribute_name"], "KeyType": key["key_type"]} for key in one["key_schema"]],
            "Projection": {"ProjectionType": one["projection_type"]},
            "IndexStatus": "ACTIVE" if is_there else "CREATING",
        }
        for one in attributes["global_secondary_index"]
    ]
    said = {
        "TableName": name,
        "TableArn": attributes["arn"],
        "TableStatus": "ACTIVE" if is_there else "CREATING",
        "ItemCount": 3,
        "KeySchema": [{"AttributeName": attribute, "KeyType": kind} for kind, attribute in keys if attribute],
        "AttributeDefinitions": [{"AttributeName": one["name"], "AttributeType": one["type"]} for one in attributes["attribute"]],
        "GlobalSecondaryIndexes": indexes,
        "BillingModeSummary": {"BillingMode": attributes["billing_mode"]},
        "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS"},
        "DeletionProtectionEnabled": attributes["deletion_protection_enabled"] or False,
        **({"RestoreSummary": summary} if summary else {}),
    }
    if attributes["stream_enabled"]:
        said["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": attributes["stream_view_type"]}
    return said
